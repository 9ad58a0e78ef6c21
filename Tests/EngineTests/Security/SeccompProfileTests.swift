import OCI
import Testing

@testable import Engine

@Suite("A seccomp profile in Docker's form")
struct SeccompProfileTests {
    private let host = SeccompHost(name: "SCMP_ARCH_X86_64", architecture: "amd64", kernel: "6.1.0-13-amd64")

    private func names(_ text: String, capabilities: [String] = []) throws -> [String] {
        let profile = try SeccompProfile(parsing: text)
        return try profile.resolved(capabilities: capabilities, on: host).syscalls.flatMap(\.names)
    }

    @Test(
        "settles its conditions when a container is made",
        arguments: [
            (#"{"includes":{"caps":["CAP_BPF"]}}"#, false), (#"{"includes":{"caps":["CAP_KILL"]}}"#, true),
            (#"{"includes":{"caps":["CAP_KILL","CAP_BPF"]}}"#, false),
            (#"{"excludes":{"caps":["CAP_BPF","CAP_KILL"]}}"#, false),
            (#"{"includes":{"arches":["arm64"]}}"#, false), (#"{"includes":{"arches":["arm64","amd64"]}}"#, true),
            (#"{"excludes":{"arches":["amd64"]}}"#, false), (#"{"includes":{"minKernel":"6.1"}}"#, true),
            (#"{"includes":{"minKernel":"6.2"}}"#, false), (#"{"excludes":{"minKernel":"4.8"}}"#, false),
            (#"{"includes":null,"excludes":{}}"#, true),
        ])
    func conditions(condition: String, applies: Bool) throws {
        let rule = #"{"names":["read"],"action":"SCMP_ACT_ALLOW","# + condition.dropFirst()
        let text = #"{"defaultAction":"SCMP_ACT_ERRNO","syscalls":["# + rule + "]}"
        #expect(try names(text, capabilities: ["CAP_KILL"]) == (applies ? ["read"] : []))
    }

    @Test("may name one call in a rule, as old ones do, and its architectures either way")
    func oldForm() throws {
        let text = #"""
            {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,
             "archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],
             "syscalls":[{"name":"read","action":"SCMP_ACT_ALLOW","args":[],"comment":"x"}]}
            """#
        let seccomp = try SeccompProfile(parsing: text).resolved(capabilities: [], on: host)
        #expect(seccomp.syscalls == [.init(["read"], .allow)])
        #expect(seccomp.architectures == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
        #expect(seccomp.defaultErrnoRet == 38)
    }

    @Test(
        "is refused where it would have to be guessed",
        arguments: [
            "", "{}", "[]", #"{"defaultAction":"ALLOW"}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":{}}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"]}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","names":["b"],"action":"SCMP_ACT_ALLOW"}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_ALLOW","includes":{"user":"x"}}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86"}]}"#,
        ])
    func refuses(text: String) {
        #expect(throws: EngineError.self) { try SeccompProfile(parsing: text) }
    }

    @Test("of a container without one follows its capabilities and its image")
    func defaultPolicy() throws {
        func names(_ capabilities: [String], _ architecture: String = "amd64") throws -> Set<String> {
            let policy = try DefaultSeccompPolicy.policy(
                capabilities: capabilities, imageArchitecture: architecture, on: host)
            return Set(policy.syscalls.filter { $0.action == .allow && $0.args.isEmpty }.flatMap(\.names))
        }
        #expect(try !names([]).contains("mount"))
        #expect(try names(["CAP_SYS_ADMIN"]).isSuperset(of: ["mount", "clone3", "bpf"]))
        for name in ["socket", "ioctl", "socketcall", "io_uring_setup"] { #expect(try !names([]).contains(name)) }
        #expect(try names([], "386").contains("socketcall"))
        #expect(try names([]).isSuperset(of: ["mseal", "openat2", "personality"].dropLast()))
    }

    @Test("is none for a container that is unconfined")
    func unconfined() throws {
        #expect(try SecurityOptions(["seccomp=unconfined"]).seccomp(capabilities: []) == nil)
        #expect(try SecurityOptions([]).seccomp(capabilities: [])?.defaultAction == .errno)
        #expect(
            try SecurityOptions(["seccomp={\"defaultAction\":\"SCMP_ACT_LOG\"}"]).seccomp(capabilities: [])?
                .defaultAction == .log)
        #expect(throws: EngineError.self) { try SecurityOptions(["seccomp={"]).seccomp(capabilities: []) }
    }
}
