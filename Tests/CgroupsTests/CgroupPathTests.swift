import Testing

@testable import Cgroups

@Suite("The path of a cgroup")
struct CgroupPathTests {
    @Test(
        "leads nowhere else",
        arguments: [
            "..", "/..", "/hako/../..", "a/../../b", "/a/./b", "/", "", "//", "system.slice:docker:id", "/a\nb",
            "/a\u{7F}",
            "/" + String(repeating: "x", count: 256),
        ])
    func refuses(text: String) {
        #expect(throws: CgroupError.self) { try CgroupPath(parsing: text) }
    }

    @Test(
        "starts at the mount's root, or below Hako's own cgroup",
        arguments: [
            ("/hako/0123", "/hako/0123"), ("/a//b/", "/a/b"), ("0123", "/hako/0123"), ("x/y", "/hako/x/y"),
        ])
    func parses(text: String, path: String) throws {
        #expect(try CgroupPath(parsing: text).description == path)
    }

    @Test("of exec stays below the container's", arguments: ["..", "a/../..", "/../x"])
    func staysBelow(text: String) throws {
        let path = try CgroupPath(containerID: "0123")
        #expect(throws: CgroupError.self) { try path.appending(text) }
        #expect(try path.appending("/a/b").description == "/hako/0123/a/b")
    }

    @Test("is found on every kind of host")
    func mounts() {
        let hybrid = """
            24 1 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw
            25 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
            26 24 0:24 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
            27 24 0:25 / /sys/fs/cgroup/with\\040space rw - cgroup2 cgroup2 rw,nsdelegate
            28 24 0:23 / /mnt/again rw - cgroup cgroup rw,cpu,cpuacct
            broken line
            """
        let mounts = CgroupMounts(mountInfo: Array(hybrid.utf8))
        #expect(
            mounts.v1 == [
                .init(controllers: ["cpu", "cpuacct"], mountPoint: "/sys/fs/cgroup/cpu,cpuacct"),
                .init(controllers: ["name=systemd"], mountPoint: "/sys/fs/cgroup/systemd"),
            ])
        #expect(mounts.unified == "/sys/fs/cgroup/with space")
        #expect(mounts.isV1)
        let v2 = CgroupMounts(mountInfo: Array("24 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n".utf8))
        #expect(!v2.isV1)
        #expect(v2.unified == "/sys/fs/cgroup")
    }
}
