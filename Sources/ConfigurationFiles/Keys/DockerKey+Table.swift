import OCI

extension DockerKey {
    static func named(_ name: String) -> DockerKey? { all.first { $0.name == name } }

    /// The keys of Docker 28's `daemon.json` that are none of Hako's.
    ///
    /// - SeeAlso: docs.docker.com/reference/cli/dockerd, "Daemon configuration file".
    static let all: [DockerKey] = daemon + swarm + images + refused

    private static let daemon: [DockerKey] = [
        meaningless("hosts", "nothing listens: there is no daemon"),
        meaningless("group", "no socket belongs to it: there is no daemon"),
        meaningless("pidfile", "there is no daemon"),
        meaningless("tls", "nothing listens: there is no daemon"),
        meaningless("tlsverify", "nothing listens: there is no daemon"),
        meaningless("tlscacert", "nothing listens: there is no daemon"),
        meaningless("tlscert", "nothing listens: there is no daemon"),
        meaningless("tlskey", "nothing listens: there is no daemon"),
        meaningless("api-cors-header", "nothing listens: there is no daemon"),
        meaningless("min-api-version", "nothing listens: there is no daemon"),
        meaningless("metrics-addr", "nothing listens: there is no daemon"),
        meaningless("live-restore", "there is no daemon: containers depend on none"),
        meaningless("shutdown-timeout", "there is no daemon that ends: containers go on until the host stops them"),
        meaningless("debug", "there is no daemon that logs; --log-level debug says what one command does"),
        meaningless("log-level", "there is no daemon that logs; --log-level debug says what one command does"),
        meaningless("log-format", "there is no daemon that logs"),
        meaningless("raw-logs", "there is no daemon that logs"),
        meaningless("oom-score-adjust", "it is the daemon's, and there is none"),
        meaningless("features", "they are the daemon's, and there is none"),
        meaningless("experimental", "nothing of it is Hako's"),
        meaningless("containerd", "there is no containerd"),
        meaningless("containerd-namespace", "there is no containerd"),
        meaningless("containerd-plugins-namespace", "there is no containerd"),
        meaningless("init-path", "Hako brings its own init process, hako-init"),
        meaningless("userland-proxy", "ports are published by the kernel's rules alone"),
        meaningless("userland-proxy-path", "ports are published by the kernel's rules alone"),
        meaningless("userns-remap", "each container has host ids of its own anyway"),
        meaningless("exec-opts", "cgroups are made through their file system"),
        meaningless("allow-direct-routing", "the rules let nobody but containers and published ports through"),
        meaningless("firewall-backend", "Hako's rules are nftables'"),
        meaningless("bridge-accept-fwmark", "Hako's rules look at no marks"),
    ]

    private static let swarm: [DockerKey] = [
        meaningless("swarm-default-advertise-addr", "there is no Swarm"),
        meaningless("node-generic-resources", "there is no Swarm"),
        meaningless("network-control-plane-mtu", "there is no Swarm"),
        meaningless("network-diagnostic-port", "there is no Swarm"),
        meaningless("cluster-advertise", "there is no Swarm"),
        meaningless("cluster-store", "there is no Swarm"),
        meaningless("cluster-store-opts", "there is no Swarm"),
    ]

    private static let images: [DockerKey] = [
        meaningless("builder", "it is for builds"),
        meaningless("max-concurrent-downloads", "a pull takes as many as the connection carries"),
        meaningless("max-concurrent-uploads", "it is for pushes"),
        meaningless("max-download-attempts", "a pull tries again by itself"),
        meaningless("allow-nondistributable-artifacts", "it is for pushes"),
        meaningless("cdi-spec-dirs", "devices of makers (CDI) are looked for in /etc/cdi and /var/run/cdi"),
    ]

    /// What a container or a pull would be without in silence.
    private static let refused: [DockerKey] = [
        refused("icc", "containers on one network can't be kept apart yet; --network none does", except: [true]),
        refused("iptables", "the default network needs its rules; --network host or none has none", except: [true]),
        refused("ip6tables", "the default network needs its rules; --network host or none has none", except: [true]),
        refused("ip-forward", "the default network needs it", except: [true]),
        refused("ip-forward-no-drop", "what the host forwards beside containers is not Hako's to decide", except: [true]),
        refused("ip-masq", "containers on the default network have private addresses, which nobody else could answer", except: [true]),
        refused("bridge", "Hako makes its own; --network host or none uses none", except: [""]),
        refused("bip6", "the name is fixed-cidr-v6"),
        refused("fixed-cidr", "containers have addresses of the whole network that bip names", except: [""]),
        refused("default-gateway", "it is the bridge's own address, which bip names", except: [""]),
        refused("default-gateway-v6", "it is the bridge's own address", except: [""]),
        refused("default-network-opts", "networks have no options yet", except: [[:]]),
        refused("host-gateway-ip", "host-gateway is the bridge's own address", except: [""]),
        refused("host-gateway-ips", "host-gateway is the bridge's own address", except: [[]]),
        refused("proxies", "a pull takes the proxies of the environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY", except: [[:]]),
        refused("http-proxy", "a pull takes the proxies of the environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY", except: [""]),
        refused("https-proxy", "a pull takes the proxies of the environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY", except: [""]),
        refused("no-proxy", "a pull takes the proxies of the environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY", except: [""]),
        refused("storage-driver", "there is overlay2 alone", except: ["overlay2", ""]),
        refused("storage-opts", "the store has no options", except: [[]]),
        refused("selinux-enabled", "Hako sets no SELinux labels", except: [false]),
        refused("authorization-plugins", "there are no plugins: who is root may use Hako, nobody else", except: [[]]),
        refused("cpu-rt-period", "set it for each container with --cpu-rt-period", except: [0]),
        refused("cpu-rt-runtime", "set it for each container with --cpu-rt-runtime", except: [0]),
    ]
}
