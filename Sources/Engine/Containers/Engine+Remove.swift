import Cgroups
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
        var record = try container(name)
        while true {
            if record.state.isUp { try endToRemove(record, force: force) }
            if try remove(record, withVolumes: withVolumes) { return }
            // Somebody has started it meanwhile.
            guard let current = try current(record) else { return }
            record = current
        }
    }

    private func endToRemove(_ record: ContainerRecord, force: Bool) throws(EngineError) {
        guard force else {
            let isPaused = record.state.status == .paused
            throw EngineError(
                .conflict,
                "cannot remove container \"\(record.name)\": container is "
                    + (isPaused
                        ? "paused and must be unpaused first"
                        : "running: stop the container before removing or force remove"))
        }
        guard try end(record, signal: SIGKILL, timeout: 10) else { throw unending(record, "remove") }
    }

    /// Nil where it is gone.
    private func current(_ record: ContainerRecord) throws(EngineError) -> ContainerRecord? {
        let found = try onDatabase("find the container") { database throws(MetadataError) in
            try database.container(id: record.id)
        }
        guard let found else { return nil }
        return try reconciled([found]).first
    }

    /// Removes what does not run any more, but for its files, which go with ``finish()``. They lose their name before the row
    /// goes: a Hako that is killed in between leaves a row that can be removed again.
    ///
    /// - Returns: False where somebody has started it meanwhile.
    @discardableResult
    func remove(_ record: ContainerRecord, withVolumes: Bool = false) throws(EngineError) -> Bool {
        switch try takeLock(record, mounts: false) {
        case .taken(let lock):
            defer { withExtendedLifetime(lock) {} }
            try removeLocked(record, withVolumes)
            return true
        case .isUp: return false
        case .isGone: return true
        }
    }

    private func removeLocked(_ record: ContainerRecord, _ withVolumes: Bool) throws(EngineError) {
        let retiresAddresses = retireNetwork(record.id)
        let isBeingCleanedUp = try calling("remove container \(record.name)") { () throws(RuntimeClientError) in
            try ContainerLocks(path: runtimePaths.locks).isBeingCleanedUp(record.slot)
        }
        let volumes = try onDatabase("find the container's volumes") { database throws(MetadataError) in
            try database.anonymousVolumes(of: record.id)
        }
        // What its monitor is at just now is left to it.
        if !isBeingCleanedUp, mayHaveRuntimeState(record) {
            try removeRuntimeState(record.id, storedSpec(of: record).host)
            try removeBundle(record.id)
        }
        try retireFiles(of: record.id)
        // With what has happened to it until now: its events tell its name, too.
        try foldJournal(
            deleting: ContainerDeletion(
                id: record.id, time: RealTime.now, withVolumes: withVolumes, retiresAddresses: retiresAddresses))
        try discardVolumes(volumes)
    }

    /// Whether a monitor may not have cleaned up: it removes the bundle last, and whoever starts a container again makes that
    /// first. With its first start a cgroup may be there before.
    private func mayHaveRuntimeState(_ record: ContainerRecord) -> Bool {
        record.state.status == .created || access(runtimePaths.bundle(record.id), F_OK) == 0
            || access(runtimePaths.runtimeRoot + "/" + record.id, F_OK) == 0
    }

    /// What a monitor that was killed has left of a container that nobody else can start: its processes, the runtime's state
    /// and the cgroup, which may be there without a state.
    func removeRuntimeState(_ id: String, _ host: HostConfig) throws(EngineError) {
        try deleteRuntimeState(id, runtime: host.runtime)
        try removeCgroup(host.cgroup(of: id), of: id)
    }

    private func removeCgroup(_ path: String, of id: String) throws(EngineError) {
        // What is no path is none of a cgroup.
        guard let place = try? CgroupPath(parsing: path) else { return }
        do throws(CgroupError) {
            let cgroup = try CgroupMounts.detect().cgroup(at: place)
            try cgroup.kill()
            try cgroup.delete()
        } catch {
            throw EngineError(.system, cannot: "remove the cgroup of container \(id.prefix(12))", because: "\(error)", cause: error)
        }
    }

    func deleteRow(_ deletion: ContainerDeletion) throws(EngineError) {
        let volumes = try onDatabase("remove container \(deletion.id.prefix(12))") { database throws(MetadataError) in
            try database.deleteContainer(deletion)
        }
        ObjectLog.removed("container \(deletion.id), with its id range")
        try discardVolumes(volumes)
    }

    /// The same of one that nobody knows any more, and whose monitor has made it: with the files.
    func removeLeftovers(_ id: String, runtime: String) throws(EngineError) {
        try deleteRuntimeState(id, runtime: runtime)
        try removeFiles(id)
    }

    /// With the cgroup, where the runtime has a state of it.
    private func deleteRuntimeState(_ id: String, runtime: String) throws(EngineError) {
        guard access(runtimePaths.runtimeRoot + "/" + id, F_OK) == 0 else { return }
        let runtime = try runtimeCommand(runtime)
        try calling("remove the cgroup of container \(id.prefix(12))") { () throws(RuntimeClientError) in
            try runtime.delete(id)
        }
    }

    private func removeFiles(_ id: String) throws(EngineError) {
        do throws(SystemCallError) {
            try Directory.removeTree(runtimePaths.directory(id))
        } catch {
            throw EngineError(
                .system, cannot: "remove the files of container \(id.prefix(12))", because: "\(error)",
                hint: "What is mounted below \(runtimePaths.directory(id)) must be unmounted first.", cause: error)
        }
        try removeBundle(id)
    }

    private func removeBundle(_ id: String) throws(EngineError) {
        try explaining("remove the bundle of container \(id.prefix(12))") { () throws(SystemCallError) in
            try Directory.removeTree(runtimePaths.bundle(id))
        }
    }

    /// The same of a directory without a row, whose container was killed before it had one: where its cgroup was to be, nobody
    /// knows any more.
    func removeUnknownCgroups(_ id: String) throws(EngineError) {
        let paths: [String]
        do throws(CgroupError) { paths = try CgroupMounts.detect().paths(named: id) } catch {
            throw EngineError(.system, cannot: "look for cgroups of container \(id.prefix(12))", because: "\(error)", cause: error)
        }
        for path in paths { try removeCgroup(path, of: id) }
    }

    /// What the monitor starts when its container has ended and everybody was told: closes its ports, frees its address,
    /// and removes it if it was made with `--rm`.
    public func cleanUp(_ id: String) throws(EngineError) {
        let found = try onDatabase("find container \(id)") { database throws(MetadataError) in
            try database.container(id: id)
        }
        guard let record = found, record.id == id else {
            if try removeBuildStep(id) { return }
            // Whoever ran it in the foreground has removed it, but was perhaps killed before it could leave the files to the
            // monitor. What is no id is no directory's name either.
            if ContainerNames.isID(id) { try removeLeftovers(id, runtime: "") }
            return
        }
        if record.autoRemove {
            try remove(record)
        } else if let lock = try lockIfFree(record.slot, of: "container \(record.name)") {
            // Not while somebody starts it again: then the addresses are the new run's.
            defer { withExtendedLifetime(lock) {} }
            releaseNetwork(id)
            // Of a monitor that was killed.
            guard access(runtimePaths.bundle(id), F_OK) == 0 else { return }
            try removeRuntimeState(id, storedSpec(of: record).host)
            try removeBundle(id)
        }
    }

    /// Nil where somebody is at work on the container: its monitor, also one that cleans up, or who starts or removes it.
    func lockIfFree(_ slot: Int64, of holder: @autoclosure () -> String) throws(EngineError) -> FileDescriptor? {
        try calling("lock \(holder())") { () throws(RuntimeClientError) in
            let locks = try ContainerLocks(path: runtimePaths.locks)
            // In this order: a monitor lets go of the slot once it has the other byte.
            guard let lock = try locks.acquire(slot), try !locks.isBeingCleanedUp(slot) else { return nil }
            return lock
        }
    }
}
