import Metadata

extension Engine {
    /// Gives a container another name.
    public func rename(_ name: String, to newName: String) throws(EngineError) {
        let record = try container(name)
        guard !newName.isEmpty else { throw EngineError(.invalidArgument, "Neither old nor new names may be empty") }
        try Self.requireValid(newName)
        let bare = Self.bare(newName)
        guard bare != record.name else {
            throw EngineError(
                .invalidArgument, "Renaming a container with the same name as its current name")
        }
        try onDatabase("rename container \(record.name)") { database throws(MetadataError) in
            try database.renameContainer(record.id, to: bare)
        }
        note("rename", of: record.id, ["oldName": "/" + record.name])
    }

    static func requireValid(_ name: String) throws(EngineError) {
        guard ContainerNames.isValid(bare(name)) else {
            throw EngineError(
                .invalidArgument, "Invalid container name (\(name)), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        }
    }
}
