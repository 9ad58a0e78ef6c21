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

extension LogConfig {
    func validate() throws(EngineError) {
        guard type == "json-file" || type == "none" else {
            throw EngineError(
                .invalidArgument, "logger: no log driver named '\(type)' is registered", hint: "There are json-file and none.")
        }
        for name in options.keys.sorted() where !["max-size", "max-file"].contains(name) || type == "none" {
            throw EngineError(.invalidArgument, "unknown log opt '\(name)' for \(type) log driver")
        }
        _ = try limits()
    }

    /// How long the log's files get, in bytes, and how many there are: by default 3 of 10 MiB, so that no log fills a disk.
    func limits() throws(EngineError) -> (maxSize: Int64?, maxFile: Int) {
        var limits: (maxSize: Int64?, maxFile: Int) = (10 << 20, 3)
        if let text = options["max-size"] {
            guard let size = Self.bytes(text) else {
                throw EngineError(.invalidArgument, "invalid value for max-size: \(text)", hint: "As in 10m, or -1 for none.")
            }
            limits.maxSize = size < 0 ? nil : size
        }
        if let text = options["max-file"] {
            guard let count = Int(text), (1...1000).contains(count) else {
                throw EngineError(.invalidArgument, "max-file cannot be less than 1: \(text)")
            }
            limits.maxFile = count
        }
        return limits
    }

    private static func bytes(_ text: String) -> Int64? {
        if text == "-1" { return -1 }
        let digits = text.prefix { ("0"..."9").contains($0) }
        let shift: Int64? =
            switch text.dropFirst(digits.count).lowercased() {
            case "", "b": 0
            case "k", "kb": 10
            case "m", "mb": 20
            case "g", "gb": 30
            default: nil
            }
        guard let value = Int64(digits), let shift, value > 0 else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: Int64(1) << shift)
        return overflow ? nil : product
    }
}
