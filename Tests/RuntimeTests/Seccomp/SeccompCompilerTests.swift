import Linux
import OCI
import Testing

@testable import Engine
@testable import Runtime

@Suite("A seccomp section, compiled")
struct SeccompCompilerTests {
    static let capabilitySets: [[String]] = [
        [], CapabilitySet.defaults, CapabilitySet.defaults + ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_BPF"],
        CapabilitySet.all,
    ]

    @Test("decides as libseccomp does on the default policy", arguments: capabilitySets)
    func decidesDefaultPolicy(capabilities: [String]) throws {
        let policy = try DefaultSeccompPolicy.policy(capabilities: capabilities, imageArchitecture: "amd64")
        try SeccompComparison(policy, native: .x86_64).compare()
        try SeccompComparison(policy, native: .x86_64).compare(architectures: [.aarch64])  // Both refuse it.
    }

    @Test("decides as libseccomp does on Docker's own profile, on both architectures")
    func decidesDockerProfile() throws {
        let x86 = try SeccompProfile.docker.resolved(
            capabilities: [], on: SeccompHost(name: "SCMP_ARCH_X86_64", architecture: "amd64"))
        try SeccompComparison(x86, native: .x86_64).compare()
        let arm = try SeccompProfile.docker.resolved(
            capabilities: [], on: SeccompHost(name: "SCMP_ARCH_AARCH64", architecture: "arm64"))
        try SeccompComparison(arm, native: .aarch64).compare()
    }

    @Test("decides as libseccomp does on policies made at random", arguments: 0..<20)
    func decidesRandomPolicies(seed: UInt64) throws {
        try SeccompComparison(SeccompPolicyGenerator(seed: seed).policy(), native: .x86_64).compare()
    }

    @Test("means what its rules say where a call has many", arguments: 0..<100)
    func meansItsRules(seed: UInt64) throws {
        let policy = SeccompPolicyGenerator(seed: seed).policy(repeating: true)
        let values: [UInt64] = [0, 1, 6, 7, 8, 0xFFFF, 0x1_0000, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, .max]
        let filter = BPFInterpreter(program: try SeccompCompiler.compile(policy, native: .x86_64).instructions)
        for name in Set(policy.syscalls.flatMap(\.names)) {
            guard let number = SystemCallTable.row(named: name)?.number(on: .x86_64) else { continue }
            for first in values {
                for second in values {
                    let arguments = [first, second, first, second, first ^ second, second]
                    let action = SeccompReference.verdict(policy, name, arguments)
                    let expected = action == .allow ? SeccompConstant.allow : SeccompConstant.errno | 1
                    let call = BPFInterpreter.Call(
                        number: number, architecture: SystemCallArchitecture.x86_64.auditNumber, arguments: arguments)
                    #expect(filter.verdict(call) == expected, "\(name) \(arguments)")
                }
            }
        }
    }

    private func verdict(
        _ policy: RuntimeSpec.Seccomp, _ name: String, _ arguments: [UInt64] = [],
        on architecture: SystemCallArchitecture = .x86_64
    ) throws -> UInt32? {
        let filter = try SeccompCompiler.compile(policy, native: .x86_64)
        let number = try #require(SystemCallTable.row(named: name)?.number(on: architecture))
        return BPFInterpreter(program: filter.instructions).verdict(
            .init(
                number: architecture == .x32 ? number | 0x4000_0000 : number, architecture: architecture.auditNumber,
                arguments: arguments + Array(repeating: 0, count: 6 - arguments.count)))
    }

    @Test(
        "ends the process on calls of an architecture that isn't listed, x32 too",
        arguments: [
            SystemCallArchitecture.x86, .x32,
        ])
    func refusesForeignArchitectures(architecture: SystemCallArchitecture) throws {
        let policy = RuntimeSpec.Seccomp(defaultAction: .allow, architectures: ["SCMP_ARCH_X86_64"])
        #expect(try verdict(policy, "read") == SeccompConstant.allow)
        #expect(try verdict(policy, "read", on: architecture) == SeccompConstant.killProcess)
    }

    @Test("tells programs that a call newer than the policy isn't there")
    func answersNewerCalls() throws {
        let policy = RuntimeSpec.Seccomp(defaultAction: .errno, syscalls: [.init(["read", "openat2"], .allow)])
        #expect(try verdict(policy, "write") == SeccompConstant.errno | 1)
        #expect(try verdict(policy, "mseal") == SeccompConstant.errno | 38)
    }

    @Test("takes the more severe of two conditional rules that both match")
    func prefersSeverity() throws {
        let rules: [RuntimeSpec.SeccompRule] = [
            .init(["ioctl"], .allow, args: [.init(index: 0, .greater, 1)]),
            .init(["ioctl"], .killProcess, args: [.init(index: 1, .equal, 7)]),
        ]
        let policy = RuntimeSpec.Seccomp(defaultAction: .errno, syscalls: rules)
        #expect(try verdict(policy, "ioctl", [2, 7]) == SeccompConstant.killProcess)
        #expect(try verdict(policy, "ioctl", [2, 8]) == SeccompConstant.allow)
        #expect(try verdict(policy, "ioctl", [1, 8]) == SeccompConstant.errno | 1)
    }

    @Test(
        "does not open i386's socketcall for a rule that allows socket with conditions, and closes it for one that forbids"
    )
    func multiplexers() throws {
        let test = RuntimeSpec.SeccompArgument(index: 0, .notEqual, 40)
        var policy = RuntimeSpec.Seccomp(
            defaultAction: .errno, architectures: ["SCMP_ARCH_X86"], syscalls: [.init(["socket"], .allow, args: [test])]
        )
        #expect(try verdict(policy, "socketcall", [1], on: .x86) == SeccompConstant.errno | 1)
        policy.defaultAction = .allow
        policy.syscalls = [.init(["socket", "semop"], .errno, args: [test])]
        #expect(try verdict(policy, "socketcall", [1], on: .x86) == SeccompConstant.errno | 1)
        #expect(try verdict(policy, "socketcall", [2], on: .x86) == SeccompConstant.allow)
        // The upper half is ipc's version, which the kernel takes off.
        #expect(try verdict(policy, "ipc", [0x1_0001], on: .x86) == SeccompConstant.errno | 1)
    }

    @Test(
        "refuses what it would have to guess",
        arguments: [
            (
                #"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_Z80"]}"#,
                SeccompError.unknownArchitecture("SCMP_ARCH_Z80")
            ),
            (
                #"{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_X"]}"#,
                .unknownFlag("SECCOMP_FILTER_FLAG_X")
            ),
            (#"{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":5000}"#, .invalidErrno(5000)),
            (
                #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_NOTIFY"}]}"#,
                .notifyWithoutListener
            ),
        ])
    func refuses(text: String, error: SeccompError) throws {
        let policy = try RuntimeSpec.Seccomp(json: JSON(parsing: text))
        #expect(throws: error) { try SeccompCompiler.compile(policy) }
    }

    @Test("passes over calls that no kernel of its time had")
    func passesOverUnknownCalls() throws {
        let policy = RuntimeSpec.Seccomp(
            defaultAction: .errno, syscalls: [.init(["frobnicate", "read"], .allow)])
        #expect(try verdict(policy, "read") == SeccompConstant.allow)
    }
}
