import Linux
import OCI

/// Policies without a plan but the same for the same seed.
struct SeccompPolicyGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    private mutating func next(_ bound: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state % bound
    }

    /// Rules have one action, the opposite of the default: what libseccomp makes of several is its own affair.
    ///
    /// - Parameter repeating: Calls may have several rules. libseccomp 2.5 then loses some that test the same argument.
    func policy(repeating: Bool = false) -> RuntimeSpec.Seccomp {
        var generator = self
        let allows = generator.next(2) == 0
        var policy = RuntimeSpec.Seccomp(
            defaultAction: allows ? .allow : .errno,
            architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"])
        var rows = SystemCallTable.rows
        if repeating { rows = Array(rows.prefix(12)) }
        for _ in 0..<(5 + generator.next(30)) {
            let names = (0...generator.next(4)).map { _ in
                let index = Int(generator.next(UInt64(rows.count)))
                return repeating ? rows[index].name : rows.remove(at: index).name
            }
            policy.syscalls.append(.init(names, allows ? .errno : .allow, args: generator.arguments()))
        }
        return policy
    }

    private mutating func arguments() -> [RuntimeSpec.SeccompArgument] {
        let comparisons: [RuntimeSpec.SeccompArgument.Comparison] = [
            .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .maskedEqual,
        ]
        let values: [UInt64] = [0, 1, 7, 0xFFFF, 0x8000_0000, 0xFFFF_FFFF]
        return (0..<next(3)).map { _ in
            let comparison = comparisons[Int(next(7))]
            let value = values[Int(next(6))]
            return .init(
                index: UInt32(next(6)), comparison, value,
                valueTwo: comparison == .maskedEqual ? value & values[Int(next(6))] : 0)
        }
    }
}
