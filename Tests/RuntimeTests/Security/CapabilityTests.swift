import CLinux
import CProbe
import Glibc
import Linux
import Testing
import TestSupport

@Suite("Capabilities", .enabled(if: getuid() == 0, "only root has capabilities to give up"))
struct CapabilityTests {
    /// The `Cap…` and `NoNewPrivs` lines of a program that was started with these sets.
    private func lines(
        _ sets: hako_capabilities, uid: CInt = -1, noNewPrivileges: Bool = false, program: String = "/bin/cat"
    ) throws -> [String: String] {
        var sets = sets
        var output = [CChar](repeating: 0, count: 8192)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup("/proc/self/status"), nil]
        defer { for argument in arguments { free(argument) } }
        let count = probe_exec(&sets, uid, noNewPrivileges ? 1 : 0, &arguments, &output, output.count)
        try #require(count > 0, "the probe failed: \(count)")
        let text = String(decoding: output[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var lines: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: ":", maxSplits: 1)
            if words.count == 2 { lines[String(words[0])] = String(words[1].drop { $0.isWhitespace }) }
        }
        return lines
    }

    /// Docker's default set.
    private func defaults() throws -> hako_capabilities {
        let mask: UInt64 = 0xA804_25FB
        return hako_capabilities(
            bounding: mask, permitted: mask, effective: mask, inheritable: 0, ambient: 0,
            last: try Capability.last().rawValue)
    }

    private let defaultMask = "00000000a80425fb"
    private let none = "0000000000000000"

    @Test("of root are exactly those it is given, none of them inheritable")
    func ofRoot() throws {
        let lines = try lines(try defaults(), noNewPrivileges: true)
        #expect(lines["CapInh"] == none)
        #expect(lines["CapPrm"] == defaultMask)
        #expect(lines["CapEff"] == defaultMask)
        #expect(lines["CapBnd"] == defaultMask)
        #expect(lines["CapAmb"] == none)
        #expect(lines["NoNewPrivs"] == "1")
    }

    @Test("of another user are none, but for the bound")
    func ofUser() throws {
        let lines = try lines(try defaults(), uid: 1000)
        #expect(lines["CapInh"] == none)
        #expect(lines["CapPrm"] == none)
        #expect(lines["CapEff"] == none)
        #expect(lines["CapBnd"] == defaultMask)
        #expect(lines["CapAmb"] == none)
        #expect(lines["NoNewPrivs"] == "0")
    }

    @Test("of another user may be ambient, where the bundle asks for it")
    func ambient() throws {
        var sets = try defaults()
        sets.inheritable = 1 << 10
        sets.ambient = 1 << 10
        #expect(try lines(sets, uid: 1000)["CapEff"] == "0000000000000400")
    }

    @Test(
        "of a program with inheritable file capabilities do not grow (CVE-2022-24769)",
        .enabled(if: DeviceDirectory.found != nil, "every directory is mounted nosuid"))
    func fileCapabilities() throws {
        let program = DeviceDirectory.path("cat")
        defer { unlink(program) }
        let file = try FileDescriptor.open(program, flags: O_WRONLY | O_CREAT, mode: 0o755)
        try file.writeAll(try FileDescriptor.contents(of: "/bin/cat"))
        try file.close()
        try #require(chmod(program, 0o755) == 0)
        // struct vfs_cap_data, revision 2, effective: cap_net_raw+ei.
        let value: [UInt8] = [1, 0, 0, 2, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        try #require(probe_set_file_capabilities(program, value, value.count) == 0)
        #expect(try lines(try defaults(), uid: 1000, program: program)["CapEff"] == none)
        // The same with the protection taken out: an inheritable set hands the capability on.
        var sets = try defaults()
        sets.inheritable = sets.permitted
        #expect(try lines(sets, uid: 1000, program: program)["CapEff"] == "0000000000002000")
    }

    @Test("have the kernel's names and numbers")
    func names() throws {
        #expect(Capability(named: "CAP_CHOWN")?.rawValue == 0)
        #expect(Capability(named: "CAP_SYS_ADMIN")?.rawValue == 21)
        #expect(Capability(named: "CAP_CHECKPOINT_RESTORE")?.rawValue == 40)
        #expect(Capability(named: "cap_chown") == nil)
        #expect(throws: UnknownCapability.self) { try CapabilitySet(names: ["CAP_KILL", "CAP_X"]) }
        let all = CapabilitySet.all(upTo: try Capability.last())
        #expect(all.names == Array(Capability.names.prefix(Int(try Capability.last().rawValue) + 1)))
    }
}
