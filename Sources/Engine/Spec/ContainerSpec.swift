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

    public init() {}
}
