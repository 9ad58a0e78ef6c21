import Glibc
import Linux
import Metadata
import OCI

// The volumes of a container that is made: found, or made with it, and filled.
extension Engine {
    var volumeDirectories: VolumeDirectories { VolumeDirectories(path: paths.volumes) }

    /// Makes a container's row together with those of its new volumes: who is killed leaves all of them or none.
    ///
    /// - Parameters:
    ///   - spec: Gets the names and places of the volumes.
    ///   - insert: Gets the new volumes; nil from it says that one of the others was removed meanwhile.
    func insertWithVolumes(
        _ spec: inout StoredSpec, _ image: ImageID,
        _ insert: (StoredSpec, [VolumeRecord]) throws(EngineError) -> ContainerRecord?
    ) throws(EngineError) -> ContainerRecord {
        for _ in 0..<20 {
            let staged = try prepareVolumes(&spec, image)
            let whole = spec
            if let record = try placing(staged, { records throws(EngineError) in try insert(whole, records) }) {
                return record
            }
        }
        throw EngineError(
            .conflict, cannot: "create the container",
            because: "its volumes are made and removed again and again meanwhile")
    }

    /// Gives staged volumes their names, and runs `body`, which writes their rows.
    ///
    /// - Returns: Nil where a volume of such a name is there meanwhile, or `body` returns nil: then nothing was made.
    func placing<Result>(
        _ staged: [StagedVolume], _ body: ([VolumeRecord]) throws(EngineError) -> Result?
    ) throws(EngineError) -> Result? {
        guard !staged.isEmpty else { return try body([]) }
        let directories = volumeDirectories
        var retired: [RetiredDirectory] = []
        let outcome = try directories.locked { directory throws(EngineError) -> Swift.Result<Result?, EngineError> in
            for volume in staged where try volumeRow(volume.record.name) != nil { return .success(nil) }
            var failure: EngineError?
            do throws(EngineError) {
                for volume in staged {
                    if let leftover = try directories.place(volume, in: directory) { retired.append(leftover) }
                }
                if let result = try body(staged.map(\.record)) { return .success(result) }
            } catch { failure = error }
            // No row speaks of them.
            for volume in staged where volume.isPlaced { try directories.takeBack(volume, in: directory) }
            return failure.map { .failure($0) } ?? .success(nil)
        }
        for volume in retired { try volume.removeOnceFree() }
        return try outcome.get()
    }

    func volumeRow(_ name: String) throws(EngineError) -> VolumeRecord? {
        try onDatabase("find volume \(name)") { database throws(MetadataError) in try database.volume(named: name) }
    }

    /// Names the volumes, stages those that aren't there, and fills the empty ones.
    private func prepareVolumes(_ spec: inout StoredSpec, _ image: ImageID) throws(EngineError) -> [StagedVolume] {
        var staged: [StagedVolume] = []
        var tree: ImageTree?
        for index in (spec.mountPoints ?? []).indices {
            guard var mount = spec.mountPoints?[index], var volume = mount.volume else { continue }
            if volume.name.isEmpty {
                volume.name = RandomID.make()
                volume.labels[VolumeNames.anonymousLabel] = ""
            }
            try VolumeNames.requireValid(volume.name)
            try VolumeNames.requireLocal(volume.driver)
            var new = staged.first { $0.record.name == volume.name }
            if new == nil {
                if let row = try volumeRow(volume.name) {
                    volume.options = row.optionMembers
                } else {
                    new = try volumeDirectories.stage(try newVolume(volume))
                    if let new { staged.append(new) }
                }
            }
            mount.volume = volume
            mount.source = paths.volumeData(volume.name)
            spec.mountPoints?[index] = mount
            guard volume.copiesUp else { continue }
            if tree == nil { tree = try imageTree(image) }
            if let source = try tree?.directory(mount.destination) { try fill(volume, new, source) }
        }
        return staged
    }

    private func newVolume(_ volume: VolumePart) throws(EngineError) -> VolumeRecord {
        _ = try VolumeDevice(volume.options)
        return VolumeRecord(
            name: volume.name, options: JSON(volume.options).text(), labels: JSON(volume.labels).text(),
            created: RealTime.now)
    }

    /// Nil where the image has no layers, and so nothing to copy.
    private func imageTree(_ image: ImageID) throws(EngineError) -> ImageTree? {
        let layers = try lowerDirectories(of: image)
        guard !layers.isEmpty else { return nil }
        let lowers = layers + [try initLayer()]
        return try explaining("read the image") { () throws(SystemCallError) in try ImageTree(lowers: lowers) }
    }

    private func fill(
        _ volume: VolumePart, _ staged: StagedVolume?, _ source: borrowing FileDescriptor
    ) throws(EngineError) {
        if let device = try VolumeDevice(volume.options) {
            let mount = try mounted(device, volume.name)
            return try copying(to: volume.name) { () throws(SystemCallError) in
                // A new mount's descriptor only names its root.
                let root = try FileDescriptor.open(".", in: mount.root, flags: O_RDONLY | O_DIRECTORY)
                try VolumeContent.fillDirectly(root, from: source)
            }
        }
        let path = "\(paths.volumes)/\(volume.name)"
        try copying(to: volume.name) { () throws(SystemCallError) in
            if let staged { return try VolumeContent.fillDirectly(staged.data(), from: source) }
            do throws(SystemCallError) { try VolumeContent(path).fill(from: source, subpath: volume.subpath) } catch {
                // It was removed meanwhile, which shows when the container's row is written.
                guard error.errno == .noSuchFile else { throw error }
            }
        }
    }

    private func copying(to volume: String, _ body: () throws(SystemCallError) -> Void) throws(EngineError) {
        do throws(SystemCallError) { try body() } catch {
            throw EngineError(
                .system, cannot: "copy the image's files to the volume \(volume)", because: "\(error)",
                hint: error.errno == .noSpace ? "Make room with `hako system prune`." : nil, cause: error)
        }
    }

    /// Mounts what a volume's options name, attached nowhere yet.
    func mounted(_ device: VolumeDevice, _ volume: String) throws(EngineError) -> Mount {
        do throws(SystemCallError) { return try device.mount() } catch {
            throw EngineError(
                .system, cannot: "mount the volume \(volume)", because: "\(error)",
                hint: "`hako volume inspect \(volume)` shows its options.", cause: error)
        }
    }
}

extension VolumeRecord {
    var optionMembers: [String: String] { members(of: options) }
    public var labelMembers: [String: String] { members(of: labels) }

    /// What Hako has written is an object of strings.
    private func members(of text: String) -> [String: String] { (try? JSON(parsing: text))?.stringMembers ?? [:] }
}
