import Glibc
import Linux

/// What was made for a container.
struct ContainerTrace {
    let id: String
    let path: String
    /// The directory that is locked by whoever is at work on it.
    let lock: String
}

// What a killed Hako left on its way.
extension Engine {
    /// What there is of containers that have no row.
    func strays() throws(EngineError) -> [ContainerTrace] {
        let traces = try traces()
        try explaining("wait for the containers that are made") { () throws(SystemCallError) in
            try Directory.waitForLocks(in: paths.containers)
        }
        var free: [ContainerTrace] = []
        for trace in traces where try whileFree(trace) { free.append(trace) }
        // After that look: one that was made meanwhile was locked, or has a row.
        let known = Set(try containers().map(\.id) + buildSteps().map(\.id))
        var strays: [ContainerTrace] = []
        // Once more: what was removed meanwhile is gone.
        for trace in free where !known.contains(trace.id) {
            if try whileFree(trace) { strays.append(trace) }
        }
        return strays
    }

    /// Unless somebody is at work on it by now.
    func remove(_ stray: ContainerTrace) throws(EngineError) {
        _ = try whileFree(stray) { () throws(EngineError) in
            if ContainerNames.isID(stray.id) { try removeUnknownCgroups(stray.id) }
            try explaining("remove \(stray.path)") { () throws(SystemCallError) in try Directory.removeTree(stray.path) }
        }
    }

    private func traces() throws(EngineError) -> [ContainerTrace] {
        try explaining("list the containers' directories") { () throws(SystemCallError) in
            var traces: [ContainerTrace] = []
            for directory in [paths.containers, paths.bundles] {
                for name in try FileDescriptor.directory(directory).names() {
                    traces.append(ContainerTrace(id: "\(name)", path: "\(directory)/\(name)", lock: "\(directory)/\(name)"))
                }
            }
            // What runtimes keep. A monitor that is at work has the bundle, too, and takes that away last.
            let states = runtimePaths.runtimeRoot
            guard access(states, F_OK) == 0 else { return traces }
            for name in try FileDescriptor.directory(states).names() {
                traces.append(ContainerTrace(id: "\(name)", path: "\(states)/\(name)", lock: runtimePaths.bundle("\(name)")))
            }
            return traces
        }
    }

    /// Does something while nobody else is at work on it, under its lock.
    ///
    /// - Returns: False where somebody is, or it is gone.
    private func whileFree(
        _ trace: ContainerTrace, _ body: () throws(EngineError) -> Void = {}
    ) throws(EngineError) -> Bool {
        let directory = try explaining("look at \(trace.lock)") { () throws(SystemCallError) in try Self.directoryIfThere(trace.lock) }
        defer { withExtendedLifetime(directory) {} }
        let isFree = try explaining("lock \(trace.lock)") { () throws(SystemCallError) in
            try directory?.descriptor.tryLockWhole() ?? true
        }
        guard isFree, access(trace.path, F_OK) == 0 else { return false }
        try body()
        return true
    }

    /// What is no directory has no lock.
    private static func directoryIfThere(_ path: String) throws(SystemCallError) -> OpenDirectory? {
        do throws(SystemCallError) { return OpenDirectory(try FileDescriptor.directory(path)) } catch {
            guard error.errno == .noSuchFile || error.errno == .notDirectory else { throw error }
            return nil
        }
    }
}
