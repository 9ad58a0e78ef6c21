/// What volumes may be called.
enum VolumeNames {
    /// The only driver.
    static let driver = "local"
    /// Marks a volume that nobody named, as Docker's does.
    static let anonymousLabel = "com.docker.volume.anonymous"

    /// Docker's grammar, which a container's name has too: a name can be no path, no option, and none of ours, which begin
    /// with a full stop.
    static func requireValid(_ name: String) throws(EngineError) {
        guard name.utf8.count != 1 else {
            throw EngineError(
                .invalidArgument,
                "create \(name): volume name is too short, names should be at least two alphanumeric characters")
        }
        guard ContainerNames.isValid(name) else {
            throw EngineError(
                .invalidArgument,
                "create \(name): \"\(name)\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
            )
        }
    }

    static func requireLocal(_ driver: String) throws(EngineError) {
        guard driver.isEmpty || driver == Self.driver else {
            throw EngineError(.notFound, "error looking up volume plugin \(driver): plugin \"\(driver)\" not found")
        }
    }
}
