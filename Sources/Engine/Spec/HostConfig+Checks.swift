extension HostConfig {
    func validate() throws(EngineError) {
        switch networkMode {
        case "bridge", "host", "none": break
        case _ where networkMode.hasPrefix("container:"): break
        default:
            throw EngineError(
                .notFound, "network \(networkMode) not found",
                hint: "The networks are bridge, host, none and container:ID.")
        }
        try validateNamespaces()
        if networkMode.hasPrefix("container:"), !portBindings.isEmpty || publishAllPorts {
            throw EngineError(
                .invalidArgument,
                "conflicting options: port publishing and the container type network mode")
        }
        guard shmSize > 0 else { throw EngineError(.invalidArgument, "SHM size can not be less than 0") }
        try resources.validate()
        try SecurityOptions(securityOptions).validate()
        try validateSysctls()
        try logConfig.validate()
    }

    /// Only what belongs to a namespace of the container's own: anything else is the host's.
    private func validateSysctls() throws(EngineError) {
        let ipc = [
            "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
            "kernel.shmmni", "kernel.shm_rmid_forced",
        ]
        for name in sysctls.keys.sorted() {
            let isPlain = name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
                    || [0x2E, 0x5F, 0x2D].contains($0)
            }
            let isKnown = ipc.contains(name) || name.hasPrefix("fs.mqueue.") || name.hasPrefix("net.")
            guard isPlain, isKnown, !name.contains("..") else {
                throw EngineError(
                    .invalidArgument, cannot: "set sysctl \(name)", because: "it does not belong to a namespace of the container's",
                    hint: "net.*, fs.mqueue.* and the kernel.* of System V IPC do.")
            }
            if name.hasPrefix("net."), networkMode != "bridge", networkMode != "none" {
                throw EngineError(
                    .invalidArgument, cannot: "set sysctl \(name)",
                    because: "with --network \(networkMode) it would change another's network")
            }
        }
    }
}
