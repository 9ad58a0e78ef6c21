import SQLite

extension Database {
    /// Takes ports of the host for a container, all or none.
    ///
    /// A port on all addresses and the same port on one address are in each other's way, as they are for bind(2).
    ///
    /// - Throws: ``MetadataError/portInUse(_:by:)`` with the port that another container, or this one, has.
    public func publish(_ ports: [PublishedPort], for container: String) throws(MetadataError) {
        try write { session throws(MetadataError) in
            for port in ports {
                if let owner = try session.owner(of: port) { throw .portInUse(port, by: owner) }
                try session.insert(port, for: container)
            }
        }
    }

    public func publishedPorts(of container: String) throws(MetadataError) -> [PublishedPort] {
        try read { session throws(MetadataError) in
            try session.all(
                """
                SELECT \(PublishedPort.columns) FROM published_ports WHERE container=?
                ORDER BY containerPort, protocol, family
                """, [.text(container)]
            ) { row throws(MetadataError) in try PublishedPort(row) }
        }
    }

    /// Of all containers, for a repair of the host's rules.
    public func publishedPorts() throws(MetadataError) -> [(container: String, port: PublishedPort)] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT container, \(PublishedPort.columns) FROM published_ports ORDER BY hostPort, protocol, family"
            ) { row throws(MetadataError) in (row.text(0), try PublishedPort(row, from: 1)) }
        }
    }
}

extension Session {
    /// The container that has a port, or one that is in its way.
    fileprivate func owner(of port: PublishedPort) throws(MetadataError) -> String? {
        let number = Value.integer(Int64(port.hostPort))
        let family = Value.integer(port.family.rawValue)
        if port.hostAddress == port.wildcard {
            return try first(
                "SELECT container FROM published_ports WHERE hostPort=? AND protocol=? AND family=?",
                [number, .text(port.proto), family]
            ) { $0.text(0) }
        }
        return try first(
            """
            SELECT container FROM published_ports
            WHERE hostPort=? AND protocol=? AND family=? AND hostAddress IN (?, ?)
            """, [number, .text(port.proto), family, .text(port.hostAddress), .text(port.wildcard)]
        ) { $0.text(0) }
    }

    fileprivate func insert(_ port: PublishedPort, for container: String) throws(MetadataError) {
        do throws(MetadataError) {
            try run(
                "INSERT INTO published_ports(container, \(PublishedPort.columns)) VALUES(?, ?, ?, ?, ?, ?)",
                [.text(container)] + port.values)
        } catch {
            guard case .database(let cause) = error, cause.kind == .constraint(.foreignKey) else { throw error }
            throw .noSuchContainer(container)
        }
    }
}
