extension TemplateParser {
    /// A pipeline up to the token that ends it, which is stepped over.
    mutating func pipeline(
        in context: String, endingWith end: Token.Kind, from start: SourcePlace
    ) throws(TemplateError) -> Pipeline {
        let (names, isAssignment) = try declarations(in: context)
        var commands: [CommandSyntax] = []
        while true {
            skipSpace()
            let token = current
            switch token.kind {
            case end:
                _ = advance()
                try check(commands, in: context)
                // Only now, as `$x := $x` speaks of the outer one.
                if !isAssignment { variables.append(contentsOf: names) }
                return Pipeline(place: start, variables: names, isAssignment: isAssignment, commands: commands)
            case .string, .rawString, .character, .number, .dot, .field, .variable, .identifier, .leftParenthesis:
                commands.append(try command())
            default:
                _ = advance()
                throw unexpected(token, in: context)
            }
        }
    }

    private func check(_ commands: [CommandSyntax], in context: String) throws(TemplateError) {
        guard !commands.isEmpty else { throw error("missing value for \(context)") }
        for (stage, command) in commands.enumerated().dropFirst() {
            switch command.operands.first?.kind {
            case .constant, .dot, .null: throw error("non executable command in pipeline stage \(stage + 1)")
            default: break
            }
        }
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    private mutating func declarations(in context: String) throws(TemplateError) -> ([String], Bool) {
        skipSpace()
        guard current.kind == .variable else { return ([], false) }
        let (second, third, fourth) = (peek(2), peek(3), peek(4))
        let isPair = context == "range" && second == .comma && third == .variable && (fourth == .declare || fourth == .assign)
        guard second == .declare || second == .assign || isPair else {
            if second == .comma { throw error(context == "range" ? "range can only initialize variables" : "unexpected \",\" in \(context)") }
            return ([], false)
        }
        var names = [advance().text]
        if isPair {
            _ = advanceOverSpace()
            names.append(advanceOverSpace().text)
        }
        let isAssignment = advanceOverSpace().kind == .assign
        if isAssignment {
            for name in names where !variables.contains(name) { throw error("undefined variable \"\(name)\"") }
        }
        for name in names where name.utf8.contains(UInt8(ascii: ".")) { throw error("unexpected \(name) in \(context)") }
        return (names, isAssignment)
    }

    /// Operands with space between them, up to a `|` (stepped over) or what ends the pipeline (left in place).
    private mutating func command() throws(TemplateError) -> CommandSyntax {
        skipSpace()
        let start = place(of: current)
        var operands: [Operand] = []
        while true {
            skipSpace()
            if let operand = try operand() { operands.append(operand) }
            let token = current
            switch token.kind {
            case .space: continue
            case .rightDelimiter, .rightParenthesis: break
            case .pipe:
                _ = advance()
                // Go finds out about a pipe that leads nowhere here.
                let next = peek(1)
                if next == .rightDelimiter || next == .rightParenthesis { throw error("missing value for command") }
            default:
                _ = advance()
                throw unexpected(token, in: "operand")
            }
            guard !operands.isEmpty else { throw error("empty command") }
            return CommandSyntax(place: start, operands: operands)
        }
    }

    /// A term and the fields behind it: `.A.B`, `$x.A`, `(f x).A`.
    private mutating func operand() throws(TemplateError) -> Operand? {
        guard let term = try term() else { return nil }
        guard current.kind == .field else { return term }
        let start = place(of: current)
        var names: [String] = []
        while current.kind == .field { names.append(String(advance().text.dropFirst())) }
        switch term.kind {
        case .field(let first): return Operand(place: start, kind: .field(first + names))
        case .variable(let name, let first): return Operand(place: start, kind: .variable(name, first + names))
        case .constant, .null, .dot:
            throw error("unexpected . after term \(GoText.quoted(term.description))")
        default: return Operand(place: start, kind: .chain(term, names))
        }
    }

    private mutating func term() throws(TemplateError) -> Operand? {
        let token = current
        let start = place(of: token)
        func operand(_ kind: Operand.Kind) -> Operand { Operand(place: start, kind: kind) }
        switch token.kind {
        case .identifier:
            _ = advance()
            return operand(try word(token))
        case .dot:
            _ = advance()
            return operand(.dot)
        case .field:
            _ = advance()
            return operand(.field([String(token.text.dropFirst())]))
        case .variable:
            _ = advance()
            guard variables.contains(token.text) else { throw error("undefined variable \(GoText.quoted(token.text))") }
            return operand(.variable(token.text, []))
        case .string, .rawString:
            _ = advance()
            return operand(.constant(.string(try unquoted(token)), text: token.text))
        case .character, .number:
            _ = advance()
            return operand(.constant(try number(token), text: token.text))
        case .leftParenthesis:
            _ = advance()
            let inner = try nested { parser throws(TemplateError) in
                try parser.pipeline(
                    in: "parenthesized pipeline", endingWith: .rightParenthesis, from: parser.place(of: parser.current))
            }
            return operand(.pipeline(inner))
        default: return nil
        }
    }

    private func word(_ token: Token) throws(TemplateError) -> Operand.Kind {
        switch token.text {
        case "true": return .constant(.bool(true), text: "true")
        case "false": return .constant(.bool(false), text: "false")
        case "nil": return .null
        case let word where Self.keywords.contains(word): throw unexpected(token, in: "operand")
        case let word:
            guard TemplateFunctions.names.contains(word) else { throw error("function \(GoText.quoted(word)) not defined") }
            return .function(word)
        }
    }

    func unquoted(_ token: Token) throws(TemplateError) -> String {
        if token.kind == .rawString { return String(token.text.dropFirst().dropLast()) }
        guard let text = GoText.unquoted(token.text) else { throw error("invalid syntax") }
        return text
    }

    private func number(_ token: Token) throws(TemplateError) -> TemplateValue {
        if token.kind == .character {
            guard let text = GoText.unquoted(token.text), text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first
            else { throw error("malformed character constant: \(token.text)") }
            return .int(Int64(scalar.value))
        }
        guard let value = GoText.number(token.text) else { throw error("bad number syntax: \(GoText.quoted(token.text))") }
        return value
    }
}
