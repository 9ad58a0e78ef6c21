import Glibc
import Linux
import Metadata
import RuntimeClient

extension Engine {
    /// Removes a container with everything it wrote.
    ///
    /// - Parameters:
    ///   - force: Whether to kill it first where it runs.
    ///   - withVolumes: Whether its anonymous volumes go, too, that no other container uses. Those of a container made with
    ///     `--rm` do in any case.
    public func remove(_ name: String, force: Bool = false, withVolumes: Bool = false) throws(EngineError) {
        let record = try container(name)
        if record.state.isUp {
            guard force else {
                let isPaused = record.state.status == .paused
                throw EngineError(
                    .conflict,
                    "cannot remove container \"\(record.name)\": container is "
                        + (isPaused
                            ? "paused and must be unpaused first"
                            : "running: stop the container before removing or force remove"))
            }
            _ = try end(record, signal: SIGKILL, timeout: 10)
        }
        try remove(record, withVolumes: withVolumes)
    }

    /// Removes what does not run any more. The files go before the row: a Hako that is killed in between leaves a row that
    /// can be removed again.
    func remove(_ record: ContainerRecord, withVolumes: Bool = false) throws(EngineError) {
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
        let spec = try storedSpec(of: record)
        try removeLeftovers(record.id, runtime: spec.host.runtime)
        // With what has happened to it until now: its events tell its name, too.
        try foldJournal(deleting: record.id, withVolumes: withVolumes)
        try discardVolumes(spec.anonymousVolumes)
    }

    func deleteRow(_ id: String, withVolumes: Bool) throws(EngineError) {
        let volumes = try onDatabase("remove container \(id.prefix(12))") { database throws(MetadataError) in
            try database.deleteContainer(id, at: RealTime.now, withVolumes: withVolumes)
        }
        ObjectLog.removed("container \(id), with its id range")
        try discardVolumes(volumes)
    }

    /// What a container, or a monitor that was killed, has left: the runtime's state with the cgroup, and the files.
    func removeLeftovers(
        _ id: String, runtime: @autoclosure () throws(EngineError) -> String
    ) throws(EngineError) {
        if access(runtimePaths.runtimeRoot + "/" + id, F_OK) == 0 {
            let runtime = try runtimeCommand(runtime())
            try calling("remove the cgroup of container \(id.prefix(12))") { () throws(RuntimeClientError) in
                try runtime.delete(id)
            }
        }
        do throws(SystemCallError) {
            try Directory.removeTree(runtimePaths.directory(id))
            try Directory.removeTree(runtimePaths.bundle(id))
        } catch {
            throw EngineError(
                .system, cannot: "remove the files of container \(id.prefix(12))", because: "\(error)",
                hint: "What is mounted below \(runtimePaths.directory(id)) must be unmounted first.", cause: error)
        }
    }

    /// What the monitor starts when its container has ended and everybody was told: closes its ports, frees its address,
    /// and removes it if it was made with `--rm`.
    public func cleanUp(_ id: String) throws(EngineError) {
        let found = try onDatabase("find container \(id)") { database throws(MetadataError) in
            try database.container(id: id)
        }
        guard let record = found, record.id == id else {
            // Whoever ran it in the foreground has removed it, but was perhaps killed before it could leave the files to the
            // monitor. What is no id is no directory's name either.
            if ContainerNames.isID(id) { try removeLeftovers(id, runtime: "") }
            return
        }
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
