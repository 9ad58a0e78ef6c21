/// Makes a tree from a template's tokens, with the errors of Go's text/template/parse.
struct TemplateParser {
    let name: String
    private let tokens: [Token]
    /// Offsets at which lines start, for the columns in errors.
    private let lineStarts: [Int]
    private var index = 0
    /// The line of the token that was looked at last; Go's errors name it.
    private var line = 1
    private var depth = 0
    private var rangeDepth = 0
    /// The variables that can be seen, the newest last.
    var variables = ["$"]
    private(set) var definitions: [String: SyntaxList] = [:]

    init(text: String, name: String) {
        let bytes = Array(text.utf8)
        self.name = name
        tokens = TemplateLexer.tokens(of: bytes)
        lineStarts = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    }

    // MARK: Tokens

    var current: Token {
        // The lexer's last token is an end or an error, and nothing steps over it.
        index < tokens.count ? tokens[index] : Token(kind: .end, text: "", offset: 0, line: line)
    }

    mutating func advance() -> Token {
        let token = current
        line = token.line
        if token.kind != .end, token.kind != .error { index += 1 }
        return token
    }

    mutating func skipSpace() { while current.kind == .space { _ = advance() } }

    mutating func advanceOverSpace() -> Token {
        skipSpace()
        return advance()
    }

    /// The next token that isn't space, and the one after it, left in place.
    func peek(_ count: Int) -> Token.Kind {
        var rest = tokens[min(index, tokens.count)...].lazy.filter { $0.kind != .space }.makeIterator()
        var kind = Token.Kind.end
        for _ in 0..<count { kind = rest.next()?.kind ?? .end }
        return kind
    }

    func place(of token: Token) -> SourcePlace {
        var (low, high) = (0, lineStarts.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= token.offset { low = middle } else { high = middle }
        }
        return SourcePlace(line: low + 1, column: token.offset - lineStarts[low])
    }

    func error(_ message: String) -> TemplateError {
        TemplateError(description: "template: \(name):\(line): \(message)")
    }

    func unexpected(_ token: Token, in context: String) -> TemplateError {
        switch token.kind {
        case .error: error(token.text)
        case .end: error("unexpected EOF")
        default:
            error("unexpected \(token.kind == .identifier && Self.keywords.contains(token.text) ? "<\(token.text)>" : shown(token.text)) in \(context)")
        }
    }

    private func shown(_ text: String) -> String {
        let cut = text.unicodeScalars.prefix(10)
        return cut.count < text.unicodeScalars.count
            ? GoText.quoted(String(String.UnicodeScalarView(cut))) + "..." : GoText.quoted(text)
    }

    static let keywords: Set<String> = [
        "block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with",
    ]

    /// Runs `body` one level deeper: a stack has an end.
    mutating func nested<Result>(
        _ body: (inout TemplateParser) throws(TemplateError) -> Result
    ) throws(TemplateError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TemplateLimits.nesting else { throw error("nested deeper than \(TemplateLimits.nesting)") }
        return try body(&self)
    }

    // MARK: Structure

    mutating func parse() throws(TemplateError) -> SyntaxList {
        let (list, end) = try list(in: "template")
        switch end {
        case .end: return list
        case .finish: throw error("unexpected {{end}}")
        case .otherwise: throw error("unexpected {{else}}")
        }
    }

    /// What a list of nodes ended with.
    private enum ListEnd { case end, finish, otherwise }

    private mutating func list(in context: String) throws(TemplateError) -> (SyntaxList, ListEnd) {
        var nodes: SyntaxList = []
        while true {
            let token = advance()
            switch token.kind {
            case .end: return (nodes, .end)
            case .text: nodes.append(.text(token.text))
            case .leftDelimiter:
                skipSpace()
                let word = current.kind == .identifier ? current.text : ""
                if word == "end" || word == "else" {
                    _ = advance()
                    if word == "else" { return (nodes, .otherwise) }
                    try close("end")
                    return (nodes, .finish)
                }
                if let node = try action(word) { nodes.append(node) }
            default: throw unexpected(token, in: context)
            }
        }
    }

    private mutating func close(_ context: String) throws(TemplateError) {
        let token = advanceOverSpace()
        guard token.kind == .rightDelimiter else { throw unexpected(token, in: context) }
    }

    private mutating func action(_ word: String) throws(TemplateError) -> SyntaxNode? {
        switch word {
        case "if": return .condition(try branch("if"))
        case "with": return .with(try branch("with"))
        case "range": return .range(try branch("range"))
        case "break", "continue":
            _ = advance()
            guard rangeDepth > 0 else { throw error("{{\(word)}} outside {{range}}") }
            try close("{{\(word)}}")
            return word == "break" ? .leave : .next
        case "define":
            try define()
            return nil
        case "template": return .call(try call("template"))
        case "block": return .call(try block())
        default:
            let start = place(of: current)
            return .action(try pipeline(in: "command", endingWith: .rightDelimiter, from: start))
        }
    }

    private mutating func branch(_ keyword: String) throws(TemplateError) -> Branch {
        let visible = variables.count
        defer { variables.removeLast(variables.count - visible) }
        return try nested { parser throws(TemplateError) in
            _ = parser.advance()
            parser.skipSpace()
            let pipeline = try parser.pipeline(
                in: keyword, endingWith: .rightDelimiter, from: parser.place(of: parser.current))
            if keyword == "range" { parser.rangeDepth += 1 }
            let (body, end) = try parser.list(in: keyword)
            if keyword == "range" { parser.rangeDepth -= 1 }
            switch end {
            case .end: throw parser.error("unexpected EOF")
            case .finish: return Branch(pipeline: pipeline, body: body, otherwise: nil)
            case .otherwise:
                return Branch(pipeline: pipeline, body: body, otherwise: try parser.otherwise(of: keyword))
            }
        }
    }

    /// What follows `{{else`: `}}` and a list, or another `if` or `with` that shares the `{{end}}`.
    private mutating func otherwise(of keyword: String) throws(TemplateError) -> SyntaxList {
        skipSpace()
        if current.kind == .identifier, current.text == keyword, keyword != "range" {
            return keyword == "if" ? [.condition(try branch(keyword))] : [.with(try branch(keyword))]
        }
        try close("else")
        let (list, end) = try list(in: "else")
        switch end {
        case .finish: return list
        case .end: throw error("unexpected EOF")
        case .otherwise: throw error("expected end; found {{else}}")
        }
    }

    private mutating func define() throws(TemplateError) {
        _ = advance()
        let name = try templateName("define clause")
        try close("define clause")
        try definition(of: name, "define")
    }

    private mutating func definition(of name: String, _ context: String) throws(TemplateError) {
        let (outer, outerRange) = (variables, rangeDepth)
        variables = ["$"]
        rangeDepth = 0
        let (body, end) = try nested { parser throws(TemplateError) in try parser.list(in: context) }
        guard end == .finish else {
            throw end == .end ? error("unexpected EOF") : error("unexpected {{else}} in \(context)")
        }
        guard definitions[name] == nil else {
            throw TemplateError(description: "template: multiple definition of template \(GoText.quoted(name))")
        }
        definitions[name] = body
        (variables, rangeDepth) = (outer, outerRange)
    }

    private mutating func call(_ context: String) throws(TemplateError) -> TemplateCall {
        let start = place(of: advance())
        let name = try templateName("\(context) clause")
        skipSpace()
        if current.kind == .rightDelimiter, context == "template" {
            _ = advance()
            return TemplateCall(place: start, name: name, pipeline: nil)
        }
        let pipeline = try pipeline(
            in: "\(context) clause", endingWith: .rightDelimiter, from: place(of: current))
        return TemplateCall(place: start, name: name, pipeline: pipeline)
    }

    /// `{{block "x" .}}…{{end}}`: a definition and a call in one.
    private mutating func block() throws(TemplateError) -> TemplateCall {
        let call = try call("block")
        try definition(of: call.name, "block")
        return call
    }

    private mutating func templateName(_ context: String) throws(TemplateError) -> String {
        let token = advanceOverSpace()
        guard token.kind == .string || token.kind == .rawString else { throw unexpected(token, in: context) }
        return try unquoted(token)
    }
}
