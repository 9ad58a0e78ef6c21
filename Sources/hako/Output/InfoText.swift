import OCI

/// What `info` tells, in the lines and words of Docker's client.
enum InfoText {
    static func lines(_ info: JSON) -> String {
        var text = "Client:\n Version:    \(value(info["ServerVersion"]))\n\nServer:\n"
        for row in rows { text += "\(row.label): \(Terminal.escaped(value(info[row.member])))\n" }
        text += " Security Options:\n"
        for option in info["SecurityOptions"]?.array ?? [] { text += securityLines(option.string ?? "") }
        for row in hostRows {
            let shown = row.member == "MemTotal" ? Units.binarySize(info[row.member]?.integer ?? 0) : value(info[row.member])
            text += "\(row.label): \(Terminal.escaped(shown))\n"
        }
        return text + configured(info)
    }

    /// What the configuration says, where it does.
    private static func configured(_ info: JSON) -> String {
        let registries = info["RegistryConfig"]
        let insecure = (registries?["InsecureRegistries"]?.array ?? []) + (registries?["InsecureRegistryCIDRs"]?.array ?? [])
        let lists = [("Labels", info["Labels"]?.array), ("Insecure Registries", insecure), ("Registry Mirrors", registries?["Mirrors"]?.array)]
        var text = ""
        for (label, list) in lists where list?.isEmpty == false {
            text += " \(label):\n" + (list ?? []).map { "  \(Terminal.escaped(value($0)))\n" }.joined()
        }
        let pools = info["DefaultAddressPools"]?.array ?? []
        if !pools.isEmpty {
            text += " Default Address Pools:\n" + pools.map { "   Base: \(value($0["Base"])), Size: \(value($0["Size"]))\n" }.joined()
        }
        if let path = info["ConfigurationFile"]?.string { text += " Configuration: \(Terminal.escaped(path))\n" }
        return text
    }

    private static let rows: [(label: String, member: String)] = [
        (" Containers", "Containers"), ("  Running", "ContainersRunning"), ("  Paused", "ContainersPaused"),
        ("  Stopped", "ContainersStopped"), (" Images", "Images"), (" Server Version", "ServerVersion"),
        (" Storage Driver", "Driver"), (" Logging Driver", "LoggingDriver"), (" Cgroup Driver", "CgroupDriver"),
        (" Cgroup Version", "CgroupVersion"), (" Runtimes", "Runtimes"), (" Default Runtime", "DefaultRuntime"),
        (" Init Binary", "InitBinary"),
    ]
    private static let hostRows: [(label: String, member: String)] = [
        (" Kernel Version", "KernelVersion"), (" Operating System", "OperatingSystem"), (" OSType", "OSType"),
        (" Architecture", "Architecture"), (" CPUs", "NCPU"), (" Total Memory", "MemTotal"), (" Name", "Name"),
        (" Docker Root Dir", "DockerRootDir"),
    ]

    /// `name=seccomp,profile=builtin` is the option with its properties below it.
    private static func securityLines(_ option: String) -> String {
        option.split(separator: ",").map { part in
            let (name, value) = (part.prefix { $0 != "=" }, part.drop { $0 != "=" }.dropFirst())
            return name == "name" ? "  \(value)\n" : "   \(name.prefix(1).uppercased())\(name.dropFirst()): \(value)\n"
        }.joined()
    }

    private static func value(_ json: JSON?) -> String {
        json?.string ?? json?.integer.map(String.init) ?? json?.object?.members.map(\.name).joined(separator: " ") ?? ""
    }
}
