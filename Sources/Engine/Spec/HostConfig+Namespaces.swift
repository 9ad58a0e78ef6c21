extension HostConfig {
    /// The container whose namespace a mode names: `box` of `container:box`.
    static func container(inMode mode: String) -> String? {
        mode.hasPrefix("container:") ? String(mode.dropFirst("container:".count)) : nil
    }

    /// Whether it shares a namespace with another container, and with it that one's ids.
    var joinsContainer: Bool { [networkMode, pidMode, ipcMode].contains { $0.hasPrefix("container:") } }

    /// Whether the container has a range of host ids of its own.
    ///
    /// A namespace of the host's can't be used with own ids (low ports, sysfs): privileged and host-network containers have
    /// the host's unless `--userns=auto` asks otherwise. Who joins another container's namespaces has that one's ids.
    var hasOwnIDs: Bool {
        switch usernsMode {
        case "host": false
        case "auto", "private": true
        default: !privileged && networkMode != "host" && pidMode != "host" && !joinsContainer
        }
    }

    /// Refuses modes that there are not, in Docker's words, and those that contradict one another.
    func validateNamespaces() throws(EngineError) {
        try Self.require(usernsMode, "USER", ["", "auto", "private", "host"], hint: "It is auto or host.")
        try Self.require(utsMode, "UTS", ["", "host"], hint: "It is host, or left out.")
        try Self.require(cgroupnsMode, "CGROUP", ["private", "host"], hint: "It is private or host.")
        if Self.container(inMode: pidMode) ?? "" == "" {
            try Self.require(pidMode, "PID", ["", "host"], hint: "It is host or container:ID.")
        }
        if Self.container(inMode: ipcMode) ?? "" == "" {
            let modes = ["private", "shareable", "none", "host"]
            try Self.require(ipcMode, "IPC", modes, hint: "It is private, shareable, none, host or container:ID.")
        }
        guard !joinsContainer || usernsMode != "auto" && usernsMode != "private" else {
            throw EngineError(
                .invalidArgument, "conflicting options: the namespaces of another container and ids of its own",
                hint: "Leave out --userns: the container has the ids of the one that it joins.")
        }
    }

    private static func require(
        _ mode: String, _ kind: String, _ modes: [String], hint: String
    ) throws(EngineError) {
        guard modes.contains(mode) else { throw EngineError(.invalidArgument, "invalid \(kind) mode: \(mode)", hint: hint) }
    }

    /// The container's cgroup, relative to the root of each hierarchy: below the parent that was asked for, else Hako's.
    func cgroup(of id: String) -> String {
        let parent = resources.cgroupParent.split(separator: "/").joined(separator: "/")
        return parent.isEmpty ? StorePaths.cgroup(id) : "/\(parent)/\(id)"
    }
}
