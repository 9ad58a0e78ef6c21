import CLinux
import Glibc

/// A capability of capabilities(7), by its number.
public struct Capability: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// 0 to 63.
    public let rawValue: UInt32

    /// Nil for a number that no bit mask of the kernel can hold.
    public init?(rawValue: UInt32) {
        guard rawValue < 64 else { return nil }
        self.rawValue = rawValue
    }

    /// From the name as the kernel's headers and the OCI spec write it: `CAP_NET_ADMIN`. Nil if Hako does not know it.
    public init?(named name: String) {
        guard let index = Capability.names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) else { return nil }
        rawValue = UInt32(index)
    }

    /// The name, or the number where it has none here.
    public var description: String {
        Capability.names.indices.contains(Int(rawValue)) ? Capability.names[Int(rawValue)] : "capability \(rawValue)"
    }

    /// Every name that Hako knows, in the order of the numbers. linux/capability.h, Linux 5.9 and newer.
    public static let names = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// The highest capability of the running kernel; a newer kernel than Hako knows may have more than ``names``.
    ///
    /// - Throws: ``SystemCallError`` where `/proc` isn't mounted.
    public static func last() throws(SystemCallError) -> Capability {
        let path = "/proc/sys/kernel/cap_last_cap"
        let text = String(decoding: try FileDescriptor.contents(of: path, limit: 64), as: UTF8.self)
        guard let number = UInt32(text.prefix { $0.isNumber }), let capability = Capability(rawValue: number) else {
            throw SystemCallError("read", on: path, .invalidArgument)
        }
        return capability
    }
}

/// A set of capabilities, as the kernel's bit mask.
public struct CapabilitySet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ capability: Capability) { rawValue = 1 << UInt64(capability.rawValue) }

    /// From names as the OCI spec has them.
    ///
    /// - Throws: ``UnknownCapability`` for the first name that is none.
    public init(names: [String]) throws(UnknownCapability) {
        var mask: UInt64 = 0
        for name in names {
            guard let capability = Capability(named: name) else { throw UnknownCapability(name: name) }
            mask |= 1 << UInt64(capability.rawValue)
        }
        rawValue = mask
    }

    /// What the calling process may use: its permitted capabilities. A host may give root less than all.
    ///
    /// - Throws: ``SystemCallError`` where `/proc` isn't mounted.
    public static func held() throws(SystemCallError) -> CapabilitySet {
        let path = "/proc/self/status"
        let lines = try FileDescriptor.contents(of: path, limit: 65536).split(separator: UInt8(ascii: "\n"))
        let name = Array("CapPrm:\t".utf8)
        guard let line = lines.first(where: { $0.starts(with: name) }),
            let mask = UInt64(String(decoding: line.dropFirst(name.count), as: UTF8.self), radix: 16)
        else { throw SystemCallError("read", on: path, .invalidArgument) }
        return CapabilitySet(rawValue: mask)
    }

    /// All from 0 to `last`.
    public static func all(upTo last: Capability) -> CapabilitySet {
        CapabilitySet(rawValue: last.rawValue == 63 ? .max : (1 << UInt64(last.rawValue + 1)) - 1)
    }

    /// The names in the order of the numbers; a capability without a name is left out.
    public var names: [String] {
        Capability.names.enumerated().filter { rawValue >> UInt64($0.offset) & 1 == 1 }.map(\.element)
    }
}

/// A name that is no capability.
public struct UnknownCapability: Error, Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public var description: String { "unknown capability \"\(name)\"" }
}

/// What a process may do: the five sets of capabilities(7).
public struct CapabilitySets: Hashable, Sendable {
    public var bounding: CapabilitySet
    public var permitted: CapabilitySet
    public var effective: CapabilitySet
    /// Left empty but where the user asks: a file with inheritable capabilities would hand them on (CVE-2022-24769).
    public var inheritable: CapabilitySet
    public var ambient: CapabilitySet
    /// The highest capability of the running kernel: dropping one above it is an error (EINVAL).
    public var last: Capability

    public init(
        bounding: CapabilitySet = [], permitted: CapabilitySet = [], effective: CapabilitySet = [],
        inheritable: CapabilitySet = [], ambient: CapabilitySet = [], last: Capability
    ) {
        self.bounding = bounding
        self.permitted = permitted
        self.effective = effective
        self.inheritable = inheritable
        self.ambient = ambient
        self.last = last
    }

    /// The sets without what the running kernel does not have: it would refuse them.
    public func known() -> CapabilitySets {
        let known = CapabilitySet.all(upTo: last)
        return CapabilitySets(
            bounding: bounding.intersection(known), permitted: permitted.intersection(known),
            effective: effective.intersection(known), inheritable: inheritable.intersection(known),
            ambient: ambient.intersection(known), last: last)
    }

    /// For the child between clone and exec.
    var prepared: hako_capabilities {
        hako_capabilities(
            bounding: bounding.rawValue, permitted: permitted.rawValue, effective: effective.rawValue,
            inheritable: inheritable.rawValue, ambient: ambient.rawValue, last: last.rawValue)
    }
}
