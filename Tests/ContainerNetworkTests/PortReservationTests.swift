import Glibc
import Linux
import Testing

@testable import ContainerNetwork

@Suite("Taking ports of the host", .enabled(if: canMakeNetworks, "needs root and nftables"))
struct PortReservationTests {
    @Test("keeps other programs and other containers from them, until they are let go")
    func reserves() throws {
        let host = try Machine()
        let request = PortRequest(hostPorts: 8080...8080, containerPort: 80)
        try host.here {
            let reservation = try PortReservation([request], families: [.ipv4, .ipv6])
            #expect(reservation.ports == [PublishedPort(hostPort: 8080, containerPort: 80)])
            #expect(reservation.descriptors.count == 2)
            #expect(throws: SystemCallError.self) { try TestServer("other", on: host, port: 8080) }
            #expect(throws: NetworkError.self) { _ = try PortReservation([request], families: [.ipv4]).ports }
        }
        // Another test's child has copies of our sockets until it executes its program.
        var server = try? TestServer("other", on: host, port: 8080)
        for _ in 0..<1000 where server == nil {
            usleep(10_000)
            server = try? TestServer("other", on: host, port: 8080)
        }
        try #require(server).stop()
    }

    @Test("says who has a port", arguments: [TransportProtocol.tcp, .udp])
    func namesOwner(transport: TransportProtocol) throws {
        let host = try Machine()
        let server = try TestServer("other", on: host, port: 8080, transport)
        defer { server.stop() }
        let error = #expect(throws: NetworkError.self) {
            try host.here {
                _ = try PortReservation(
                    [PortRequest(hostPorts: 8080...8080, containerPort: 80, transport: transport)], families: [.ipv4]
                ).ports
            }
        }
        guard case .portInUse(let port, let owner) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(port.hostPort == 8080)
        #expect(owner?.processID == getpid())
    }

    @Test("goes to one of many who ask at the same time")
    func races() throws {
        let host = try Machine()
        let winners = Collected<Int>()
        let held = Held()
        TestThread.concurrently(16) { index in
            winners.collect {
                try host.here {
                    let reservation = try PortReservation(
                        [PortRequest(hostPorts: 8080...8080, containerPort: 80)], families: [.ipv4, .ipv6])
                    held.keep(reservation)
                    return index
                }
            }
        }
        #expect(winners.values.count == 1)
        #expect(winners.errors.count == 15)
    }

    /// Keeps descriptors open to the end of the test, as monitors do.
    final class Held: @unchecked Sendable {
        private var mutex = pthread_mutex_t()
        private var numbers: [CInt] = []  // guarded by the mutex
        func keep(_ reservation: borrowing PortReservation) {
            pthread_mutex_lock(&mutex)
            numbers += reservation.descriptors.map { dup($0) }
            pthread_mutex_unlock(&mutex)
        }
        deinit { for number in numbers { close(number) } }
    }

    @Test("takes the first free port of a range, and one of the kernel's choice where none is asked for")
    func chooses() throws {
        let host = try Machine()
        let server = try TestServer("other", on: host, port: 8000)
        defer { server.stop() }
        try host.here {
            let request = PortRequest(hostPorts: 8000...8002, containerPort: 80)
            let reservation = try PortReservation([request, request], families: [.ipv4])
            #expect(reservation.ports.map(\.hostPort) == [8001, 8002])
            #expect(throws: NetworkError.noFreePort(8000...8002, .tcp)) {
                _ = try PortReservation([request], families: [.ipv4]).ports
            }
            let any = try PortReservation(
                [PortRequest](repeating: PortRequest(containerPort: 80), count: 20), families: [.ipv4, .ipv6])
            #expect(Set(any.ports.map(\.hostPort)).count == 20)
            #expect(any.ports.allSatisfy { $0.hostPort >= 1024 })
        }
    }

    @Test("refuses addresses that the host doesn't have")
    func refusesForeignAddress() throws {
        let host = try Machine()
        let address = IPAddress(203, 0, 113, 7)
        try host.here {
            #expect(throws: NetworkError.addressNotOnHost(address)) {
                _ = try PortReservation(
                    [PortRequest(hostAddress: address, hostPorts: 80...80, containerPort: 80)], families: [.ipv4]
                ).ports
            }
        }
    }

    @Test("is not kept from a port by what remains of closed connections")
    func ignoresRemains() throws {
        let host = try Machine()
        let server = try TestServer("other", on: host, port: 8080)
        // The server closes first: its end stays in TIME-WAIT.
        #expect(try TestSocket.ask(from: host, IPAddress(127, 0, 0, 1), port: 8080) != nil)
        server.stop()
        try host.here {
            // The server's thread lets go of its socket a moment after it is told to.
            while try DiagnosedSocket.bound(to: 8080, .tcp, .ipv4).contains(where: { $0.inode != 0 }) { sched_yield() }
            let reservation = try PortReservation(
                [PortRequest(hostPorts: 8080...8080, containerPort: 80)], families: [.ipv4])
            #expect(reservation.ports.count == 1)
            #expect(throws: SystemCallError.self) { try TestServer("third", on: host, port: 8080) }
        }
    }
}
