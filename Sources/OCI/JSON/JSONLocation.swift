/// A place in a JSON text.
public struct JSONLocation: Hashable, Sendable {
    /// In bytes from the start, from 0.
    public let offset: Int
    /// From 1; the column counts bytes.
    public let line: Int
    public let column: Int

    public static let start = JSONLocation(offset: 0, line: 1, column: 1)
}

extension JSONError {
    public var location: JSONLocation { JSONLocation(offset: offset, line: line, column: column) }
}

/// One step from a value to one that it holds.
public enum JSONStep: Hashable, Sendable {
    case member(String)
    case element(Int)
}

extension JSON {
    /// Where the value begins that `steps` lead to; nil where there is none, or where the text is no JSON.
    ///
    /// The text is read anew: values carry no places, as hardly anybody asks for them.
    ///
    /// - Parameter ofName: Whether the name is meant, not the value, where the last step is a member.
    public static func location(
        of steps: [JSONStep], ofName: Bool = false, in bytes: [UInt8], limits: JSONLimits = .strict
    ) -> JSONLocation? {
        var parser = JSONParser(bytes: bytes, limits: limits)
        guard let offset = try? parser.find(steps[...], ofName: ofName) else { return nil }
        return parser.location(of: offset)
    }
}

extension JSONParser {
    func location(of place: Int) -> JSONLocation {
        let place = min(place, bytes.count)
        let before = bytes[..<place]
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return JSONLocation(offset: place, line: line, column: place - lineStart + 1)
    }

    fileprivate mutating func find(_ steps: ArraySlice<JSONStep>, ofName: Bool) throws(JSONError) -> Int? {
        try skipSpace()
        switch steps.first {
        case nil: return offset
        case .member(let name): return try findMember(name, steps.dropFirst(), ofName: ofName)
        case .element(let index): return try findElement(index, steps.dropFirst(), ofName: ofName)
        }
    }

    private mutating func findMember(
        _ name: String, _ rest: ArraySlice<JSONStep>, ofName: Bool
    ) throws(JSONError) -> Int? {
        guard current == UInt8(ascii: "{") else { return nil }
        offset += 1
        var isFirst = true
        while try !closes(with: UInt8(ascii: "}"), isFirst: isFirst) {
            isFirst = false
            guard current == UInt8(ascii: "\"") else { throw error("expected a member's name") }
            let start = offset
            let found = try string().hasBytes(of: name)
            try skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("expected ':'") }
            offset += 1
            try skipSpace()
            if found { return ofName && rest.isEmpty ? start : try find(rest, ofName: ofName) }
            _ = try value()
        }
        return nil
    }

    private mutating func findElement(
        _ index: Int, _ rest: ArraySlice<JSONStep>, ofName: Bool
    ) throws(JSONError) -> Int? {
        guard current == UInt8(ascii: "[") else { return nil }
        offset += 1
        var count = 0
        while try !closes(with: UInt8(ascii: "]"), isFirst: count == 0) {
            if count == index { return try find(rest, ofName: ofName) }
            _ = try value()
            count += 1
        }
        return nil
    }
}
