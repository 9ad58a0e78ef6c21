import OCI
import SQLite

extension Database {
    /// Enters a container and gives it the smallest free slots, in one transaction: two racers never get the same.
    ///
    /// - Parameter idSlots: The ranges of host ids to take one from; nil for a container in the host's user namespace.
    /// - Throws: ``MetadataError/containerNameInUse(name:by:)``, ``MetadataError/containerIDInUse(_:)``,
    ///   ``MetadataError/noFreeIDRange``, ``MetadataError/noSuchImage(_:)``, ``MetadataError/noSuchVolume(_:)``.
    public func insertContainer(
        _ new: NewContainer, idSlots: Range<Int64>?
    ) throws(MetadataError) -> ContainerRecord {
        try write { session throws(MetadataError) in
            try session.requireFree(new)
            let slot = try session.smallestFree("slot", in: 0..<Int64.max)
            let idSlot = try session.freeIDSlot(in: idSlots)
            guard let slot, idSlot != nil || idSlots == nil else { throw .noFreeIDRange }
            let record = ContainerRecord(
                id: new.id, name: new.name, slot: slot, idSlot: idSlot, image: new.image, imageName: new.imageName,
                created: new.created, command: new.command, state: ContainerState(), autoRemove: new.autoRemove,
                networkMode: new.networkMode, labels: new.labels, ports: new.ports)
            try session.insert(record, image: record.image)
            try session.run("INSERT INTO container_specs(slot, spec) VALUES(?, ?)", [.integer(slot), .blob(new.spec)])
            for volume in new.volumes { try session.insert(volume) }
            for use in new.volumeUses { try session.insert(use, of: new.id) }
            return record
        }
    }

    /// The container that a user means: by its whole id, else its name, else the only id that begins so. In that order, so
    /// that a container named like an id's beginning can't take that id's place, nor a new id a name's.
    ///
    /// - Throws: ``MetadataError/ambiguousPrefix(_:)``.
    public func container(named name: String) throws(MetadataError) -> ContainerRecord? {
        try read { session throws(MetadataError) in
            if let exact = try session.container("id=?", name) { return exact }
            if let exact = try session.container("name=?", name) { return exact }
            guard IDPrefix.isPossible(name) else { return nil }
            let found = try session.all(
                "SELECT \(ContainerRecord.columns) FROM containers WHERE id>=? AND id<? AND image IS NOT NULL LIMIT 2",
                [.text(name), .text(IDPrefix.end(of: name))], ContainerRecord.init)
            guard found.count < 2 else { throw .ambiguousPrefix(name) }
            return found.first
        }
    }

    /// By its whole id.
    public func container(id: String) throws(MetadataError) -> ContainerRecord? {
        try read { session throws(MetadataError) in try session.container("id=?", id) }
    }

    /// All containers, the newest first.
    public func containers() throws(MetadataError) -> [ContainerRecord] {
        var records = try read { session throws(MetadataError) in
            var reader = ContainerReader()
            return try session.all("SELECT \(ContainerRecord.columns) FROM containers WHERE image IS NOT NULL ORDER BY slot DESC") {
                row throws(MetadataError) in try reader.read(row)
            }
        }
        // By slots they are nearly so already. SQLite would copy every row for it: a third of the time of a list of 1,000.
        records.sort { $0.created == $1.created ? $0.id < $1.id : $0.created > $1.created }
        return records
    }

    /// What was handed to ``insertContainer(_:idSlots:)`` or ``updateSpec(_:of:)``.
    public func spec(of id: String) throws(MetadataError) -> [UInt8] {
        try read { session throws(MetadataError) in
            guard
                let spec = try session.first(
                    "SELECT spec FROM container_specs WHERE slot=(SELECT slot FROM containers WHERE id=?)", [.text(id)],
                    { $0.blob(0) })
            else { throw .noSuchContainer(id) }
            return spec
        }
    }

    public func updateSpec(_ spec: [UInt8], of id: String) throws(MetadataError) {
        try write { session throws(MetadataError) in
            try session.changeOne(
                id, "UPDATE container_specs SET spec=? WHERE slot=(SELECT slot FROM containers WHERE id=?)",
                [.blob(spec), .text(id)])
        }
    }

    public func setState(_ state: ContainerState, of id: String) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in try session.setState(state, of: id) }
    }

    /// Sets the status of a container that has another one still, and the same process; one that has changed meanwhile stays
    /// as it is.
    public func setStatus(
        _ status: ContainerState.Status, from: ContainerState, of id: String
    ) throws(MetadataError) {
        try write { session throws(MetadataError) in
            try session.run(
                "UPDATE containers SET status=? WHERE id=? AND status=? AND pid=?",
                [.text(status.rawValue), .text(id), .text(from.status.rawValue), .integer(from.pid)])
        }
    }

    /// Notes that somebody has ended a container, or started it.
    public func setStopped(_ isStopped: Bool, of id: String) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in
            try session.run("UPDATE containers SET stopped=? WHERE id=?", [Value(isStopped), .text(id)])
        }
    }

    /// Several at once, as after a reboot; containers that are gone are passed over.
    public func setStates(_ states: [(id: String, state: ContainerState)]) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in
            for (id, state) in states {
                try session.run(
                    "UPDATE containers SET \(ContainerState.assignments) WHERE id=?", state.values + [.text(id)])
            }
        }
    }

    /// - Parameter ports: JSON text, as ``ContainerRecord/ports``.
    public func setPorts(_ ports: String, of id: String) throws(MetadataError) {
        try write { session throws(MetadataError) in
            try session.changeOne(id, "UPDATE containers SET ports=? WHERE id=?", [.text(ports), .text(id)])
        }
    }

    public func renameContainer(_ id: String, to name: String) throws(MetadataError) {
        try write { session throws(MetadataError) in
            if let other = try session.first("SELECT id FROM containers WHERE name=?", [.text(name)], { $0.text(0) }) {
                throw .containerNameInUse(name: name, by: other)
            }
            try session.changeOne(id, "UPDATE containers SET name=? WHERE id=?", [.text(name), .text(id)])
        }
    }

    /// Deletes the row with all that belongs to the container: its spec, addresses, ports and slots. One that isn't there
    /// is no error: a racer was faster.
    ///
    /// - Returns: The names of the volumes that went. Their directories are the caller's to remove.
    @discardableResult
    public func deleteContainer(_ deletion: ContainerDeletion) throws(MetadataError) -> [String] {
        try writeFreeing { session throws(MetadataError) in try session.delete(deletion) }
    }

    /// The containers that were made of an image, by id.
    public func containers(ofImage image: ImageID) throws(MetadataError) -> [ContainerRecord] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT \(ContainerRecord.columns) FROM containers WHERE image=? ORDER BY created DESC, id",
                [.text(image.description)], ContainerRecord.init)
        }
    }
}

extension Session {
    /// - Parameter events: That came before it.
    /// - Returns: The names of the volumes that went.
    @discardableResult
    func delete(_ deletion: ContainerDeletion, after events: [Event] = []) throws(MetadataError) -> [String] {
        let id = deletion.id
        // Before it goes, as the events tell its name. Of its end a racer that was faster has told.
        let description = try description(of: id)
        let end = Event(time: deletion.time, type: "container", action: "destroy", actor: id)
        guard let description else {
            try record(events)
            return []
        }
        try record(events + [end], known: [id: description])
        let anonymous = try anonymousVolumes(of: id, unlessKept: deletion.withVolumes)
        if deletion.retiresAddresses { try retireAddresses(of: id) }
        try run("DELETE FROM containers WHERE id=?", [.text(id)])
        var deleted: [String] = []
        for name in anonymous where try deleteUnusedVolume(name) { deleted.append(name) }
        return deleted
    }

    func container(_ condition: String, _ value: String) throws(MetadataError) -> ContainerRecord? {
        try first(
            "SELECT \(ContainerRecord.columns) FROM containers WHERE \(condition) AND image IS NOT NULL", [.text(value)],
            ContainerRecord.init)
    }

    /// Inside the write transaction nobody else can take the name between this look and the insert.
    fileprivate func requireFree(_ new: NewContainer) throws(MetadataError) {
        if let other = try first("SELECT id FROM containers WHERE name=?", [.text(new.name)], { $0.text(0) }) {
            throw .containerNameInUse(name: new.name, by: other)
        }
        if try first("SELECT 1 FROM containers WHERE id=?", [.text(new.id)], { _ in true }) != nil {
            throw .containerIDInUse(new.id)
        }
        let image = new.image.description
        if try first("SELECT 1 FROM images WHERE id=?", [.text(image)], { _ in true }) == nil {
            throw .noSuchImage(image)
        }
    }

    func freeIDSlot(in range: Range<Int64>?) throws(MetadataError) -> Int64? {
        guard let range else { return nil }
        return try smallestFree("idSlot", in: range)
    }

    /// The smallest number of a range that no container has in `column`.
    func smallestFree(_ column: String, in range: Range<Int64>) throws(MetadataError) -> Int64? {
        guard !range.isEmpty else { return nil }
        let start = Value.integer(range.lowerBound)
        let isTaken = try first("SELECT 1 FROM containers WHERE \(column)=?", [start]) { _ in true }
        guard isTaken != nil else { return range.lowerBound }
        var next = try end(ofDense: column, in: range)
        if next == nil { next = try firstGap(column, from: start) }
        guard let next, range.contains(next) else { return nil }
        return next
    }

    /// The number after the largest one, if all up to it are taken: the usual case, for which no gap is to be looked for.
    private func end(ofDense column: String, in range: Range<Int64>) throws(MetadataError) -> Int64? {
        let found = try first(
            "SELECT count(*), max(\(column)) FROM containers WHERE \(column)>=? AND \(column)<?",
            [.integer(range.lowerBound), .integer(range.upperBound)]
        ) { (count: $0.integer(0), largest: $0.integer(1)) }
        guard let found, found.largest - range.lowerBound == found.count - 1 else { return nil }
        return found.largest + 1
    }

    private func firstGap(_ column: String, from start: Value) throws(MetadataError) -> Int64? {
        try first(
            """
            SELECT \(column)+1 FROM containers AS c WHERE \(column)>=?
            AND NOT EXISTS(SELECT 1 FROM containers AS d WHERE d.\(column)=c.\(column)+1) ORDER BY \(column) LIMIT 1
            """, [start]
        ) { $0.integer(0) }
    }

    /// - Parameter image: Nil for a step of a build.
    func insert(_ record: ContainerRecord, image: ImageID?) throws(MetadataError) {
        let values: [Value] =
            [
                .text(record.id), .text(record.name), .integer(record.slot), Value(record.idSlot),
                Value(image?.description), .text(record.imageName), .integer(record.created),
                .text(record.command),
            ] + record.state.values + [
                Value(record.autoRemove), .text(record.networkMode), .text(record.labels), .text(record.ports),
                .integer(record.restarts), Value(record.isStopped), .text(record.health),
            ]
        let marks = String(repeating: "?, ", count: values.count - 1) + "?"
        try run("INSERT INTO containers(\(ContainerRecord.columns)) VALUES(\(marks))", values)
    }

    func setState(_ state: ContainerState, of id: String) throws(MetadataError) {
        try changeOne(id, "UPDATE containers SET \(ContainerState.assignments) WHERE id=?", state.values + [.text(id)])
    }

    fileprivate func changeOne(_ id: String, _ sql: String, _ values: [Value]) throws(MetadataError) {
        guard try run(sql, values) > 0 else { throw .noSuchContainer(id) }
    }
}

/// The beginning of an id, which users write for the whole.
enum IDPrefix {
    /// Whether an id can begin so: up to 64 lower-case hexadecimal digits.
    static func isPossible(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// The first text that is after all ids with this beginning: `g` is after `f`.
    static func end(of prefix: String) -> String { prefix + "g" }
}
