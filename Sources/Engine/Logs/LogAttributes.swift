import Linux
import OCI

/// What log options `labels`, `labels-regex`, `env` and `env-regex` add to each record.
struct LogAttributes {
    /// By name.
    private(set) var values: [String: String] = [:]

    /// - Parameter rename: What becomes of a name: the journal takes few characters.
    init(_ spec: StoredSpec, rename: (String) -> String = { $0 }) throws(EngineError) {
        let options = spec.host.logConfig.options
        var variables: [String: String] = [:]
        for entry in spec.config.environment {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        // Of two with one name, the later one holds, as in Docker.
        for (names, pattern, pairs) in [
            ("labels", "labels-regex", spec.config.labels), ("env", "env-regex", variables),
        ] {
            for name in (options[names] ?? "").split(separator: ",").map(String.init) {
                if let value = pairs[name] { values[rename(name)] = value }
            }
            guard let text = options[pattern], !text.isEmpty else { continue }
            let expression = try LogPattern(text, of: pattern)
            for (name, value) in pairs where expression.matches(name) { values[rename(name)] = value }
        }
    }

    mutating func add(_ name: String, _ value: String) { values[name] = value }

    /// As a member of a JSON record; empty for nothing.
    var json: String { values.isEmpty ? "" : JSON(values).text() }

    /// `name=value,…`; see ``LogDetails``.
    var text: String { String(decoding: LogDetails.text(values), as: UTF8.self) }

    /// As names of the journal's fields: capital letters, digits and underscores, which are not first.
    static func journalName(_ name: String) -> String {
        let mapped = name.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: mapped.drop { $0 == UInt8(ascii: "_") }, as: UTF8.self)
    }
}

/// What `logs --details` shows before each record: `name=value,…` sorted by name, both escaped as in a URL's query, as Docker's.
enum LogDetails {
    static func text(_ values: [String: String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            append(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            append(value, to: &bytes)
        }
        return bytes
    }

    /// As Go's url.QueryEscape.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                bytes.append(byte)
            case UInt8(ascii: " "): bytes.append(UInt8(ascii: "+"))
            default:
                bytes.append(UInt8(ascii: "%"))
                for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 48 + digit : 55 + digit) }
            }
        }
    }
}

/// A pattern of names as Go's regexp has them, as far as POSIX extended expressions can say the same.
struct LogPattern {
    private let expression: RegularExpression

    init(_ text: String, of option: String) throws(EngineError) {
        var pattern = text[...]
        let ignoresCase = pattern.hasPrefix("(?i)")
        if ignoresCase { pattern = pattern.dropFirst(4) }
        do throws(RegularExpression.Fault) {
            expression = try RegularExpression(Self.extended(pattern), ignoresCase: ignoresCase)
        } catch {
            throw EngineError(
                .invalidArgument, "invalid value for \(option): error parsing regexp: \(error.reason): `\(text)`",
                hint: "A regular expression of names, as in ^com\\.example\\.")
        }
    }

    func matches(_ name: String) -> Bool { expression.matches(name) }

    /// `\d` and its kin, and groups that are only groups, are written otherwise.
    private static func extended(_ pattern: Substring) -> String {
        let classes: [Character: String] = ["d": "0-9", "w": "A-Za-z0-9_", "s": " \t\n\r"]
        var result = ""
        var isInBrackets = false
        var rest = pattern
        while let first = rest.popFirst() {
            if first == "\\", let next = rest.popFirst() {
                if let members = classes[next] {
                    result += isInBrackets ? members : "[\(members)]"
                } else if let members = classes[Character(next.lowercased())], !isInBrackets {
                    result += "[^\(members)]"
                } else {
                    result += isInBrackets ? "\(next)" : "\\\(next)"
                }
                continue
            }
            if first == "[" { isInBrackets = true } else if first == "]" { isInBrackets = false }
            result.append(first)
            if first == "(", !isInBrackets, rest.hasPrefix("?:") { rest = rest.dropFirst(2) }
        }
        return result
    }
}
