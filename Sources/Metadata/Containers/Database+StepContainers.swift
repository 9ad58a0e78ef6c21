import OCI
import SQLite

/// A step of a build: a container that belongs to whoever builds, and that nobody else is shown. It has what containers must not
/// share (slots, an address), and no image: what it runs on are the layers that the build has made until then.
public struct StepContainerRecord: Hashable, Sendable {
    public var id: String
    public var slot: Int64
    public var idSlot: Int64?
}

extension Database {
    /// Enters a step with the smallest free slots.
    ///
    /// - Parameter idSlots: As for ``insertContainer(_:idSlots:)``.
    /// - Returns: What a container of these slots would be; its image is none that there is.
    /// - Throws: ``MetadataError/noFreeIDRange``.
    public func insertStepContainer(
        _ id: String, at time: Int64, networkMode: String, idSlots: Range<Int64>?
    ) throws(MetadataError) -> ContainerRecord {
        let none = try Self.noImage()
        return try write { session throws(MetadataError) in
            let slot = try session.smallestFree("slot", in: 0..<Int64.max)
            let idSlot = try session.freeIDSlot(in: idSlots)
            guard let slot, idSlot != nil || idSlots == nil else { throw .noFreeIDRange }
            let record = ContainerRecord(
                id: id, name: id, slot: slot, idSlot: idSlot, image: none, imageName: "", created: time, command: "",
                state: ContainerState(), autoRemove: true, networkMode: networkMode, labels: "{}", ports: "[]")
            try session.insert(record, image: nil)
            return record
        }
    }

    /// Those of the builds that run, and what builds that were killed have left.
    public func stepContainers() throws(MetadataError) -> [StepContainerRecord] {
        try read { session throws(MetadataError) in
            try session.all("SELECT id, slot, idSlot FROM containers WHERE image IS NULL ORDER BY slot", []) {
                StepContainerRecord(id: $0.text(0), slot: $0.integer(1), idSlot: $0.optionalInteger(2))
            }
        }
    }

    /// Nil where there is none of that id.
    public func stepContainer(_ id: String) throws(MetadataError) -> StepContainerRecord? {
        try read { session throws(MetadataError) in
            try session.first("SELECT id, slot, idSlot FROM containers WHERE id=? AND image IS NULL", [.text(id)]) {
                StepContainerRecord(id: $0.text(0), slot: $0.integer(1), idSlot: $0.optionalInteger(2))
            }
        }
    }

    /// Deletes a step's row with all that belongs to it. Its addresses stay out of use until ``free(_:)``.
    public func deleteStepContainer(_ id: String) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in
            try session.retireAddresses(of: id)
            try session.run("DELETE FROM containers WHERE id=? AND image IS NULL", [.text(id)])
        }
    }

    /// No content has the digest of zeros.
    private static func noImage() throws(MetadataError) -> ImageID {
        do throws(DigestError) {
            return ImageID(try Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0, count: 32)))
        } catch { throw .malformed(column: "containers.image", value: "") }
    }
}
