import CLinux

/// An architecture whose system calls the kernel may run; a 64-bit kernel runs 32-bit programs too.
public enum SystemCallArchitecture: Int, Hashable, Sendable, CaseIterable {
    // The order is that of the table's columns.
    case x86_64, x86, x32, aarch64, arm

    /// The kernel's own.
    public static var native: SystemCallArchitecture {
        #if arch(x86_64)
            .x86_64
        #elseif arch(arm64)
            .aarch64
        #else
            #error("seccomp needs a table of this architecture's system calls")
        #endif
    }

    /// `AUDIT_ARCH_*`, which seccomp filters see. x32 has that of x86_64, and bit 30 in the call's number.
    public var auditNumber: UInt32 {
        switch self {
        case .x86_64, .x32: 0xC000_003E
        case .x86: 0x4000_0003
        case .aarch64: 0xC000_00B7
        case .arm: 0x4000_0028
        }
    }

    public var is64Bit: Bool { self == .x86_64 || self == .aarch64 || self == .x32 }
}

/// The numbers of system calls, on every architecture that Hako filters.
public struct SystemCallTable: Sendable {
    /// A call, as its row in the table.
    public struct Row: Hashable, Sendable {
        /// From 0 to below ``SystemCallTable/count``.
        public let index: Int32

        /// Its number there, for x32 without bit 30; nil where it doesn't exist.
        public func number(on architecture: SystemCallArchitecture) -> UInt32? {
            let number = hako_syscall_number(index, CInt(architecture.rawValue))
            return number < 0 ? nil : UInt32(number)
        }

        public var name: String { hako_syscall_name(index).map { String(cString: $0) } ?? "" }
    }

    /// The call of that name, nil if no architecture has it. Takes under a microsecond: a binary search, no allocation.
    public static func row(named name: String) -> Row? {
        var name = name
        let index = name.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { hako_syscall_row($0.baseAddress, $0.count) }
        }
        return index < 0 ? nil : Row(index: index)
    }

    /// How many rows there are.
    public static var count: Int { Int(hako_syscall_row_count()) }

    public static var rows: [Row] { (0..<hako_syscall_row_count()).map(Row.init) }
}
