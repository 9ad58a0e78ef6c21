import ConfigurationFiles
import ContainerNetwork
import Linux
import Metadata

// What the machine's owner wants the default network to be.
extension Engine {
    /// The default network's record; nil where it is to be made, also anew for another `bip`.
    func defaultNetworkRecord() throws(EngineError) -> NetworkRecord? {
        guard let known = try knownDefaultNetwork() else { return nil }
        guard let wanted = configuration.bridgeSubnet, known.subnet4 != "\(wanted)" else { return known }
        let endpoints = try onDatabase("list the endpoints") { database throws(MetadataError) in
            try database.endpoints(in: known.id)
        }
        guard endpoints.isEmpty else {
            let now = known.subnet4 ?? "another one"
            warnings.append(
                "the default network stays \(now): \(configuration.path ?? "the configuration") wants \(wanted) (bip), which is taken over when no container runs on it"
            )
            return known
        }
        // The record first: it can't go while a container is connected.
        try onDatabase("change the default network to \(wanted)") { database throws(MetadataError) in
            try database.deleteNetwork(id: known.id)
        }
        do throws(NetworkError) {
            try Bridge.remove(BridgeSettings(name: paths.bridgeName, table: paths.nftTable, lockPath: Self.networkLock))
        } catch { throw EngineError(error, cannot: "remove the bridge \(paths.bridgeName)") }
        return nil
    }
}

extension BridgeSettings {
    /// For a network that is made anew.
    mutating func addChoices(of configuration: EngineConfiguration) {
        ipv4Subnet = configuration.bridgeSubnet
        ipv4Pools = configuration.addressPools.map { Pool(base: $0.base, prefixLength: $0.prefixLength) }
        mtu = configuration.mtu
        if configuration.ipv6 == false {
            ipv6 = .off
        } else if let subnet = configuration.ipv6Subnet {
            ipv6 = .subnet(subnet)
        } else if configuration.ipv6 == true {
            ipv6 = .required
        }
    }
}
