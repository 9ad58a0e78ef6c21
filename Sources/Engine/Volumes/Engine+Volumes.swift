import Linux
import Metadata
import OCI

// What `hako volume` does.
extension Engine {
    /// Makes a volume. One of that name is left as it is, as in Docker.
    ///
    /// - Parameter name: Nil for one that Hako chooses; then the volume counts as anonymous.
    public func createVolume(
        _ name: String?, driver: String = "", options: [String: String] = [:], labels: [String: String] = [:]
    ) throws(EngineError) -> VolumeRecord {
        var labels = labels
        if name == nil { labels[VolumeNames.anonymousLabel] = "" }
        let name = name ?? RandomID.make()
        do throws(EngineError) {
            try VolumeNames.requireLocal(driver)
            _ = try VolumeDevice(options)
        } catch { throw EngineError(error.kind, "create \(name): \(error.reason)", hint: error.hint) }
        try VolumeNames.requireValid(name)
        while true {
            if let found = try volumeRow(name) { return found }
            let record = VolumeRecord(
                name: name, options: JSON(options).text(), labels: JSON(labels).text(), created: RealTime.now)
            let staged = try volumeDirectories.stage(record)
            let made = try placing([staged]) { records throws(EngineError) in
                try onDatabase("make volume \(name)") { database throws(MetadataError) in
                    try database.volume(orInsert: record)
                }
            }
            if let made {
                if made == record { noteVolume("create", name) }
                return made
            }
        }
    }

    func noteVolume(_ action: String, _ name: String) {
        note(action, of: name, type: "volume", ["driver": VolumeNames.driver])
    }

    /// All volumes, sorted by name, and whether some container uses each.
    public func volumes() throws(EngineError) -> [(record: VolumeRecord, isUsed: Bool)] {
        let (all, used) = try onDatabase("list the volumes") { database throws(MetadataError) in
            (try database.volumes(), try database.usedVolumes())
        }
        return all.map { ($0, used.contains($0.name)) }
    }

    public func volume(_ name: String) throws(EngineError) -> VolumeRecord {
        guard let record = try volumeRow(name) else { throw EngineError(.notFound, "get \(name): no such volume") }
        return record
    }

    /// What Docker's inspect says of a volume (Docker Engine API 1.51, Volume).
    public func inspectVolume(_ name: String) throws(EngineError) -> JSON {
        let record = try volume(name)
        let (labels, options) = (record.labelMembers, record.optionMembers)
        return [
            "CreatedAt": .string(Timestamp(nanoseconds: record.created / 1_000_000_000 * 1_000_000_000).description),
            "Driver": .string(record.driver), "Labels": labels.isEmpty ? .null : JSON(labels),
            "Mountpoint": .string(paths.volumeData(name)), "Name": .string(name),
            "Options": options.isEmpty ? .null : JSON(options), "Scope": "local",
        ]
    }

    /// Removes a volume that no container uses.
    public func removeVolume(_ name: String) throws(EngineError) {
        let database = try database()
        do throws(MetadataError) {
            try database.deleteVolume(name)
        } catch {
            switch error {
            case .noSuchVolume: throw EngineError(.notFound, "get \(name): no such volume")
            case .volumeInUse(_, let users):
                throw EngineError(.conflict, "remove \(name): volume is in use - [\(users.joined(separator: ", "))]")
            default: throw EngineError(error, cannot: "remove volume \(name)")
            }
        }
        try discardVolumes([name])
    }

    /// Removes volumes that no container uses.
    ///
    /// - Parameters:
    ///   - all: Also those that somebody named.
    ///   - isWanted: Which of them.
    public func pruneVolumes(
        all: Bool, where isWanted: (VolumeRecord) -> Bool = { _ in true }
    ) throws(EngineError) -> SystemPruneReport {
        var report = SystemPruneReport()
        for (record, isUsed) in try volumes() where !isUsed && isWanted(record) {
            guard all || record.isAnonymous else { continue }
            let size = try volumeSize(record.name)
            do throws(EngineError) { try removeVolume(record.name) } catch {
                // Somebody uses it now, or was faster.
                guard error.kind == .conflict || error.kind == .notFound else { throw error }
                continue
            }
            report.volumes.append(record.name)
            report.reclaimed += size
        }
        notePrune("volume", report.reclaimed)
        return report
    }

    func volumeSize(_ name: String) throws(EngineError) -> Int64 {
        do throws(SystemCallError) { return try FileDescriptor.directory(paths.volumeData(name)).treeSize() } catch {
            if error.errno == .noSuchFile { return 0 }
            throw EngineError(.system, cannot: "add up volume \(name)", because: "\(error)", cause: error)
        }
    }

    /// Removes the directories of volumes that have no row any more; one that has got one again meanwhile stays.
    func discardVolumes(_ names: [String]) throws(EngineError) {
        let directories = volumeDirectories
        for name in names {
            let retired = try directories.locked { directory throws(EngineError) -> RetiredDirectory? in
                guard try volumeRow(name) == nil else { return nil }
                return try directories.retire(name, in: directory)
            }
            guard let retired else { continue }
            try retired.removeOnceFree()
            noteVolume("destroy", name)
        }
    }
}

extension VolumeRecord {
    /// Nobody named it.
    public var isAnonymous: Bool { labelMembers[VolumeNames.anonymousLabel] != nil }
}
