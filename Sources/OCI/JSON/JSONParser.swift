/// Why a text is no JSON that Hako accepts, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    /// In bytes from the start, from 0.
    public let offset: Int
    /// From 1; the column counts bytes.
    public let line: Int
    public let column: Int

    public var description: String { "\(reason) at line \(line), column \(column)" }
}

/// What a parser takes. The defaults fit what a stranger wrote (RFC 8259, with limits).
public struct JSONLimits: Sendable {
    /// How deep arrays and objects may nest: the parser recurses, and a stack has an end.
    public var depth: Int
    /// `// …`, `/* … */` and a comma after the last element, for files that people write.
    public var allowsComments: Bool

    public init(depth: Int = 128, allowsComments: Bool = false) {
        self.depth = depth
        self.allowsComments = allowsComments
    }

    public static let strict = JSONLimits()
    public static let commented = JSONLimits(allowsComments: true)
}

extension JSON {
    /// Parses one JSON text, which must be all of `bytes`.
    ///
    /// Two members of the same name are an error: readers that take different ones would see different documents
    /// (CVE-2021-41190 and its kin). Bytes that are not UTF-8 become U+FFFD, as Go's decoder does.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .strict) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.document()
    }

    public init(parsing text: String, limits: JSONLimits = .strict) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }
}

struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var offset = 0
    var depth = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSON {
        try skipSpace()
        let value = try value()
        try skipSpace()
        guard offset == bytes.count else { throw error("unexpected text after the value") }
        return value
    }

    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func error(_ reason: String, at place: Int? = nil) -> JSONError {
        let location = location(of: place ?? offset)
        return JSONError(reason: reason, offset: location.offset, line: location.line, column: location.column)
    }

    mutating func value() throws(JSONError) -> JSON {
        guard let byte = current else { throw error("unexpected end") }
        switch byte {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("unexpected character")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSON
    ) throws(JSONError) -> JSON {
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.depth else { throw error("nested deeper than \(limits.depth)") }
        offset += 1
        return try body(&self)
    }

    private mutating func object() throws(JSONError) -> JSON {
        var members: [(name: String, value: JSON)] = []
        var names: Set<[UInt8]> = []
        while try !closes(with: UInt8(ascii: "}"), isFirst: members.isEmpty) {
            guard current == UInt8(ascii: "\"") else { throw error("expected a member's name") }
            let start = offset
            let name = try string()
            // A few names are compared in place; many, as an attacker would send, go into a set.
            let isRepeated =
                members.count < 16
                ? members.contains { $0.name.hasBytes(of: name) } : names.contains(Array(name.utf8))
            guard !isRepeated else { throw error("repeated member \"\(name)\"", at: start) }
            if members.count == 15 { names = Set(members.map { Array($0.name.utf8) }) }
            if members.count >= 15 { names.insert(Array(name.utf8)) }
            try skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("expected ':'") }
            offset += 1
            try skipSpace()
            members.append((name, try value()))
        }
        return .object(JSONObject(unique: members))
    }

    private mutating func array() throws(JSONError) -> JSON {
        var elements: [JSON] = []
        while try !closes(with: UInt8(ascii: "]"), isFirst: elements.isEmpty) { elements.append(try value()) }
        return .array(elements)
    }

    /// Steps over the comma between two elements, or over the bracket at the end (true).
    mutating func closes(with bracket: UInt8, isFirst: Bool) throws(JSONError) -> Bool {
        try skipSpace()
        if current == bracket {
            offset += 1
            return true
        }
        if isFirst { return false }
        guard current == UInt8(ascii: ",") else {
            throw error(current == nil ? "unexpected end" : "expected ',' or '\(UnicodeScalar(bracket))'")
        }
        offset += 1
        try skipSpace()
        if limits.allowsComments, current == bracket {
            offset += 1
            return true
        }
        return false
    }

    private mutating func literal(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let text = Array("\(word)".utf8)
        guard bytes.count - offset >= text.count, bytes[offset..<offset + text.count].elementsEqual(text) else {
            throw error("unexpected character")
        }
        offset += text.count
        return value
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = offset
        if current == UInt8(ascii: "-") { offset += 1 }
        if current == UInt8(ascii: "0") { offset += 1 } else { try digits() }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        return .number(text)
    }

    private mutating func digits() throws(JSONError) {
        let start = offset
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        guard offset > start else { throw error("expected a digit") }
    }

    mutating func skipSpace() throws(JSONError) {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            case UInt8(ascii: "/") where limits.allowsComments: try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(JSONError) {
        let start = offset
        let second = offset + 1 < bytes.count ? bytes[offset + 1] : 0
        switch second {
        case UInt8(ascii: "/"):
            while let byte = current, byte != UInt8(ascii: "\n") { offset += 1 }
        case UInt8(ascii: "*"):
            offset += 2
            while offset + 1 < bytes.count,
                !(bytes[offset] == UInt8(ascii: "*") && bytes[offset + 1] == UInt8(ascii: "/"))
            { offset += 1 }
            guard offset + 1 < bytes.count else { throw error("comment without end", at: start) }
            offset += 2
        default: throw error("unexpected character")
        }
    }
}
