import OCI

/// Which devices a cgroup's processes may open and make: a default and what differs from it.
///
/// Rules are folded as the kernel of cgroup v1 folds them, so that both versions decide alike. A rule for every device
/// resets what came before; one that says what the default says takes an exception for the same numbers back.
public struct DeviceRules: Hashable, Sendable {
    struct Exception: Hashable, Sendable, CustomStringConvertible {
        let kind: RuntimeSpec.DeviceRule.Kind
        let major: UInt32?
        let minor: UInt32?
        var access: Access

        func isAbout(_ other: Exception) -> Bool {
            kind == other.kind && major == other.major && minor == other.minor
        }

        /// As `devices.allow` takes it: `c 1:3 rwm`.
        var description: String {
            "\(kind.rawValue) \(major.map(String.init) ?? "*"):\(minor.map(String.init) ?? "*") \(access)"
        }
    }

    struct Access: OptionSet, Hashable, Sendable, CustomStringConvertible {
        let rawValue: UInt32

        // The bits are the kernel's BPF_DEVCG_ACC_*.
        static let make = Access(rawValue: 1)
        static let read = Access(rawValue: 2)
        static let write = Access(rawValue: 4)
        static let all: Access = [.make, .read, .write]

        init(rawValue: UInt32) { self.rawValue = rawValue }

        init(_ letters: String) {
            self = letters.utf8.reduce(into: []) { access, letter in
                switch letter {
                case UInt8(ascii: "r"): access.insert(.read)
                case UInt8(ascii: "w"): access.insert(.write)
                case UInt8(ascii: "m"): access.insert(.make)
                default: break
                }
            }
        }

        var description: String {
            (contains(.read) ? "r" : "") + (contains(.write) ? "w" : "") + (contains(.make) ? "m" : "")
        }
    }

    private(set) var allowsByDefault = false
    private(set) var exceptions: [Exception] = []

    /// Every device may be used: the rules of a privileged container.
    public var allowsEverything: Bool { allowsByDefault && exceptions.isEmpty }

    /// Nothing is allowed before the first rule.
    public init(_ rules: [RuntimeSpec.DeviceRule]) { for rule in rules { add(rule) } }

    /// The rules of a container: all denied, then the bundle's in their order, then ``defaults``, which every container
    /// may use. Where the bundle allows everything, that stays.
    public init(container rules: [RuntimeSpec.DeviceRule]) {
        self.init(rules)
        guard !allowsByDefault else { return }
        for rule in Self.defaults { add(rule) }
    }

    private mutating func add(_ rule: RuntimeSpec.DeviceRule) {
        let access = Access(rule.access)
        if rule.kind == .all || access.isEmpty {
            guard rule.kind == .all else { return }
            allowsByDefault = rule.allow
            exceptions = []
            return
        }
        let exception = Exception(kind: rule.kind, major: rule.major, minor: rule.minor, access: access)
        let index = exceptions.firstIndex { $0.isAbout(exception) }
        switch (rule.allow == allowsByDefault, index) {
        case (true, let index?):
            exceptions[index].access.subtract(access)
            if exceptions[index].access.isEmpty { exceptions.remove(at: index) }
        case (true, nil): break
        case (false, let index?): exceptions[index].access.formUnion(access)
        case (false, nil): exceptions.append(exception)
        }
    }

    /// What every container may use: nodes of any device may be made (opening them is another matter), and the devices
    /// that Docker allows. config-linux.md, "Default Devices".
    public static let defaults: [RuntimeSpec.DeviceRule] = [
        .init(allow: true, .character, access: "m"),
        .init(allow: true, .block, access: "m"),
        .init(allow: true, .character, major: 1, minor: 3),  // null
        .init(allow: true, .character, major: 1, minor: 5),  // zero
        .init(allow: true, .character, major: 1, minor: 7),  // full
        .init(allow: true, .character, major: 1, minor: 8),  // random
        .init(allow: true, .character, major: 1, minor: 9),  // urandom
        .init(allow: true, .character, major: 5, minor: 0),  // tty
        .init(allow: true, .character, major: 5, minor: 1),  // console
        .init(allow: true, .character, major: 5, minor: 2),  // ptmx
        .init(allow: true, .character, major: 136),  // pts/*
    ]
}
