import Linux
import Testing

@testable import ContainerNetwork

@Suite("Reading what -p asks for")
struct PortRequestTests {
    @Test(
        "takes an address, a host port and a protocol where they are given",
        arguments: [
            ("80", PortRequest(containerPort: 80)),
            ("8080:80", PortRequest(hostPorts: 8080...8080, containerPort: 80)),
            ("8080:53/udp", PortRequest(hostPorts: 8080...8080, containerPort: 53, transport: .udp)),
            ("53:53/UDP", PortRequest(hostPorts: 53...53, containerPort: 53, transport: .udp)),
            (
                "127.0.0.1:8080:80",
                PortRequest(hostAddress: IPAddress(127, 0, 0, 1), hostPorts: 8080...8080, containerPort: 80)
            ),
            ("127.0.0.1::80", PortRequest(hostAddress: IPAddress(127, 0, 0, 1), containerPort: 80)),
            (":80", PortRequest(containerPort: 80)),
            (
                "[2001:db8::1]:8080:80/sctp",
                PortRequest(
                    hostAddress: IPAddress("2001:db8::1"), hostPorts: 8080...8080, containerPort: 80, transport: .sctp)
            ),
            ("::1:8080:80", PortRequest(hostAddress: IPAddress("::1"), hostPorts: 8080...8080, containerPort: 80)),
            ("0:80", PortRequest(containerPort: 80)),
            ("8000-8010:80", PortRequest(hostPorts: 8000...8010, containerPort: 80)),
        ] as [(String, PortRequest)])
    func parses(text: String, request: PortRequest) throws {
        #expect(try PortRequest.parse(text) == [request])
    }

    @Test("goes port by port through ranges of the same length")
    func parsesRanges() throws {
        let requests = try PortRequest.parse("8000-8002:80-82/udp")
        #expect(requests.map(\.containerPort) == [80, 81, 82])
        #expect(requests.map(\.hostPorts) == [8000...8000, 8001...8001, 8002...8002])
        #expect(requests.allSatisfy { $0.transport == .udp })
    }

    @Test(
        "refuses everything else",
        arguments: [
            "", ":", "::", "0", "65536", "-1:80", "80:", "a:80", "8080:80/icmp", "8080:80/", "1-2:80-82", "82-80:80",
            "300.0.0.1:8080:80", "[::1:8080:80", "[127.0.0.1]:8080:80", "[]:1:2", "8080: 80", "80\n",
            "99999999999999999999:80", "+80", "8080:80:90", "\u{0663}:80",
        ])
    func refuses(text: String) {
        #expect(throws: NetworkError.self) { try PortRequest.parse(text) }
    }

    @Test("reads exposed ports without a host's side")
    func parsesExposed() throws {
        #expect(try PortRequest.parseExposed("53/udp") == [PortRequest(containerPort: 53, transport: .udp)])
        #expect(try PortRequest.parseExposed("80-81").count == 2)
        #expect(throws: NetworkError.self) { try PortRequest.parseExposed("80:80") }
    }
}
