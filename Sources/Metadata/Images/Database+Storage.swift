import OCI
import SQLite

extension Database {
    /// Enters what is in its place and verified. What is there already stays.
    public func insert(_ item: StoredItem) throws(MetadataError) {
        let kind = item.name.kind
        try write { session throws(MetadataError) in
            try session.run(
                "INSERT OR IGNORE INTO \(kind.table)(\(kind.key), size, unsyncedBoot) VALUES(?, ?, ?)",
                [.text(item.name.digest.description), .integer(item.size), Value(item.unsyncedBoot)])
        }
    }

    /// Enters a layer with the directories in it that its stream named no entry for, as bytes of their paths.
    public func insert(
        layer: DiffID, size: Int64, unsyncedBoot: String?, implicitDirectories: [[UInt8]]
    ) throws(MetadataError) {
        let paths: [UInt8]? = implicitDirectories.isEmpty ? nil : implicitDirectories.flatMap { $0 + [0] }
        try write { session throws(MetadataError) in
            try session.run(
                "INSERT OR IGNORE INTO layers(diffID, size, unsyncedBoot, implicitDirectories) VALUES(?, ?, ?, ?)",
                [.text(layer.description), .integer(size), Value(unsyncedBoot), Value(paths)])
        }
    }

    /// What is known of layers, from one moment, in their order; nil for one that isn't there.
    public func details(of layers: [DiffID]) throws(MetadataError) -> [LayerDetails?] {
        try read { session throws(MetadataError) in
            var details: [LayerDetails?] = []
            for layer in layers {
                details.append(
                    try session.first("SELECT size, implicitDirectories FROM layers WHERE diffID=?", [.text(layer.description)]) {
                        LayerDetails(size: $0.integer(0), implicitDirectories: $0.blob(1).split(separator: 0).map(Array.init))
                    })
            }
            return details
        }
    }

    public func stored(_ name: StoredName) throws(MetadataError) -> StoredItem? {
        try read { session throws(MetadataError) in try session.stored(name) }
    }

    /// All of a kind, by digest.
    public func stored(_ kind: StoredKind) throws(MetadataError) -> [StoredItem] {
        try read { session throws(MetadataError) in
            try session.all("SELECT \(kind.key), size, unsyncedBoot FROM \(kind.table) ORDER BY 1") {
                row throws(MetadataError) in try StoredItem(kind, row)
            }
        }
    }

    /// All that is stored, and which images and steps of builds hold what of it, from one moment.
    public func holdings() throws(MetadataError) -> (items: [StoredItem], holdings: [Holding]) {
        try read { session throws(MetadataError) in
            var (items, holdings): ([StoredItem], [Holding]) = ([], [])
            for (kind, holders, column) in [(StoredKind.blob, "image_blobs", "blob"), (.layer, "image_layers", "diffID")] {
                items += try session.all("SELECT \(kind.key), size, unsyncedBoot FROM \(kind.table)") {
                    row throws(MetadataError) in try StoredItem(kind, row)
                }
                holdings += try session.all("SELECT image, \(kind.key) FROM \(holders)") { row throws(MetadataError) in
                    Holding(
                        holder: .image(try row.imageID(0, "\(holders).image")),
                        name: kind.name(try row.digest(1, "\(holders).\(kind.key)")))
                }
                holdings += try session.all("SELECT key, \(column) FROM build_cache WHERE \(column) IS NOT NULL") {
                    row throws(MetadataError) in
                    Holding(holder: .step(row.blob(0)), name: kind.name(try row.digest(1, "build_cache.\(column)")))
                }
            }
            return (items, holdings)
        }
    }

    /// What isn't known to be on the disk.
    ///
    /// - Parameter boot: Only what an earlier boot than this one wrote, which a power cut may have damaged; nil for all.
    public func unsynced(_ kind: StoredKind, notOfBoot boot: String? = nil) throws(MetadataError) -> [StoredItem] {
        try read { session throws(MetadataError) in
            // Asked at every start. Left to itself SQLite reads the whole table, to have the key's order, not the index of these few.
            try session.all(
                """
                SELECT \(kind.key), size, unsyncedBoot FROM \(kind.table) INDEXED BY \(kind.table)_unsynced
                WHERE unsyncedBoot IS NOT NULL AND unsyncedBoot IS NOT ? ORDER BY 1
                """, [Value(boot)]
            ) { row throws(MetadataError) in try StoredItem(kind, row) }
        }
    }

    /// Notes that these are on the disk.
    public func markSynced(_ names: [StoredName]) throws(MetadataError) {
        guard !names.isEmpty else { return }
        try write { session throws(MetadataError) in
            for name in names {
                try session.run(
                    "UPDATE \(name.kind.table) SET unsyncedBoot=NULL WHERE \(name.kind.key)=?",
                    [.text(name.digest.description)])
            }
        }
    }

    /// Forgets an item that is damaged or gone. Its image keeps its row, and can't be run until it is pulled again.
    public func delete(_ name: StoredName) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in
            try session.run(
                "DELETE FROM \(name.kind.table) WHERE \(name.kind.key)=?", [.text(name.digest.description)])
        }
    }
}

extension Database {
    /// Enters a lease, whose items aren't garbage as long as it lasts.
    public func insertLease(_ id: String, at time: Int64) throws(MetadataError) {
        try write { session throws(MetadataError) in
            try session.run("INSERT INTO leases(id, created) VALUES(?, ?)", [.text(id), .integer(time)])
        }
    }

    /// Puts an item under a lease, whether it is there yet or not, and tells whether it is: from then on it stays.
    public func hold(_ name: StoredName, lease: String) throws(MetadataError) -> StoredItem? {
        try hold([name], lease: lease).first ?? nil
    }

    /// The same for several. Nil for each that isn't there.
    ///
    /// All in one transaction, or a collection in between would delete what was just found.
    public func hold(_ names: [StoredName], lease: String) throws(MetadataError) -> [StoredItem?] {
        guard !names.isEmpty else { return [] }
        return try write { session throws(MetadataError) in
            var items: [StoredItem?] = []
            for name in names {
                try session.run(
                    "INSERT OR IGNORE INTO lease_resources(lease, kind, digest) VALUES(?, ?, ?)",
                    [.text(lease), .text(name.kind.rawValue), .text(name.digest.description)])
                items.append(try session.stored(name))
            }
            return items
        }
    }

    public func leases() throws(MetadataError) -> [String] {
        try read { session throws(MetadataError) in try session.all("SELECT id FROM leases ORDER BY id") { $0.text(0) } }
    }

    /// Ends leases; those that are ended already are no error.
    public func deleteLeases(_ ids: [String]) throws(MetadataError) {
        guard !ids.isEmpty else { return }
        try writeFreeing { session throws(MetadataError) in
            for id in ids { try session.run("DELETE FROM leases WHERE id=?", [.text(id)]) }
        }
    }

    /// Forgets the items that no image, no step of the build cache and no lease holds, and returns them: their files are to be deleted.
    public func sweep() throws(MetadataError) -> [StoredItem] {
        try writeFreeing { session throws(MetadataError) in
            try session.sweep(.blob, heldBy: "image_blobs", "blob") + session.sweep(.layer, heldBy: "image_layers", "diffID")
        }
    }
}

extension Session {
    func stored(_ name: StoredName) throws(MetadataError) -> StoredItem? {
        let kind = name.kind
        return try first(
            "SELECT \(kind.key), size, unsyncedBoot FROM \(kind.table) WHERE \(kind.key)=?",
            [.text(name.digest.description)]
        ) { row throws(MetadataError) in try StoredItem(kind, row) }
    }

    /// - Parameters:
    ///   - holders: The table of what images hold.
    ///   - column: Where the steps of builds name what they hold.
    fileprivate func sweep(
        _ kind: StoredKind, heldBy holders: String, _ column: String
    ) throws(MetadataError) -> [StoredItem] {
        let condition = """
            WHERE NOT EXISTS(SELECT 1 FROM \(holders) AS h WHERE h.\(kind.key)=\(kind.table).\(kind.key))
            AND NOT EXISTS(SELECT 1 FROM build_cache AS s WHERE s.\(column)=\(kind.table).\(kind.key))
            AND NOT EXISTS(SELECT 1 FROM lease_resources AS l
                           WHERE l.kind='\(kind.rawValue)' AND l.digest=\(kind.table).\(kind.key))
            """
        let garbage = try all("SELECT \(kind.key), size, unsyncedBoot FROM \(kind.table) \(condition)") {
            row throws(MetadataError) in try StoredItem(kind, row)
        }
        try run("DELETE FROM \(kind.table) \(condition)")
        return garbage
    }
}
