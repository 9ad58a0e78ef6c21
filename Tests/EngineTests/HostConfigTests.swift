import OCI
import Testing

@testable import Engine

@Suite("What a container is asked to be on the host")
struct HostConfigTests {
    @Test("comes out of the store as it went in")
    func roundTrip() {
        var host = HostConfig()
        (host.pidMode, host.utsMode, host.ipcMode, host.cgroupnsMode) = ("container:box", "host", "none", "host")
        host.resources.cgroupParent = "/a/b"
        host.resources.cpuRealtimePeriod = 1_000_000
        host.resources.cpuRealtimeRuntime = 950_000
        host.resources.blkioWeightDevice = [DeviceWeight(path: "/dev/sda", weight: 100)]
        host.resources.deviceCgroupRules = ["c 1:* rwm"]
        // Filled in where nothing was asked for.
        host.maskedPaths = []
        host.readonlyPaths = []
        #expect(HostConfig(json: host.json) == host)
        var config = ContainerConfig()
        config.macAddress = "92:d0:c6:0a:29:33"
        #expect(ContainerConfig(json: config.json).macAddress == config.macAddress)
    }

    @Test("a cgroup's parent is a path from the root of the hierarchies", arguments: [("", "/hako/x"), ("/", "/hako/x"), ("/a/b/", "/a/b/x"), ("a.slice", "/a.slice/x")])
    func cgroup(parent: String, path: String) {
        var host = HostConfig()
        host.resources.cgroupParent = parent
        #expect(host.cgroup(of: "x") == path)
    }

    @Test("whoever joins another container has no ids of its own", arguments: [
        ("bridge", "", "", true), ("container:a", "", "", false), ("bridge", "container:a", "", false), ("bridge", "host", "", false),
        ("host", "", "", false), ("host", "", "auto", true), ("bridge", "", "host", false),
    ])
    func ids(network: String, pid: String, users: String, hasOwn: Bool) {
        var host = HostConfig()
        (host.networkMode, host.pidMode, host.usernsMode) = (network, pid, users)
        #expect(host.hasOwnIDs == hasOwn)
    }

    @Test("device rules are Docker's")
    func deviceRules() {
        let rule = DeviceCgroupRule("c 1:* rm")?.rule
        #expect(rule == RuntimeSpec.DeviceRule(allow: true, .character, major: 1, access: "rm"))
        #expect(DeviceCgroupRule("a *:* rwm")?.rule == RuntimeSpec.DeviceRule(allow: true, .all, access: "rwm"))
        for text in ["", "c", "c 1:3", "c 1 rwm", "d 1:3 r", "c 1:3 x", "c 1:3 rwmr", "c  1:3 r", "c -1:3 r", "c 1:3:4 r", "c :3 r", "c 99999999999:1 r"] {
            #expect(DeviceCgroupRule(text) == nil, "\(text)")
        }
    }
}
