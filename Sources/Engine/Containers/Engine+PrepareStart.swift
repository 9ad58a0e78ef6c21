import Linux
import RuntimeClient

/// A monitor that was started before its container is there.
struct MonitorDraft: ~Copyable {
    /// The container's, once it is made.
    let id: String
    let monitor: MonitorProcess
}

extension Engine {
    /// Begins what takes long in the start of a container that is about to be made, and needs nothing of the store: other
    /// processors make its namespaces and load its monitor's program meanwhile.
    ///
    /// Without a container in the end, they go with the engine. What can't be begun is tried again, and explained, when it
    /// is needed.
    public func prepareStart(of spec: ContainerSpec) {
        // First, as this process waits until the monitor's program is executed.
        let id = RandomID.make()
        monitorDraft = nil
        if let monitor = try? spawnMonitor(id, spec.host, directory: runtimePaths.directory(id)) {
            monitorDraft = MonitorDraft(id: id, monitor: monitor)
        }
        let mode = spec.host.networkMode
        if spec.host.hasOwnIDs, !spec.host.joinsContainer {
            namespaceDraft = try? UserNamespace.Draft(alsoNetwork: mode != "host")
        }
    }

    /// The container's monitor: the one that waits for it, or a new one.
    func takeMonitor(_ id: String, _ host: HostConfig) throws(EngineError) -> MonitorProcess {
        if monitorDraft.id == id, let draft = monitorDraft.take() { return draft.monitor }
        // Before the monitor makes a cgroup; see ``remove(_:withVolumes:)``.
        try explaining("make the bundle") { () throws(SystemCallError) in _ = try Directory.create(runtimePaths.bundle(id)) }
        return try spawnMonitor(id, host)
    }

    private func spawnMonitor(
        _ id: String, _ host: HostConfig, directory: String? = nil
    ) throws(EngineError) -> MonitorProcess {
        try Timings.span("spawn-monitor") { () throws(EngineError) in
            // Other runtimes make their cgroups themselves, and some take none that is there.
            let cgroup = try isOwnRuntime(host.runtime) ? host.cgroup(of: id) : nil
            return try calling("start the container's monitor") { () throws(RuntimeClientError) in
                try MonitorProcess.spawn(program: programs.runtime, bundle: runtimePaths.bundle(id), cgroup: cgroup, directory: directory)
            }
        }
    }
}

extension Optional where Wrapped == MonitorDraft {
    /// The id that the next container is to have.
    var id: String? {
        switch self {
        case .some(let draft): draft.id
        case .none: nil
        }
    }
}
