import Metadata
import OCI

extension Engine {
    /// All that a container is to have mounted, before its volumes are there.
    func mountPoints(of spec: StoredSpec) throws(EngineError) -> [ContainerMount] {
        guard spec.config.volumes.count <= Self.declaredVolumesLimit else {
            throw EngineError(
                .invalidArgument, cannot: "make the image's volumes",
                because: "there are \(spec.config.volumes.count), and at most \(Self.declaredVolumesLimit) are made")
        }
        var inherited: [ContainerMount] = []
        for source in spec.host.volumesFrom { inherited += try mounts(from: source) }
        return try ContainerMount.list(spec.host, inherited: inherited, declared: spec.config.volumes)
    }

    /// Each is a mount, and each mount makes the next one slower.
    private static let declaredVolumesLimit = 512

    /// What `--volumes-from` takes from another container, which needn't run: its binds and volumes.
    private func mounts(from text: String) throws(EngineError) -> [ContainerMount] {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let modes = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : []
        guard !parts[0].isEmpty, modes.allSatisfy({ ["ro", "rw", "z", "Z"].contains($0) }) else {
            throw EngineError(
                .invalidArgument, "invalid mode: \(parts.last ?? "")",
                hint: "It is --volumes-from CONTAINER, CONTAINER:ro or CONTAINER:rw.")
        }
        let other = try storedSpec(of: container(parts[0]))
        return try other.mounts().filter { other.host.tmpfs[$0.destination] == nil }.map { mount in
            var mount = mount
            mount.isReadOnly = mount.isReadOnly || modes.contains("ro")
            mount.mode = ""
            // It was there before, and is as it was.
            mount.volume?.copiesUp = false
            return mount
        }
    }
}

extension StoredSpec {
    /// What is mounted: with the names of volumes and other containers' mounts, as they were found when the container was made.
    func mounts() throws(EngineError) -> [ContainerMount] {
        if let mountPoints { return mountPoints }
        return try ContainerMount.list(host)
    }

    var volumeUses: [VolumeUse] {
        var uses: [VolumeUse] = []
        var mounts: [String: [JSON]] = [:]
        for mount in mountPoints ?? [] {
            guard let volume = mount.volume else { continue }
            mounts[volume.name, default: []].append(mount.eventAttributes)
            if let index = uses.firstIndex(where: { $0.volume == volume.name }) {
                uses[index].isAnonymous = uses[index].isAnonymous || volume.isAnonymous
            } else {
                uses.append(VolumeUse(volume: volume.name, isAnonymous: volume.isAnonymous))
            }
        }
        for index in uses.indices { uses[index].mounts = JSON.array(mounts[uses[index].volume] ?? []).text() }
        return uses
    }

    /// Those that nobody named.
    var anonymousVolumes: [String] { volumeUses.filter(\.isAnonymous).map(\.volume) }
}
