/// A piece of a template.
struct Token {
    enum Kind: Equatable {
        case text, leftDelimiter, rightDelimiter, space, identifier, field, variable, dot, number, string, rawString
        case character, pipe, declare, assign, comma, leftParenthesis, rightParenthesis, end
        case error
    }

    let kind: Kind
    /// As it was written; for an error its message.
    let text: String
    /// In bytes from the start.
    let offset: Int
    /// From 1.
    let line: Int
}

/// Splits a template into tokens, as the lexer of Go's text/template/parse does. It ends with `.end` or `.error`.
struct TemplateLexer {
    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1
    private var parentheses = 0
    private(set) var tokens: [Token] = []

    static func tokens(of bytes: [UInt8]) -> [Token] {
        var lexer = TemplateLexer(bytes: bytes)
        lexer.run()
        return lexer.tokens
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private struct Mark {
        let first: UInt8
        let second: UInt8

        static let open = Mark(first: UInt8(ascii: "{"), second: UInt8(ascii: "{"))
        static let close = Mark(first: UInt8(ascii: "}"), second: UInt8(ascii: "}"))
        static let openComment = Mark(first: UInt8(ascii: "/"), second: UInt8(ascii: "*"))
        static let closeComment = Mark(first: UInt8(ascii: "*"), second: UInt8(ascii: "/"))
    }

    private struct Failure: Error { let message: String }

    private mutating func run() {
        do {
            while offset < bytes.count {
                text()
                guard offset < bytes.count else { break }
                if try comment() { continue }
                try action()
            }
            emit(.end, from: offset)
        } catch {
            let message = (error as? Failure)?.message ?? "cannot be read"
            tokens.append(Token(kind: .error, text: message, offset: offset, line: line))
        }
    }

    // MARK: Text

    /// Text up to the next action, without the space that `{{- ` takes away.
    private mutating func text() {
        let start = offset
        let end = position(of: .open, from: start) ?? bytes.count
        var stop = end
        if end < bytes.count, hasTrimMarker(at: end + 2) {
            while stop > start, Self.isSpace(bytes[stop - 1]) { stop -= 1 }
        }
        if stop > start { emit(.text, from: start, to: stop) }
        line += bytes[stop..<end].count { $0 == 0x0A }
        offset = end
    }

    /// `{{-` followed by space.
    private func hasTrimMarker(at place: Int) -> Bool {
        place + 1 < bytes.count && bytes[place] == UInt8(ascii: "-") && Self.isSpace(bytes[place + 1])
    }

    /// ` -}}`, with the space that goes before it.
    private func hasRightTrimMarker(at place: Int) -> Bool {
        place + 1 < bytes.count && Self.isSpace(bytes[place]) && bytes[place + 1] == UInt8(ascii: "-")
            && starts(with: .close, at: place + 2)
    }

    private mutating func trimFollowingSpace() {
        while offset < bytes.count, Self.isSpace(bytes[offset]) {
            if bytes[offset] == 0x0A { line += 1 }
            offset += 1
        }
    }

    /// Steps over `{{/* … */}}`, where one stands here.
    private mutating func comment() throws -> Bool {
        let isTrimmed = hasTrimMarker(at: offset + 2)
        let start = offset + 2 + (isTrimmed ? 2 : 0)
        guard starts(with: .openComment, at: start) else { return false }
        guard let close = position(of: .closeComment, from: start + 2) else { throw Failure(message: "unclosed comment") }
        let after = close + 2
        line += bytes[offset..<after].count { $0 == 0x0A }
        if hasRightTrimMarker(at: after) {
            offset = after + 4
            trimFollowingSpace()
        } else if starts(with: .close, at: after) {
            offset = after + 2
        } else {
            throw Failure(message: "comment ends before closing delimiter")
        }
        return true
    }

    // MARK: Actions

    private mutating func action() throws {
        emit(.leftDelimiter, from: offset, to: offset + 2)
        if hasTrimMarker(at: offset) { offset += 2 }
        parentheses = 0
        while true {
            if hasRightTrimMarker(at: offset) {
                try closeParentheses()
                emit(.rightDelimiter, from: offset + 2, to: offset + 4)
                trimFollowingSpace()
                return
            }
            if starts(with: .close, at: offset) {
                try closeParentheses()
                emit(.rightDelimiter, from: offset, to: offset + 2)
                return
            }
            try insideAction()
        }
    }

    private func closeParentheses() throws {
        guard parentheses == 0 else { throw Failure(message: "unclosed left paren") }
    }

    private mutating func insideAction() throws {
        guard offset < bytes.count else { throw Failure(message: "unclosed action") }
        let byte = bytes[offset]
        let next = offset + 1 < bytes.count ? bytes[offset + 1] : 0
        switch byte {
        case _ where Self.isSpace(byte): space()
        case UInt8(ascii: "="): single(.assign)
        case UInt8(ascii: ":"):
            guard next == UInt8(ascii: "=") else { throw Failure(message: "expected :=") }
            emit(.declare, from: offset, to: offset + 2)
        case UInt8(ascii: "|"): single(.pipe)
        case UInt8(ascii: ","): single(.comma)
        case UInt8(ascii: "\""): try quoted(by: byte, .string, "unterminated quoted string")
        case UInt8(ascii: "'"): try quoted(by: byte, .character, "unterminated character constant")
        case UInt8(ascii: "`"): try rawString()
        case UInt8(ascii: "$"): try name(.variable)
        case UInt8(ascii: "."):
            if next >= UInt8(ascii: "0") && next <= UInt8(ascii: "9") { try number() } else { try name(.field) }
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "("):
            parentheses += 1
            single(.leftParenthesis)
        case UInt8(ascii: ")"):
            guard parentheses > 0 else { throw Failure(message: "unexpected right paren") }
            parentheses -= 1
            single(.rightParenthesis)
        case _ where Self.isWord(byte): try name(.identifier)
        default: throw Failure(message: "unrecognized character in action: \(characterName(at: offset))")
        }
    }

    private mutating func single(_ kind: Token.Kind) { emit(kind, from: offset, to: offset + 1) }

    /// A run of space; that of ` -}}` is left to the end of the action.
    private mutating func space() {
        let start = offset
        var end = offset
        while end < bytes.count, Self.isSpace(bytes[end]), !hasRightTrimMarker(at: end) { end += 1 }
        emit(.space, from: start, to: end)
    }

    /// `$x`, `.x` or `x`; `.` alone is the dot.
    private mutating func name(_ kind: Token.Kind) throws {
        let start = offset
        var end = kind == .identifier ? start : start + 1
        while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
        guard isTerminated(at: end) else { throw Failure(message: "bad character \(characterName(at: end))") }
        emit(kind == .field && end == start + 1 ? .dot : kind, from: start, to: end)
    }

    private func isTerminated(at place: Int) -> Bool {
        guard place < bytes.count else { return true }
        return Self.isSpace(bytes[place]) || ".,|:)(".utf8.contains(bytes[place]) || starts(with: .close, at: place)
    }

    private mutating func number() throws {
        let start = offset
        var end = offset
        if bytes[end] == UInt8(ascii: "+") || bytes[end] == UInt8(ascii: "-") { end += 1 }
        // Everything that could belong to a number, signs behind an exponent included; the parser judges it.
        while end < bytes.count {
            let byte = bytes[end]
            let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            let afterExponent = end > start && "eEpP".utf8.contains(bytes[end - 1])
            guard Self.isWord(byte) || byte == UInt8(ascii: ".") || (isSign && afterExponent) else { break }
            end += 1
        }
        emit(.number, from: start, to: end)
    }

    private mutating func quoted(by quote: UInt8, _ kind: Token.Kind, _ message: String) throws {
        var end = offset + 1
        while end < bytes.count, bytes[end] != quote {
            guard bytes[end] != 0x0A else { throw Failure(message: message) }
            end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < bytes.count else { throw Failure(message: message) }
        emit(kind, from: offset, to: end + 1)
    }

    private mutating func rawString() throws {
        guard let end = bytes[(offset + 1)...].firstIndex(of: UInt8(ascii: "`")) else {
            throw Failure(message: "unterminated raw quoted string")
        }
        emit(.rawString, from: offset, to: end + 1)
    }

    // MARK: Bytes

    private mutating func emit(_ kind: Token.Kind, from start: Int, to end: Int? = nil) {
        let end = min(end ?? start, bytes.count)
        let text = bytes[start..<end]
        tokens.append(Token(kind: kind, text: String(decoding: text, as: UTF8.self), offset: start, line: line))
        line += text.count { $0 == 0x0A }
        offset = end
    }

    /// Every mark of the language has two bytes.
    private func starts(with mark: Mark, at place: Int) -> Bool {
        place + 1 < bytes.count && bytes[place] == mark.first && bytes[place + 1] == mark.second
    }

    private func position(of text: Mark, from start: Int) -> Int? {
        var place = start
        while place + 1 < bytes.count {
            if starts(with: text, at: place) { return place }
            place += 1
        }
        return nil
    }

    /// `U+0040 '@'`.
    private func characterName(at place: Int) -> String {
        guard place < bytes.count else { return "EOF" }
        let scalar = String(decoding: bytes[place..<min(place + 4, bytes.count)], as: UTF8.self).unicodeScalars.first ?? "?"
        return GoText.unicodeName(of: scalar)
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    /// Letters, digits and `_`; every byte of a letter beyond ASCII counts.
    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}
