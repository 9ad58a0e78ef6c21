import Metadata
import TestSupport
import Testing

@Suite("Networks and ports in the database")
struct NetworkTests {
    let network = NetworkRecord(id: "n1", name: "bridge", driver: "bridge", subnet4: "10.0.0.0/24", created: 1)

    private func database(_ scratch: borrowing Scratch, containers: Int) throws -> Database {
        let database = try Samples.database(scratch)
        try database.insertNetwork(network)
        for number in 0..<containers {
            _ = try database.insertContainer(try Samples.container("\(number)", "c\(number)"), idSlots: nil)
        }
        return database
    }

    @Test("give each container the smallest free address, and none that is reserved")
    func addresses() throws {
        let scratch = try Scratch()
        let database = try database(scratch, containers: 4)
        func connect(_ number: Int) throws -> UInt32? {
            try database.connect(
                Samples.id("\(number)"), to: "n1", addresses: 1...4, reserved: [1],
                derive: { ("mac\($0)", "v6-\($0)") }
            ).ipv4
        }
        #expect(try [connect(0), connect(1), connect(2)] == [2, 3, 4])
        #expect(try connect(1) == 3)
        #expect(throws: MetadataError.noFreeAddress(network: "n1")) { try connect(3) }
        try database.disconnect(Samples.id("1"))
        #expect(try connect(3) == 3)
        #expect(
            try database.endpoints(of: Samples.id("3"))
                == [Endpoint(container: Samples.id("3"), network: "n1", ipv4: 3, ipv6: "v6-3", mac: "mac3")])
    }

    @Test("keep the addresses of a removed container out of use until they are freed")
    func retiredAddresses() throws {
        let scratch = try Scratch()
        let database = try database(scratch, containers: 4)
        func connect(_ number: Int) throws -> UInt32? {
            try database.connect(
                Samples.id("\(number)"), to: "n1", addresses: 1...3, reserved: [], derive: { (nil, "v6-\($0)") }
            ).ipv4
        }
        #expect(try [connect(0), connect(1)] == [1, 2])
        try database.deleteContainer(ContainerDeletion(id: Samples.id("0"), time: 1, retiresAddresses: true))
        try database.deleteContainer(ContainerDeletion(id: Samples.id("1"), time: 1))
        let retired = try database.retiredAddresses()
        #expect(retired.map(\.ipv4) == [1] && retired.map(\.ipv6) == ["v6-1"])
        #expect(try [connect(2), connect(3)] == [2, 3])
        try database.deleteContainer(ContainerDeletion(id: Samples.id("2"), time: 1, retiresAddresses: true))
        // Somebody who has read the first one before frees that alone.
        try database.free(retired)
        try database.free(retired)
        #expect(try database.retiredAddresses().map(\.ipv4) == [2])
        _ = try database.insertContainer(try Samples.container("4", "c4"), idSlots: nil)
        #expect(try connect(4) == 1)
        try database.deleteContainer(ContainerDeletion(id: Samples.id("4"), time: 1, retiresAddresses: true))
        #expect(try database.retiredAddresses().map(\.number) == [2, 3])
    }

    @Test("refuse an address that another container has")
    func fixedAddress() throws {
        let scratch = try Scratch()
        let database = try database(scratch, containers: 2)
        try database.connect(Endpoint(container: Samples.id("0"), network: "n1", ipv4: .max))
        #expect(throws: MetadataError.addressInUse(network: "n1")) {
            try database.connect(Endpoint(container: Samples.id("1"), network: "n1", ipv4: .max))
        }
        #expect(throws: MetadataError.noSuchContainer("x")) {
            try database.connect(Endpoint(container: "x", network: "n1", ipv4: 7))
        }
        #expect(throws: MetadataError.networkInUse(name: "n1", by: [Samples.id("0")])) {
            try database.deleteNetwork(id: "n1")
        }
    }

    @Test("are made once by whoever comes first")
    func orInsert() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        #expect(try database.network(named: "bridge", orInsert: network) == network)
        var other = network
        other.id = "n2"
        #expect(try database.network(named: "bridge", orInsert: other) == network)
        #expect(throws: MetadataError.networkNameInUse("bridge")) { try database.insertNetwork(other) }
        other.id = "n1"
        other.gateway4 = "10.0.0.1"
        try database.updateNetwork(other)
        #expect(try database.networks() == [other])
    }

    @Test(
        "refuse a port that is another one's way",
        arguments: [
            ("127.0.0.1", "tcp", true), ("0.0.0.0", "tcp", true), ("127.0.0.2", "tcp", false), ("127.0.0.1", "udp", false),
        ])
    func ports(address: String, proto: String, isTaken: Bool) throws {
        let scratch = try Scratch()
        let database = try database(scratch, containers: 2)
        func port(_ address: String, _ proto: String) -> PublishedPort {
            PublishedPort(family: .ipv4, hostAddress: address, hostPort: 80, proto: proto, containerPort: 8080)
        }
        try database.publish([port("127.0.0.1", "tcp")], for: Samples.id("0"))
        // Together with one that is free: all or none.
        let free = PublishedPort(family: .ipv4, hostAddress: "0.0.0.0", hostPort: 81, proto: "tcp", containerPort: 1)
        let wanted = [free, port(address, proto)]
        if isTaken {
            #expect(throws: MetadataError.portInUse(port(address, proto), by: Samples.id("0"))) {
                try database.publish(wanted, for: Samples.id("1"))
            }
            #expect(try database.publishedPorts(of: Samples.id("1")).isEmpty)
        } else {
            try database.publish(wanted, for: Samples.id("1"))
            #expect(try Set(database.publishedPorts(of: Samples.id("1"))) == Set(wanted))
        }
    }

    @Test("let one of sixteen racers have a port")
    func racingPorts() async throws {
        let scratch = try Scratch()
        _ = try database(scratch, containers: 10)
        let path = scratch.path("hako.db")
        let port = PublishedPort(family: .ipv6, hostAddress: "::", hostPort: 80, proto: "tcp", containerPort: 80)
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<10 {
                group.addTask {
                    do throws(MetadataError) {
                        try Database(path: path).publish([port], for: Samples.id("\(number)"))
                        return true
                    } catch .portInUse(_, by: _) { return false }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    }
}
