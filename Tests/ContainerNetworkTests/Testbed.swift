import Glibc
import Linux
import TestSupport

@testable import ContainerNetwork

/// A network namespace that stands for a machine or a container.
final class Machine: Sendable {
    let namespace: FileDescriptor

    init() throws {
        namespace = try NetworkNamespace.create()
        try Bridge.raiseLoopback(in: namespace)
    }

    /// As a container's is made: its loopback interface is down.
    init(namespace: consuming FileDescriptor) { self.namespace = namespace }

    /// Runs what follows as a process of this machine would.
    @discardableResult
    func here<Success: ~Copyable>(_ body: () throws -> Success) throws -> Success {
        try NetworkNamespace.run(in: namespace, body)
    }

    /// Runs a shell command and returns what it wrote; it must succeed.
    @discardableResult
    func run(_ command: String) throws -> String {
        let (status, output) = try tryToRun(command)
        guard status == .exited(code: 0) else { throw CommandFailed(command: command, status: status, output: output) }
        return output
    }

    func tryToRun(_ command: String) throws -> (ExitStatus, String) {
        var pipe = try Pipe()
        var spawn = Spawn("/bin/sh", ["sh", "-c", command])
        spawn.pass(pipe.writing, as: 1)
        spawn.pass(pipe.writing, as: 2)
        let child = try here { try spawn.start() }
        pipe.writing = try FileDescriptor.open("/dev/null")  // only the child's end stays open
        let output = try pipe.reading.readAll()
        return (try child.wait(), String(decoding: output, as: UTF8.self))
    }

    struct CommandFailed: Error {
        let command: String
        let status: ExitStatus
        let output: String
    }
}

/// A host with an uplink to a neighbour, and another network behind it; containers come as they are asked for.
///
/// Everything is gone with its namespaces.
final class Testbed: Sendable {
    let host: Machine
    let neighbour: Machine
    let scratch: ScratchBox
    let settings: BridgeSettings

    static let hostAddress = IPAddress(192, 0, 2, 1)
    static let neighbourAddress = IPAddress(192, 0, 2, 9)
    static let hostIPv6 = "2001:db8:1::1"

    final class ScratchBox: Sendable {
        let scratch: Scratch
        init() throws { scratch = try Scratch() }
    }

    init(ipv6: BridgeSettings.IPv6Choice = .off, mtu: Int = 1400) throws {
        (host, neighbour, scratch) = (try Machine(), try Machine(), try ScratchBox())
        settings = BridgeSettings(
            name: "hako0", table: "hako", lockPath: scratch.scratch.path("network.lock"), ipv6: ipv6)
        let peer = "/proc/self/fd/9"
        try host.run(
            "exec 9<\(neighbour.namespace.inheritablePath); ip link add eth0 mtu \(mtu) type veth peer name eth0 netns \(peer)"
        )
        for (machine, last) in [(host, 1), (neighbour, 9)] {
            try machine.run(
                """
                ip link set eth0 mtu \(mtu); ip addr add 192.0.2.\(last)/24 dev eth0
                ip addr add 2001:db8:1::\(last)/64 dev eth0 nodad; ip link set eth0 up
                """)
        }
        for machine in [host, neighbour] {
            try machine.here { try RouteSocket().settleCarrier(of: "eth0") }
        }
        try host.run("ip route add default via 192.0.2.9; ip -6 route add default via 2001:db8:1::9")
    }

    func ensure() throws -> BridgeState { try host.here { try Bridge.ensure(settings) } }

    /// A container with the `number`th address behind the gateway's.
    func container(_ number: Int, on bridge: BridgeState) throws -> (Machine, Endpoint) {
        let container = Machine(namespace: try NetworkNamespace.create())
        let endpoint = try endpoint(number, on: bridge)
        try host.here { try Bridge.attach(endpoint, to: bridge, namespace: container.namespace) }
        // The kernel makes an IPv6 address work in a queue, which no container's start is as fast as.
        while let ipv6 = endpoint.ipv6,
            !(try container.run("ip -6 route show table local dev eth0").contains("local \(ipv6) "))
        {}
        return (container, endpoint)
    }

    func endpoint(_ number: Int, on bridge: BridgeState) throws -> Endpoint {
        let offset = UInt128(number + 1)
        guard let ipv4 = bridge.ipv4Subnet.at(offset) else { throw NetworkError.noFreeAddress(bridge.ipv4Subnet) }
        return Endpoint(
            hostInterface: "veth\(number)", ipv4: ipv4, ipv6: bridge.ipv6Subnet.flatMap { $0.at(offset) })
    }
}

extension FileDescriptor {
    /// A path by which another process finds this open file.
    var inheritablePath: String { "/proc/\(getpid())/fd/\(number)" }
}
