import SQLite

/// The addresses of a container that is gone, which no other gets yet: the kernel may still track connections of theirs.
public struct RetiredAddress: Hashable, Sendable {
    /// Never given twice.
    public let number: Int64
    /// In host byte order.
    public let ipv4: UInt32?
    public let ipv6: String?
}

extension Database {
    public func retiredAddresses() throws(MetadataError) -> [RetiredAddress] {
        try read { session throws(MetadataError) in
            try session.all("SELECT number, ipv4, ipv6 FROM retired_addresses ORDER BY number") {
                RetiredAddress(
                    number: $0.integer(0), ipv4: $0.optionalInteger(1).map { UInt32(truncatingIfNeeded: $0) }, ipv6: $0.optionalText(2))
            }
        }
    }

    /// Gives them back to their networks. Those that somebody has given back meanwhile are no error.
    public func free(_ addresses: [RetiredAddress]) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in
            for address in addresses {
                try session.run("DELETE FROM retired_addresses WHERE number=?", [.integer(address.number)])
            }
        }
    }
}

extension Session {
    func retireAddresses(of container: String) throws(MetadataError) {
        try run(
            "INSERT INTO retired_addresses(network, ipv4, ipv6) SELECT network, ipv4, ipv6 FROM endpoints WHERE container=?",
            [.text(container)])
    }
}
