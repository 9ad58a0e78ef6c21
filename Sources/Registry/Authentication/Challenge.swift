/// What a registry asks for with 401: `WWW-Authenticate` (RFC 9110, section 11.6.1).
enum Challenge: Hashable, Sendable {
    case basic
    /// Distribution spec, "token authentication": a token from `realm` for `service` and `scope`.
    case bearer(realm: String, service: String?, scope: String?)

    /// All that are understood in the header fields of one answer, in their order.
    static func all(in fields: [String]) -> [Challenge] { fields.flatMap { parse($0) } }

    private static func parse(_ field: String) -> [Challenge] {
        var scanner = ChallengeScanner(bytes: Array(field.utf8.prefix(16 << 10)))
        var challenges: [Challenge] = []
        while let scheme = scanner.scheme() {
            let parameters = scanner.parameters()
            switch scheme.lowercased() {
            case "basic": challenges.append(.basic)
            case "bearer":
                guard let realm = parameters["realm"] else { continue }
                challenges.append(.bearer(realm: realm, service: parameters["service"], scope: parameters["scope"]))
            default: continue
            }
        }
        return challenges
    }
}

/// Several challenges may share one field, divided by the comma that also divides their parameters: what follows a
/// comma is a parameter if an equals sign comes after its name, else the next scheme.
private struct ChallengeScanner {
    let bytes: [UInt8]
    var position = 0

    mutating func scheme() -> String? {
        skip { $0 == UInt8(ascii: ",") || Self.isSpace($0) }
        let name = token()
        return name.isEmpty ? nil : name
    }

    /// Names in lower case; the first of two with one name holds.
    mutating func parameters() -> [String: String] {
        var parameters: [String: String] = [:]
        while true {
            let start = position
            skip { $0 == UInt8(ascii: ",") || Self.isSpace($0) }
            let name = token().lowercased()
            skip(Self.isSpace)
            guard !name.isEmpty, current == UInt8(ascii: "=") else {
                position = start
                // A byte that is neither: leave nothing that would be read again and again.
                if name.isEmpty, position < bytes.count { position = bytes.count }
                return parameters
            }
            position += 1
            skip(Self.isSpace)
            let value = current == UInt8(ascii: "\"") ? quoted() : token()
            if parameters[name] == nil { parameters[name] = value }
        }
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while let byte = current, isSkipped(byte) { position += 1 }
    }

    private mutating func token() -> String {
        let start = position
        skip { !Self.isSpace($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\"") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func quoted() -> String {
        var value: [UInt8] = []
        position += 1
        while let byte = current {
            position += 1
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\"), let escaped = current {
                value.append(escaped)
                position += 1
            } else {
                value.append(byte)
            }
        }
        return String(decoding: value, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
