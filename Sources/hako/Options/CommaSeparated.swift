/// A line of comma-separated values, as `--mount` takes it: a field in quotes may hold commas, and two quotes stand for one
/// (RFC 4180).
enum CommaSeparated {
    /// Nil where quotes don't match up.
    static func fields(_ line: String) -> [String]? {
        var fields: [String] = []
        var rest = Array(line.utf8)[...]
        while true {
            guard let (field, tail) = rest.first == quote ? quoted(rest.dropFirst()) : plain(rest) else { return nil }
            fields.append(String(decoding: field, as: UTF8.self))
            guard let next = tail.first else { return fields }
            guard next == comma else { return nil }
            rest = tail.dropFirst()
        }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")

    private static func plain(_ text: ArraySlice<UInt8>) -> (field: [UInt8], rest: ArraySlice<UInt8>)? {
        let field = text.prefix { $0 != comma }
        return field.contains(quote) ? nil : (Array(field), text.dropFirst(field.count))
    }

    private static func quoted(_ text: ArraySlice<UInt8>) -> (field: [UInt8], rest: ArraySlice<UInt8>)? {
        var field: [UInt8] = []
        var rest = text
        while let end = rest.firstIndex(of: quote) {
            field += rest[..<end]
            rest = rest[(end + 1)...]
            guard rest.first == quote else { return (field, rest) }
            field.append(quote)
            rest = rest.dropFirst()
        }
        return nil
    }
}
