import Linux
import OCI
import Testing

@testable import Runtime

/// Compares Hako's filter with libseccomp's over every number of every architecture, with arguments around each value
/// that the policy names.
struct SeccompComparison {
    let policy: RuntimeSpec.Seccomp
    let own: BPFInterpreter
    let oracle: BPFInterpreter
    let native: SystemCallArchitecture

    init(_ policy: RuntimeSpec.Seccomp, native: SystemCallArchitecture) throws {
        self.policy = policy
        self.native = native
        own = BPFInterpreter(program: try SeccompCompiler.compile(policy, native: native).instructions)
        oracle = BPFInterpreter(program: try LibseccompOracle.compile(policy, native: native))
    }

    func compare(architectures: [SystemCallArchitecture] = SystemCallArchitecture.allCases) throws {
        for architecture in architectures { compare(architecture) }
    }

    private func compare(_ architecture: SystemCallArchitecture) {
        let offset: UInt32 = architecture == .x32 ? 0x4000_0000 : 0
        var differences: [String] = []
        let (tested, highest) = ruled(architecture)
        let ours = Set(SystemCallTable.rows.compactMap { $0.number(on: architecture) })
        for number in 0..<UInt32(600) where number <= highest || policy.defaultAction != .errno {
            guard !ours.contains(number) || LibseccompOracle.knows(number + offset, on: architecture) else { continue }
            // Where arguments lie behind a pointer, Hako does not do without a condition that it can't test.
            if architecture == .x86, number == 102 || number == 117, hasArguments { continue }
            for arguments in Self.arguments(tested[number] ?? []) {
                // libseccomp looks at half of x32's arguments, Hako at all 64 bits that the kernel gets.
                let hasHalves = !architecture.is64Bit || architecture == .x32
                let call = BPFInterpreter.Call(
                    number: number + offset, architecture: architecture.auditNumber,
                    arguments: hasHalves ? arguments.map { $0 & 0xFFFF_FFFF } : arguments)
                let (one, other) = (own.verdict(call), oracle.verdict(call))
                if Self.normal(one) != Self.normal(other) {
                    differences.append(
                        "\(number) \(arguments): \(one ?? 0), libseccomp \(other ?? 0), \(tested[number] ?? [])")
                }
            }
        }
        #expect(differences.isEmpty, "\(architecture): \(differences.count), first \(differences.prefix(1))")
    }

    private var hasArguments: Bool { policy.syscalls.contains { !$0.args.isEmpty } }

    /// The conditions on each number, and the highest number that the policy names.
    private func ruled(_ architecture: SystemCallArchitecture) -> ([UInt32: [RuntimeSpec.SeccompArgument]], UInt32) {
        var (tested, highest): ([UInt32: [RuntimeSpec.SeccompArgument]], UInt32) = ([:], 0)
        for rule in policy.syscalls {
            for name in rule.names {
                guard let number = SystemCallTable.row(named: name)?.number(on: architecture) else { continue }
                tested[number, default: []] += rule.args
                if number < 0xF0000 { highest = max(highest, number) }
            }
        }
        return (tested, highest)
    }

    private static func arguments(_ tests: [RuntimeSpec.SeccompArgument]) -> [[UInt64]] {
        var samples: [[UInt64]] = [[0, 0, 0, 0, 0, 0], Array(repeating: .max, count: 6)]
        for test in tests {
            let values = [test.value, test.valueTwo, test.value ^ test.valueTwo]
            for value in values {
                for changed in [value, value &- 1, value &+ 1, value | 1 << 32, value & 0xFFFF_FFFF, ~value] {
                    // One argument differs from the rest, and all are alike: rules with several conditions.
                    var one: [UInt64] = [0, 0, 0, 0, 0, 0]
                    one[Int(test.index)] = changed
                    samples.append(one)
                    samples.append(Array(repeating: changed, count: 6))
                }
            }
        }
        // All conditions of the call at once, as far as they are about different arguments.
        var together: [UInt64] = [0, 0, 0, 0, 0, 0]
        for test in tests { together[Int(test.index)] = test.comparison == .maskedEqual ? test.valueTwo : test.value }
        return samples + [together]
    }

    /// A process has one thread when it makes the call: killing the thread or the process is the same.
    private static func normal(_ verdict: UInt32?) -> UInt32? {
        verdict == SeccompConstant.killThread ? SeccompConstant.killProcess : verdict
    }
}
