import OCI
import Testing

@testable import Engine

@Suite("The mounts of a container")
struct MountListTests {
    private func list(
        binds: [String] = [], inherited: [ContainerMount] = [], declared: [String] = []
    ) throws -> [ContainerMount] {
        var host = HostConfig()
        host.binds = binds
        return try ContainerMount.list(host, inherited: inherited, declared: declared)
    }

    @Test("are what is asked for, before what is inherited, before what the image declares")
    func order() throws {
        let inherited = ["old:/a", "old:/b", "new:/b", "old:/c"].map { text in
            let parts = text.split(separator: ":").map(String.init)
            return ContainerMount(volume: VolumePart(name: parts[0]), at: parts[1])
        }
        let mounts = try list(
            binds: ["asked:/a", "/host:/a/x"], inherited: inherited, declared: ["/b", "/d/../e", "/c/"])
        #expect(
            mounts.map { "\($0.shownName):\($0.destination)" }.sorted() == [
                "/host:/a/x", ":/e", "asked:/a", "new:/b", "old:/c",
            ])
        #expect(mounts.last?.destination == "/a/x")
    }

    @Test("are volumes where the source is a name, with Docker's options")
    func volumes() throws {
        let mount = try #require(try list(binds: ["data:/d:ro,nocopy"]).first)
        #expect(mount.kind == .volume && mount.isReadOnly && mount.mode == "ro,nocopy" && mount.propagation == "")
        #expect(mount.volume?.copiesUp == false && mount.volume?.isAnonymous == false)
        #expect(try list(binds: ["/d"]).first?.volume?.isAnonymous == true)
        #expect(throws: EngineError.self) { try list(binds: ["data:/d:rshared"]) }
        #expect(throws: EngineError.self) { try list(binds: [":/d"]) }
    }

    @Test("are kept as they were found when the container was made")
    func stored() throws {
        var mounts = try list(binds: ["data:/d:ro", "/host:/h:rslave", "/anonymous"])
        mounts[0].volume?.options = ["type": "tmpfs", "device": "tmpfs"]
        mounts[0].volume?.subpath = "a/b"
        var spec = StoredSpec(config: ContainerConfig(), host: HostConfig(), imageArchitecture: "amd64")
        spec.mountPoints = mounts
        let read = try StoredSpec(bytes: spec.bytes, of: "x")
        #expect(read.mountPoints?.map(\.inspectJSON) == mounts.map(\.inspectJSON))
        #expect(
            read.mountPoints?[0].volume?.options == mounts[0].volume?.options
                && read.mountPoints?[0].volume?.subpath == "a/b")
        #expect(read.mountPoints?.map { $0.volume?.isAnonymous } == mounts.map { $0.volume?.isAnonymous })
        // A container of before there were volumes has none.
        spec.mountPoints = nil
        spec.config.volumes = ["/declared"]
        #expect(try StoredSpec(bytes: spec.bytes, of: "x").mounts().isEmpty)
    }

    @Test(
        "have options of a device that are known",
        arguments: [
            ["type": "tmpfs"], ["device": "x"], ["o": "ro"], ["type": "none", "device": "relative", "o": "bind"],
            ["type": "a/b", "device": "x"],
            ["type": "tmpfs", "device": "x", "o": "shared"], ["type": "tmpfs", "device": "x", "o": "dev"],
            ["type": "tmpfs", "device": "x", "size": "1g"],
            ["type": "tmpfs", "device": "x", "o": "=1"],
        ])
    func devices(options: [String: String]) {
        #expect(throws: EngineError.self) { try VolumeDevice(options) }
    }
}
