import Metadata
import OCI

extension Engine {
    /// The container that a user means, by id, name or the beginning of an id; its state is what it really is.
    public func container(_ name: String) throws(EngineError) -> ContainerRecord {
        let bare = Self.bare(name)
        let found = try onDatabase("find container \(name)") { database throws(MetadataError) in
            try database.container(named: bare)
        }
        guard let found, let record = try reconciled([found]).first else {
            throw EngineError(.notFound, "No such container: \(name)")
        }
        return record
    }

    /// All containers, the newest first.
    public func containers() throws(EngineError) -> [ContainerRecord] {
        try removeDeadBuildSteps()
        return try reconciled(
            onDatabase("list the containers") { database throws(MetadataError) in try database.containers() })
    }

    func storedSpec(of record: ContainerRecord) throws(EngineError) -> StoredSpec {
        let bytes = try onDatabase("read the container") { database throws(MetadataError) in
            try database.spec(of: record.id)
        }
        return try StoredSpec(bytes: bytes, of: record.id)
    }
}
