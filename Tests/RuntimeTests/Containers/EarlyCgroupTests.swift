import Cgroups
import Glibc
import Linux
import Testing

@testable import Runtime

@Suite("A cgroup that is there before its container", .enabled(if: geteuid() == 0, "cgroups need root"))
struct EarlyCgroupTests {
    private let path = "/hako-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"

    private func directories() throws -> [String] {
        let mounts = try CgroupMounts.detect()
        let points = mounts.v1.map(\.mountPoint) + (mounts.unified.map { [$0] } ?? [])
        return points.map { $0 + path }.filter { access($0, F_OK) == 0 }
    }

    @Test("goes with its owner")
    func goes() throws {
        do {
            let cgroup = try EarlyCgroup(path: path)
            #expect(cgroup.path == path)
            #expect(try !directories().isEmpty)
        }
        #expect(try directories().isEmpty)
    }

    @Test("stays for the container that has it")
    func stays() throws {
        try EarlyCgroup(path: path).leaveToContainer()
        #expect(try !directories().isEmpty)
        try CgroupMounts.detect().cgroup(at: CgroupPath(parsing: path)).delete()
        #expect(try directories().isEmpty)
    }

    @Test("is not made of a path that leads elsewhere")
    func refuses() {
        for path in ["/", "/../hako", ""] { #expect(throws: RuntimeError.self) { try EarlyCgroup(path: path).leaveToContainer() } }
    }
}
