import SQLite

extension Database {
    /// - Throws: ``MetadataError/networkNameInUse(_:)``.
    public func insertNetwork(_ network: NetworkRecord) throws(MetadataError) {
        try write { session throws(MetadataError) in
            guard try session.network("name=?", network.name) == nil else { throw .networkNameInUse(network.name) }
            try session.insert(network)
        }
    }

    /// Enters `network` unless one of that name is there; returns what is there then. For the default bridge, which
    /// whoever comes first makes.
    public func network(named name: String, orInsert network: NetworkRecord) throws(MetadataError) -> NetworkRecord {
        if let found = try self.network(named: name) { return found }
        return try write { session throws(MetadataError) in
            if let found = try session.network("name=?", name) { return found }
            try session.insert(network)
            return network
        }
    }

    /// By name, whole id or unique beginning of an id, in that order.
    public func network(named name: String) throws(MetadataError) -> NetworkRecord? {
        try read { session throws(MetadataError) in
            if let exact = try session.network("name=?", name) { return exact }
            if let exact = try session.network("id=?", name) { return exact }
            guard IDPrefix.isPossible(name) else { return nil }
            let found = try session.all(
                "SELECT \(NetworkRecord.columns) FROM networks WHERE id>=? AND id<? LIMIT 2",
                [.text(name), .text(IDPrefix.end(of: name))]) { NetworkRecord($0) }
            guard found.count < 2 else { throw .ambiguousPrefix(name) }
            return found.first
        }
    }

    /// Sorted by name.
    public func networks() throws(MetadataError) -> [NetworkRecord] {
        try read { session throws(MetadataError) in
            try session.all("SELECT \(NetworkRecord.columns) FROM networks ORDER BY name") { NetworkRecord($0) }
        }
    }

    /// Replaces everything but the id.
    public func updateNetwork(_ network: NetworkRecord) throws(MetadataError) {
        try write { session throws(MetadataError) in
            let marks = String(repeating: "?, ", count: 9) + "?"
            try session.run(
                "UPDATE networks SET (\(NetworkRecord.columns)) = (\(marks)) WHERE id=?",
                network.values + [.text(network.id)])
        }
    }

    /// - Throws: ``MetadataError/networkInUse(name:by:)`` while it has endpoints.
    public func deleteNetwork(id: String) throws(MetadataError) {
        try write { session throws(MetadataError) in
            let users = try session.all("SELECT container FROM endpoints WHERE network=?", [.text(id)]) { $0.text(0) }
            guard users.isEmpty else { throw .networkInUse(name: id, by: users) }
            try session.run("DELETE FROM networks WHERE id=?", [.text(id)])
        }
    }

    /// Connects a container to a network with the smallest free address of `addresses`, in one transaction.
    ///
    /// - Parameters:
    ///   - addresses: Of the subnet, without its own and the broadcast address; in host byte order.
    ///   - reserved: The gateway's and others that no container may have.
    ///   - derive: The MAC and IPv6 address that go with an IPv4 address.
    /// - Returns: The endpoint; the one that the container has already, if it is connected.
    /// - Throws: ``MetadataError/noFreeAddress(network:)``.
    public func connect(
        _ container: String, to network: String, addresses: ClosedRange<UInt32>, reserved: Set<UInt32>,
        derive: (UInt32) -> (mac: String?, ipv6: String?)
    ) throws(MetadataError) -> Endpoint {
        try write { session throws(MetadataError) in
            if let endpoint = try session.endpoint(of: container, in: network) { return endpoint }
            let taken = try session.all(
                """
                SELECT ipv4 FROM endpoints WHERE network=?1 AND ipv4>=?2
                UNION SELECT ipv4 FROM retired_addresses WHERE network=?1 AND ipv4>=?2 ORDER BY ipv4
                """, [.text(network), .integer(Int64(addresses.lowerBound))]) { UInt32(truncatingIfNeeded: $0.integer(0)) }
            guard let address = addresses.firstFree(sorted: taken, reserved: reserved) else {
                throw .noFreeAddress(network: network)
            }
            let derived = derive(address)
            let endpoint = Endpoint(
                container: container, network: network, ipv4: address, ipv6: derived.ipv6, mac: derived.mac)
            try session.insert(endpoint)
            return endpoint
        }
    }

    /// Connects a container with exactly this endpoint, as with `--ip`.
    ///
    /// - Throws: ``MetadataError/addressInUse(network:)``.
    public func connect(_ endpoint: Endpoint) throws(MetadataError) {
        try write { session throws(MetadataError) in try session.insert(endpoint) }
    }

    /// Frees the container's addresses and published ports. After its network is gone, not before: the next one to get the
    /// address would meet it.
    public func disconnect(_ container: String) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in
            try session.run("DELETE FROM endpoints WHERE container=?", [.text(container)])
            try session.run("DELETE FROM published_ports WHERE container=?", [.text(container)])
        }
    }

    public func endpoints(of container: String) throws(MetadataError) -> [Endpoint] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT \(Endpoint.columns) FROM endpoints WHERE container=? ORDER BY network", [.text(container)]
            ) { Endpoint($0) }
        }
    }

    /// All of a network, by address.
    public func endpoints(in network: String) throws(MetadataError) -> [Endpoint] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT \(Endpoint.columns) FROM endpoints WHERE network=? ORDER BY ipv4", [.text(network)]
            ) { Endpoint($0) }
        }
    }
}

extension Session {
    fileprivate func network(_ condition: String, _ value: String) throws(MetadataError) -> NetworkRecord? {
        try first("SELECT \(NetworkRecord.columns) FROM networks WHERE \(condition)", [.text(value)]) { NetworkRecord($0) }
    }

    fileprivate func insert(_ network: NetworkRecord) throws(MetadataError) {
        try run("INSERT INTO networks(\(NetworkRecord.columns)) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", network.values)
    }

    fileprivate func endpoint(of container: String, in network: String) throws(MetadataError) -> Endpoint? {
        try first(
            "SELECT \(Endpoint.columns) FROM endpoints WHERE container=? AND network=?",
            [.text(container), .text(network)]
        ) { Endpoint($0) }
    }

    fileprivate func insert(_ endpoint: Endpoint) throws(MetadataError) {
        do throws(MetadataError) {
            try run("INSERT INTO endpoints(\(Endpoint.columns)) VALUES(?, ?, ?, ?, ?)", endpoint.values)
        } catch {
            guard case .database(let cause) = error, case .constraint(let constraint) = cause.kind else { throw error }
            switch constraint {
            case .unique: throw .addressInUse(network: endpoint.network)
            // The row of the container or of the network is gone; the container's is the one that a racer deletes.
            case .foreignKey: throw .noSuchContainer(endpoint.container)
            default: throw error
            }
        }
    }
}

extension ClosedRange<UInt32> {
    /// The smallest number that is neither in `taken`, which is sorted, nor in `reserved`.
    func firstFree(sorted taken: [UInt32], reserved: Set<UInt32>) -> UInt32? {
        var candidate = lowerBound
        var rest = taken[...].drop { $0 < candidate }
        while candidate <= upperBound {
            if rest.first == candidate {
                rest.removeFirst()
            } else if !reserved.contains(candidate) {
                return candidate
            }
            guard candidate < upperBound else { return nil }
            candidate += 1
        }
        return nil
    }
}
