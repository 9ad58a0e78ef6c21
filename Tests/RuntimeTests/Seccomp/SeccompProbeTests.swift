import CLinux
import CProbe
import Glibc
import Linux
import OCI
import Testing

@testable import Engine
@testable import Runtime

/// The default policy on the running kernel: what an attacker calls, and what a program needs.
@Suite(
    "The default seccomp policy", .enabled(if: getuid() == 0, "the probes need the privileges that a filter takes away")
)
struct SeccompProbeTests {
    /// CLONE_NEWUSER
    private static let newUserNamespace = 0x1000_0000

    private func withFilter<Result>(
        imageArchitecture: String = "amd64", capabilities: [String] = CapabilitySet.defaults,
        _ body: (UnsafePointer<hako_seccomp>) -> Result
    ) throws -> Result {
        let policy = try DefaultSeccompPolicy.policy(
            capabilities: capabilities, imageArchitecture: imageArchitecture)
        let filter = try SeccompCompiler.compile(policy)
        let program = filter.instructions.map {
            sock_filter(code: $0.code, jt: $0.jumpIfTrue, jf: $0.jumpIfFalse, k: $0.operand)
        }
        return program.withUnsafeBufferPointer { buffer in
            var seccomp = hako_seccomp(
                filter: buffer.baseAddress, count: UInt16(buffer.count), flags: filter.flags)
            return body(&seccomp)
        }
    }

    private func probe(
        _ name: String, _ arguments: [Int] = [], by way: probe_way = PROBE_NATIVE, capabilities: [String]? = nil
    ) throws -> CInt {
        let architecture: SystemCallArchitecture = way == PROBE_INT80 ? .x86 : way == PROBE_X32 ? .x32 : .native
        let number = try #require(SystemCallTable.row(named: name)?.number(on: architecture))
        let arguments = arguments + Array(repeating: 0, count: 6 - arguments.count)
        return try withFilter(capabilities: capabilities ?? CapabilitySet.defaults) {
            probe_system_call($0, way, Int(number), arguments)
        }
    }

    @Test(
        "refuses sockets of the kernel's crypto and of the hypervisor, also with bits that the kernel ignores",
        arguments: [
            38, 40, 38 | 1 << 32, 40 | 1 << 32,
        ])
    func refusesFamilies(family: Int) throws {
        // The kernel alone says EAFNOSUPPORT, so that EPERM is the filter's.
        #expect(try probe("socket", [family, 5, 0]) == EPERM)
        #expect(try probe("socket", [family, 5, 0], by: PROBE_X32) == EPERM)
    }

    @Test("leaves the sockets that programs use", arguments: [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET])
    func allowsFamilies(family: CInt) throws {
        let type = family == AF_NETLINK ? SOCK_RAW : SOCK_DGRAM
        #expect(try probe("socket", [Int(family), Int(type.rawValue), 0]) == 0)
    }

    #if arch(x86_64)
        @Test("refuses the same by i386's calls")
        func refusesFamiliesOn386() throws {
            #expect(try probe("socket", [38, 5, 0], by: PROBE_INT80) == EPERM)
            #expect(try probe("socket", [40, 5, 0], by: PROBE_INT80) == EPERM)
            #expect(try withFilter { probe_socketcall($0, 38, 5, 0) } == ENOSYS)
            #expect(try probe("mount", by: PROBE_INT80) == EPERM)
            #expect(try probe("unshare", [Self.newUserNamespace], by: PROBE_INT80) == EPERM)
            #expect(try probe("getpid", by: PROBE_INT80) == 0)
        }

        @Test("lets an image of i386 make its sockets by socketcall, as glibc does there")
        func allowsSocketcallOn386() throws {
            #expect(try withFilter(imageArchitecture: "386") { probe_socketcall($0, AF_INET, 2, 0) } == 0)
        }
    #endif

    @Test(
        "refuses calls that reach into the kernel",
        arguments: [
            "mount", "bpf", "io_uring_setup", "userfaultfd", "open_by_handle_at", "keyctl", "add_key", "request_key",
            "kexec_load", "init_module", "pivot_root", "setns", "perf_event_open", "fsopen", "open_tree",
        ])
    func refusesCalls(name: String) throws {
        #expect(try probe(name) == EPERM)
        #expect([EPERM, ENOSYS].contains(try probe(name, by: PROBE_X32)))
    }

    @Test("refuses namespaces by unshare and clone, and says of clone3 that it isn't there")
    func refusesNamespaces() throws {
        #expect(try probe("unshare", [Self.newUserNamespace]) == EPERM)
        #expect(try probe("clone", [Self.newUserNamespace]) == EPERM)
        #expect(try probe("clone3") == ENOSYS)
        // Without a filter the kernel says EINVAL of clone3's empty arguments.
        #expect(try probe("clone3", capabilities: CapabilitySet.defaults + ["CAP_SYS_ADMIN"]) == EINVAL)
    }

    @Test("refuses to type into a terminal, also with bits that the kernel ignores", arguments: [0, 1 << 32, 1 << 63])
    func refusesTerminalInput(bits: Int) throws {
        #expect(try probe("ioctl", [-1, 0x5412 | bits]) == EPERM)
        // What differs in one bit reaches the kernel, which knows no descriptor -1.
        for bit in 0..<32 { #expect(try probe("ioctl", [-1, 0x5412 ^ 1 << bit]) == EBADF) }
    }

    @Test(
        "is a filter that the kernel takes for every set of capabilities",
        arguments: SeccompCompilerTests.capabilitySets)
    func loads(capabilities: [String]) throws {
        #expect(try probe("getpid", capabilities: capabilities) == 0)
    }
}
