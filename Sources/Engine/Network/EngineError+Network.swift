import ContainerNetwork

extension EngineError {
    /// Facts of the network, for people.
    init(_ error: NetworkError, cannot action: String) {
        switch error {
        case .portInUse(let port, let owner):
            self.init(
                .conflict, cannot: "publish port \(port.hostPort)",
                because: "address already in use" + (owner.map { " by pid \($0.processID) (\($0.name))" } ?? ""),
                hint: "Choose another port with -p, or stop that process.", cause: error)
        case .noFreePort(let range, let transport):
            self.init(
                .unavailable, cannot: action,
                because: range == 0...0
                    ? "no \(transport) port is free" : "no \(transport) port of \(range.lowerBound)-\(range.upperBound) is free",
                hint: "Choose another range with -p.", cause: error)
        case .addressNotOnHost(let address):
            self.init(
                .invalidArgument, cannot: action, because: "\(address) is no address of this host",
                hint: "`ip address` lists them.", cause: error)
        case .invalid(let what, let value, let reason):
            self.init(.invalidArgument, "invalid \(what) \"\(value)\": \(reason)")
        case .noAddress(let family, let port):
            self.init(
                .invalidArgument, cannot: "publish \(port)",
                because: "the container has no \(family == .ipv6 ? "IPv6" : "IPv4") address", cause: error)
        case .loopbackIPv6(let port):
            self.init(
                .invalidArgument, cannot: "publish \(port)", because: "the kernel can't forward from ::1",
                hint: "Publish on 127.0.0.1.", cause: error)
        case .noFreeSubnet:
            self.init(
                .unavailable, cannot: action, because: "every private network is in use on this host", cause: error)
        case .bridgeFull(let name):
            self.init(
                .unavailable, cannot: action, because: "the bridge \(name) has 1,023 containers, and the kernel lets it have no more",
                hint: "Stop some of them, or start this one with --network none or host.", cause: error)
        case .noFreeAddress(let subnet):
            self.init(.unavailable, cannot: action, because: "all addresses of \(subnet) are given out", cause: error)
        default: self.init(.system, cannot: action, because: "\(error)", cause: error)
        }
    }
}
