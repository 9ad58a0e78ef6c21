import OCI

/// One `--device-cgroup-rule`: `c 1:3 rwm`, with `*` for every number, and `a` for devices of both kinds.
public struct DeviceCgroupRule: Sendable {
    let rule: RuntimeSpec.DeviceRule

    /// Nil for what is no such rule.
    public init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let kind = RuntimeSpec.DeviceRule.Kind(rawValue: parts[0]),
            (1...3).contains(parts[2].utf8.count), parts[2].utf8.allSatisfy({ "rwm".utf8.contains($0) })
        else { return nil }
        let numbers = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard numbers.count == 2, numbers.allSatisfy({ $0 == "*" || Self.number($0) != nil }) else { return nil }
        rule = .init(
            allow: true, kind, major: Self.number(numbers[0]), minor: Self.number(numbers[1]), access: parts[2])
    }

    private static func number(_ text: Substring) -> UInt32? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt32(text) : nil
    }
}
