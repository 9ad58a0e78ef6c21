import ConfigurationFiles
import OCI

/// A request to make a container.
public struct ContainerSpec: Sendable {
    /// Nil for a name that Hako chooses.
    public var name: String?
    /// `os/architecture[/variant]` of the image; nil is this host's.
    public var platform: String?
    public var config = ContainerConfig()
    public var host = HostConfig()
    /// `[ip:][hostport]:port[/protocol]`, as `-p` takes them; they become ``HostConfig/portBindings``.
    public var publish: [String] = []
    /// `port[-port][/protocol]`, as `--expose` takes them.
    public var expose: [String] = []

    /// What only a network that somebody made can give: an address, as `--ip`, `--ip6` and `--link-local-ip` ask for, and names.
    public var addresses: [String] = []
    public var networkAliases: [String] = []

    public init() {}

    /// A request in which stands what the machine's owner wants of containers that ask for nothing else.
    public init(defaults configuration: EngineConfiguration) {
        host.logConfig.type = configuration.logDriver
        host.runtime = configuration.defaultRuntime
        host.shmSize = configuration.shmSize
        host.resources.cgroupParent = configuration.cgroupParent
        host.cgroupnsMode = configuration.cgroupnsMode
        host.ipcMode = configuration.ipcMode
    }
}

extension LogConfig {
    /// The options that the machine's owner has for the driver, but for those that are given.
    public mutating func addDefaults(of configuration: EngineConfiguration) {
        guard type == configuration.logDriver else { return }
        options.merge(configuration.logOptions) { own, _ in own }
    }
}

extension ContainerSpec {
    /// Who joins another container's network has that one's names, ports and name servers; who has the host's, no address.
    func refuseForeignNetworkOptions() throws(EngineError) {
        if host.utsMode == "host", !config.hostname.isEmpty || !config.domainname.isEmpty {
            throw EngineError(.invalidArgument, "conflicting options: hostname and the UTS mode")
        }
        if !config.macAddress.isEmpty, host.networkMode != "bridge" {
            throw EngineError(.invalidArgument, "conflicting options: mac-address and the network mode")
        }
        guard addresses.isEmpty else {
            throw EngineError(.invalidArgument, "user specified IP address is supported on user defined networks only")
        }
        guard networkAliases.isEmpty else {
            throw EngineError(
                .invalidArgument, "network-scoped alias is supported only for containers in user defined networks")
        }
        guard host.networkMode.hasPrefix("container:") else { return }
        let conflicts = [
            ("hostname and the network mode", !config.hostname.isEmpty), ("dns and the network mode", !host.dns.isEmpty),
            ("custom host-to-IP mapping and the network mode", !host.extraHosts.isEmpty),
            ("port publishing and the container type network mode", !publish.isEmpty || host.publishAllPorts),
            ("port exposing and the container type network mode", !expose.isEmpty),
        ]
        for (what, isGiven) in conflicts where isGiven {
            throw EngineError(.invalidArgument, "conflicting options: \(what)")
        }
    }
}
