import CLinux
import Glibc

/// One instruction of classic BPF. linux/filter.h.
public struct BPFInstruction: Hashable, Sendable {
    public var code: UInt16
    /// How many instructions a conditional jump skips.
    public var jumpIfTrue: UInt8
    public var jumpIfFalse: UInt8
    public var operand: UInt32

    public init(_ code: UInt16, jumpIfTrue: UInt8 = 0, jumpIfFalse: UInt8 = 0, _ operand: UInt32) {
        self.code = code
        self.jumpIfTrue = jumpIfTrue
        self.jumpIfFalse = jumpIfFalse
        self.operand = operand
    }

    var prepared: sock_filter { sock_filter(code: code, jt: jumpIfTrue, jf: jumpIfFalse, k: operand) }
}

/// A filter of system calls, compiled. seccomp(2).
public struct SeccompFilter: Hashable, Sendable {
    /// The kernel takes no more than 4096.
    public static let maximumCount = Int(BPF_MAXINSNS)

    public var instructions: [BPFInstruction]
    /// `SECCOMP_FILTER_FLAG_*`.
    public var flags: UInt32

    public init(instructions: [BPFInstruction], flags: UInt32 = 0) {
        self.instructions = instructions
        self.flags = flags
    }

    /// The filter hands calls to a listener, whose descriptor loading it returns.
    public var hasListener: Bool { flags & UInt32(SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0 }

    /// Calls `body` with the filter as the child between clone and exec takes it; it is valid only inside.
    func withPrepared<Result, Failure: Error>(
        _ body: (hako_seccomp) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let program = instructions.map(\.prepared)
        return try program.withUnsafeBufferPointer { buffer throws(Failure) in
            try body(
                hako_seccomp(filter: buffer.baseAddress, count: UInt16(clamping: buffer.count), flags: flags))
        }
    }

    /// Whether the running kernel has the action: a `SECCOMP_RET_*` value. Kernels get new ones.
    public static func isAvailable(action: UInt32) -> Bool { hako_seccomp_action_available(action) == 0 }
}

/// Values of linux/seccomp.h, linux/audit.h and linux/filter.h, some of which are macros that Swift can't import.
public enum SeccompConstant {
    public static let killProcess: UInt32 = 0x8000_0000
    public static let killThread: UInt32 = 0x0000_0000
    public static let trap: UInt32 = 0x0003_0000
    public static let errno: UInt32 = 0x0005_0000
    public static let notify: UInt32 = 0x7FC0_0000
    public static let trace: UInt32 = 0x7FF0_0000
    public static let log: UInt32 = 0x7FFC_0000
    public static let allow: UInt32 = 0x7FFF_0000

    public static let flagThreadSync: UInt32 = 1 << 0
    public static let flagLog: UInt32 = 1 << 1
    public static let flagSpeculationAllowed: UInt32 = 1 << 2
    public static let flagNewListener: UInt32 = 1 << 3
    public static let flagWaitKillable: UInt32 = 1 << 5
}
