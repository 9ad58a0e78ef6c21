import Glibc
import Linux
import Metadata
import RuntimeClient

extension Engine {
    /// Removes a container with everything it wrote.
    ///
    /// - Parameter force: Whether to kill it first where it runs.
    public func remove(_ name: String, force: Bool = false) throws(EngineError) {
        let record = try container(name)
        if record.state.status == .running {
            guard force else {
                throw EngineError(
                    .conflict,
                    "cannot remove container \"\(record.name)\": container is running: stop the container before removing or force remove"
                )
            }
            _ = try end(record, signal: SIGKILL, timeout: 10)
        }
        try remove(record)
    }

    /// Removes what does not run any more. The files go before the row: a Hako that is killed in between leaves a row that
    /// can be removed again.
    func remove(_ record: ContainerRecord) throws(EngineError) {
        try remove(record) { () throws(EngineError) in try removeFiles(record) }
    }

    func remove(_ record: ContainerRecord, files: () throws(EngineError) -> Void) throws(EngineError) {
        // A monitor that has told the end still cleans up for a moment; two removers take turns.
        let lock = try calling("remove container \(record.name)") { () throws(RuntimeClientError) in
            let locks = try ContainerLocks(path: runtimePaths.locks)
            return try locks.acquireWaiting(record.slot)
        }
        defer { withExtendedLifetime(lock) {} }
        let current = try onDatabase("find the container") { database throws(MetadataError) in
            try database.container(id: record.id)
        }
        // A racer was faster, and the slot may be another container's by now.
        guard current != nil else { return }
        releaseNetwork(record.id)
        // A monitor that was killed has left the runtime's state behind, and the cgroup.
        if access(runtimePaths.runtimeRoot + "/" + record.id, F_OK) == 0 {
            try runRuntime(
                ["delete", "--force", record.id], program: runtimeProgram(storedSpec(of: record).host.runtime),
                action: "remove the cgroup of container \(record.name)")
        }
        try files()
        try onDatabase("remove container \(record.name)") { database throws(MetadataError) in
            try database.deleteContainer(record.id)
        }
    }

    func removeFiles(_ record: ContainerRecord) throws(EngineError) {
        do throws(SystemCallError) {
            try Directory.removeTree(runtimePaths.directory(record.id))
            try Directory.removeTree(runtimePaths.bundle(record.id))
        } catch {
            throw EngineError(
                .system, cannot: "remove the files of container \(record.name)", because: "\(error)",
                hint: "What is mounted below \(runtimePaths.directory(record.id)) must be unmounted first.", cause: error)
        }
    }

    /// What the monitor starts when its container has ended and everybody was told: closes its ports, frees its address,
    /// and removes it if it was made with `--rm`.
    public func cleanUp(_ id: String) throws(EngineError) {
        let found = try onDatabase("find container \(id)") { database throws(MetadataError) in
            try database.container(id: id)
        }
        // Whoever ran it in the foreground has removed it already.
        guard let record = found, record.id == id else { return }
        if record.autoRemove {
            try remove(record)
        } else if let lock = try lockIfFree(record) {
            // Not while somebody starts it again: then the addresses are the new run's.
            defer { withExtendedLifetime(lock) {} }
            releaseNetwork(id)
        }
    }

    private func lockIfFree(_ record: ContainerRecord) throws(EngineError) -> FileDescriptor? {
        try calling("lock container \(record.name)") { () throws(RuntimeClientError) in
            let locks = try ContainerLocks(path: runtimePaths.locks)
            return try locks.acquire(record.slot)
        }
    }
}
