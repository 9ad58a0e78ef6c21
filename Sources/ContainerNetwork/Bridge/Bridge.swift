import Glibc
import Linux

/// A bridge of the host, with its rules: made when it is first needed, by any number of processes at once.
///
/// Everything happens in the network namespace of the calling thread.
public enum Bridge {
    /// Makes what is missing of the bridge: link, addresses, rules, forwarding. Where all is there, it costs two requests to
    /// the kernel.
    ///
    /// The rules are there before the bridge is up, so that it never carries a packet without them. A bridge whose rules
    /// somebody has flushed gets them again; ``BridgeState/hasNewRules`` then says that its ports have to be published again.
    ///
    /// - Throws: ``NetworkError``: of the kernel, ``NetworkError/notABridge(name:kind:)``,
    ///   ``NetworkError/bridgeDiffers(name:existing:wanted:)``, ``NetworkError/subnetInUse(_:by:)``,
    ///   ``NetworkError/noFreeSubnet``, ``NetworkError/invalid(what:value:reason:)``.
    public static func ensure(_ settings: BridgeSettings) throws(NetworkError) -> BridgeState {
        try settings.validate()
        if let state = try existing(settings) { return state }
        return try networking {
            let lock = try FileDescriptor.open(settings.lockPath, flags: O_RDWR | O_CREAT)
            try RecordLock.acquireWaiting(byte: 0, of: lock)
            // Another process may have made it meanwhile.
            if let state = try existing(settings) { return state }
            var maker = try BridgeMaker(settings)
            return try maker.make()
        }
    }

    /// The bridge, if it is up and has the rules of this version; nil otherwise.
    public static func existing(_ settings: BridgeSettings) throws(NetworkError) -> BridgeState? {
        try networking {
            var netfilter = try NetfilterSocket()
            guard let label = try netfilter.comment(ofTable: settings.table).flatMap({ BridgeLabel($0) }),
                label.fits(settings)
            else { return nil }
            var route = try RouteSocket()
            guard let link = try route.link(named: settings.name), link.isUp, link.kind == "bridge" else { return nil }
            return BridgeState(settings, label, link, hasNewRules: false, obstacles: [])
        }
    }

    /// Removes the bridge and its table, published ports included. It is no error if they are gone. Links that are still in
    /// it lose their bridge.
    public static func remove(_ settings: BridgeSettings) throws(NetworkError) {
        try settings.validate()
        try networking {
            let lock = try FileDescriptor.open(settings.lockPath, flags: O_RDWR | O_CREAT)
            try RecordLock.acquireWaiting(byte: 0, of: lock)
            var route = try RouteSocket()
            // The link first: without its rules it must not carry anything.
            if let link = try route.link(named: settings.name), link.kind == "bridge" {
                var batch = RouteBatch()
                batch.deleteLink(settings.name)
                try route.apply(batch)
            }
            var netfilter = try NetfilterSocket()
            // A kernel without tables for bridges has none.
            try? netfilter.commit(removal(of: settings.table, .bridge))
            try netfilter.commit(removal(of: settings.table, .inet))
        }
    }

    private static func removal(of table: String, _ family: NftablesTransaction.Family) -> NftablesTransaction {
        var rules = NftablesTransaction(table: table, family: family)
        rules.deleteTableIfThere()
        return rules
    }
}

extension BridgeState {
    init(
        _ settings: BridgeSettings, _ label: BridgeLabel, _ link: Link, hasNewRules: Bool, obstacles: [FirewallObstacle]
    ) {
        self.init(
            name: settings.name, table: settings.table, linkIndex: link.index, mtu: link.mtu,
            ipv4Subnet: label.ipv4Subnet, ipv6Subnet: label.ipv6Subnet, hasNewRules: hasNewRules, obstacles: obstacles)
    }
}
