import SQLite

extension Database {
    /// Enters a volume, whose directory is there. One of that name is left as it is.
    ///
    /// - Returns: What is there then.
    public func volume(orInsert volume: VolumeRecord) throws(MetadataError) -> VolumeRecord {
        try write { session throws(MetadataError) in
            if let found = try session.volume(volume.name) { return found }
            try session.insert(volume)
            return volume
        }
    }

    public func volume(named name: String) throws(MetadataError) -> VolumeRecord? {
        try read { session throws(MetadataError) in try session.volume(name) }
    }

    /// Sorted by name.
    public func volumes() throws(MetadataError) -> [VolumeRecord] {
        try read { session throws(MetadataError) in
            try session.all("SELECT \(VolumeRecord.columns) FROM volumes ORDER BY name") { VolumeRecord($0) }
        }
    }

    /// The ids of the containers that use a volume, sorted.
    public func users(ofVolume name: String) throws(MetadataError) -> [String] {
        try read { session throws(MetadataError) in try session.users(ofVolume: name) }
    }

    /// The names of all volumes that some container uses.
    public func usedVolumes() throws(MetadataError) -> Set<String> {
        try read { session throws(MetadataError) in
            Set(try session.all("SELECT DISTINCT volume FROM volume_uses") { $0.text(0) })
        }
    }

    /// The ids of the containers that use each volume, by its name.
    public func volumeLinks() throws(MetadataError) -> [String: [String]] {
        let rows = try read { session throws(MetadataError) in
            try session.all("SELECT volume, container FROM volume_uses ORDER BY volume, container") { ($0.text(0), $0.text(1)) }
        }
        return Dictionary(grouping: rows) { $0.0 }.mapValues { $0.map { $0.1 } }
    }

    /// The names of the volumes that a container uses and that nobody named.
    public func anonymousVolumes(of container: String) throws(MetadataError) -> [String] {
        try read { session throws(MetadataError) in try session.anonymousVolumes(of: container, unlessKept: true) }
    }

    /// Deletes a volume's row. Its directory is the caller's to remove, afterwards.
    ///
    /// - Throws: ``MetadataError/volumeInUse(name:by:)``, ``MetadataError/noSuchVolume(_:)``.
    public func deleteVolume(_ name: String) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in
            let users = try session.users(ofVolume: name)
            guard users.isEmpty else { throw .volumeInUse(name: name, by: users) }
            guard try session.deleteUnusedVolume(name) else { throw .noSuchVolume(name) }
        }
    }
}

extension Session {
    fileprivate func volume(_ name: String) throws(MetadataError) -> VolumeRecord? {
        try first("SELECT \(VolumeRecord.columns) FROM volumes WHERE name=?", [.text(name)]) { VolumeRecord($0) }
    }

    fileprivate func users(ofVolume name: String) throws(MetadataError) -> [String] {
        try all("SELECT container FROM volume_uses WHERE volume=? ORDER BY container", [.text(name)]) { $0.text(0) }
    }

    func insert(_ volume: VolumeRecord) throws(MetadataError) {
        try run("INSERT INTO volumes(\(VolumeRecord.columns)) VALUES(?, ?, ?, ?, ?)", volume.values)
    }

    /// A volume that a racer has removed meanwhile is an error: the container would have a directory that is going.
    func insert(_ use: VolumeUse, of container: String) throws(MetadataError) {
        do throws(MetadataError) {
            try run(
                "INSERT INTO volume_uses(container, volume, isAnonymous, mounts) VALUES(?, ?, ?, ?)",
                [.text(container), .text(use.volume), Value(use.isAnonymous), .text(use.mounts)])
        } catch {
            guard case .database(let cause) = error, cause.kind == .constraint(.foreignKey) else { throw error }
            throw .noSuchVolume(use.volume)
        }
    }

    /// Those that may go with the container: all that it didn't name, if it was made with `--rm` or its volumes aren't kept.
    func anonymousVolumes(of container: String, unlessKept withVolumes: Bool) throws(MetadataError) -> [String] {
        try all(
            """
            SELECT volume FROM volume_uses JOIN containers ON id=container
            WHERE container=? AND isAnonymous=1 AND (autoRemove=1 OR ?)
            """, [.text(container), Value(withVolumes)]
        ) { $0.text(0) }
    }

    /// False where it isn't there, or is used.
    func deleteUnusedVolume(_ name: String) throws(MetadataError) -> Bool {
        try run(
            "DELETE FROM volumes WHERE name=? AND NOT EXISTS(SELECT 1 FROM volume_uses WHERE volume=?)",
            [.text(name), .text(name)]) > 0
    }
}
