/// What stands behind a `$`.
extension ExpansionRun {
    mutating func substitution() throws(Failure) -> [UInt8] {
        index += 1
        guard next == .openBrace else {
            let name = self.name()
            guard !name.isEmpty else { return [.dollar] }
            return lookUp(name) ?? (expander.keepsUnset ? Array("$\(name)".utf8) : [])
        }
        index += 1
        guard let first = next else { throw Self.missingBrace }
        guard first != .openBrace, first != .closeBrace, first != .colon else {
            throw Failure(message: "syntax error: bad substitution")
        }
        let name = self.name()
        guard let modifier = next else { throw Self.missingBrace }
        index += 1
        switch modifier {
        case .closeBrace: return lookUp(name) ?? (expander.keepsUnset ? Array("${\(name)}".utf8) : [])
        case .colon:
            guard let second = next else { throw Self.missingBrace }
            let character = self.character()
            guard Self.defaults.contains(second) else { throw Self.unsupported(":" + character) }
            return try defaulted(name, by: second, emptyIsUnset: true)
        case .slash: return try replaced(name)
        case .hash, Self.percent: return try trimmed(name, by: modifier)
        case _ where Self.defaults.contains(modifier): return try defaulted(name, by: modifier, emptyIsUnset: false)
        default:
            index -= 1
            throw Self.unsupported(character())
        }
    }

    private static let percent = UInt8(ascii: "%")
    private static let defaults: [UInt8] = [.dash, UInt8(ascii: "+"), UInt8(ascii: "?")]
    private static let missingBrace = Failure(message: "syntax error: missing '}'")

    private static func unsupported(_ modifier: String) -> Failure {
        Failure(message: "unsupported modifier (\(modifier)) in substitution")
    }

    /// Passes one whole character.
    private mutating func character() -> String {
        let start = index
        index += 1
        while let byte = next, !byte.beginsCharacter { index += 1 }
        return String(source[start..<index])
    }

    /// A name, a number, or one of the shell's special parameters, which are always unset; empty for anything else.
    private mutating func name() -> String {
        let start = index
        guard let first = next else { return "" }
        if first.isDigit {
            while let byte = next, byte.isDigit { index += 1 }
        } else if first.isNamePart {
            while let byte = next, byte.isNamePart { index += 1 }
        } else if "@*#?-$!".utf8.contains(first) {
            index += 1
        }
        return String(source[start..<index])
    }

    /// Up to the closing `stop`. At the end of the word its absence is what is told, whatever else is wrong.
    private mutating func operand(
        until stop: UInt8, keepsEscapes: Bool, missing: Failure = Self.missingBrace
    ) throws(Failure) -> [UInt8] {
        do throws(Failure) {
            return try pieces(until: stop, keepsEscapes: keepsEscapes).text
        } catch { throw index == source.endIndex ? missing : error }
    }

    private mutating func defaulted(
        _ name: String, by modifier: UInt8, emptyIsUnset: Bool
    ) throws(Failure) -> [UInt8] {
        let word = try operand(until: .closeBrace, keepsEscapes: false)
        let value = lookUp(name, isGuarded: true)
        if value == nil, expander.keepsUnset {
            let sign = (emptyIsUnset ? ":" : "") + String(Character(Unicode.Scalar(modifier)))
            return Array("${\(name)\(sign)".utf8) + word + [.closeBrace]
        }
        let isMissing = value.map { emptyIsUnset && $0.isEmpty } ?? true
        switch modifier {
        case .dash: return isMissing ? word : value ?? []
        case UInt8(ascii: "+"): return isMissing ? [] : word
        default:
            guard isMissing else { return value ?? [] }
            let usual = "is not allowed to be \(value == nil ? "unset" : "empty")"
            throw Failure(message: "\(name): \(word.isEmpty ? usual : String(word[...]))")
        }
    }

    private mutating func trimmed(_ name: String, by modifier: UInt8) throws(Failure) -> [UInt8] {
        let word = try operand(until: .closeBrace, keepsEscapes: true)
        guard let value = lookUp(name) else {
            guard expander.keepsUnset else { return [] }
            return Array("${\(name)".utf8) + [modifier] + word + [.closeBrace]
        }
        let isLongest = word.first == modifier
        let pattern = try ShellPattern(String(isLongest ? word[1...] : word[...]))
        let text = Array(String(value[...]).unicodeScalars)
        if modifier == .hash {
            return Self.bytes(try pattern.withoutPrefix(text, longest: isLongest, steps: &patternSteps))
        }
        return Self.bytes(try pattern.withoutSuffix(text, longest: isLongest, steps: &patternSteps))
    }

    private mutating func replaced(_ name: String) throws(Failure) -> [UInt8] {
        let isEverywhere = next == .slash
        if isEverywhere { index += 1 }
        let missingSlash = Failure(message: "syntax error: missing '/' in ${}")
        let word = try operand(until: .slash, keepsEscapes: true, missing: missingSlash)
        let replacement = try operand(until: .closeBrace, keepsEscapes: true)
        guard let value = lookUp(name) else {
            guard expander.keepsUnset else { return [] }
            return Array("${\(name)/\(isEverywhere ? "/" : "")".utf8) + word + [.slash] + replacement + [.closeBrace]
        }
        let text = Array(String(value[...]).unicodeScalars)
        let pattern = try ShellPattern(String(word[...]))
        let ranges = try pattern.matches(in: text, everywhere: isEverywhere, steps: &patternSteps)
        var result: [UInt8] = []
        var end = 0
        for range in ranges {
            result += Self.bytes(text[end..<range.lowerBound]) + replacement
            end = range.upperBound
            try check(result.count)
        }
        return result + Self.bytes(text[end...])
    }

    private static func bytes(_ scalars: ArraySlice<Unicode.Scalar>) -> [UInt8] {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return Array(String(text).utf8)
    }
}
