import OCI

/// YAML 1.2 for people: maps and lists in blocks, every text in double quotes, as JSON has them, which YAML reads the same.
enum YAMLText {
    /// Ends in a line end.
    static func text(_ object: JSONObject) -> String { lines(object).map { $0 + "\n" }.joined() }

    private static func lines(_ object: JSONObject) -> [String] {
        object.members.flatMap { member in under("\(key(member.name)):", member.value) }
    }

    /// A value behind its key, on the same line where it fits there.
    private static func under(_ head: String, _ value: JSON) -> [String] {
        switch value {
        case .object(let object) where !object.isEmpty: [head] + lines(object).map { "  " + $0 }
        case .array(let elements) where !elements.isEmpty: [head] + elements.flatMap(element).map { "  " + $0 }
        default: ["\(head) \(value.text())"]
        }
    }

    private static func element(_ value: JSON) -> [String] {
        guard case .object(let object) = value, !object.isEmpty else { return ["- \(value.text())"] }
        return lines(object).enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
    }

    /// A plain word as it is; `on`, `no` and their kin, which YAML 1.1 takes for truth values, in quotes as all else.
    private static func key(_ name: String) -> String {
        let isPlain = name.utf8.first.map { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") } ?? false
        let isWord = name.utf8.allSatisfy { ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) || $0 == UInt8(ascii: "_") }
        let isTruth = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(name)
        return isPlain && isWord && !isTruth ? name : JSON.string(name).text()
    }
}
