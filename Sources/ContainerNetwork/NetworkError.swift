import Linux

/// Why something about a network could not be done. Facts; the sentence for people is the engine's.
public enum NetworkError: Error, Hashable, Sendable {
    /// The kernel refused a request over netlink.
    case netlink(NetlinkError)
    /// A system call failed.
    case system(SystemCallError)
    /// A link of this name is there and is no bridge; `kind` is `veth` and the like, nil for hardware.
    case notABridge(name: String, kind: String?)
    /// The bridge is there with another subnet than it shall have.
    case bridgeDiffers(name: String, existing: String, wanted: String)
    /// It has as many ports as the kernel gives a bridge: 1,023 (BR_MAX_PORTS).
    case bridgeFull(name: String)
    /// A subnet that was asked for has addresses in common with a network of the host.
    case subnetInUse(IPPrefix, by: IPPrefix)
    /// Every private network that could be the bridge's is in use on this host.
    case noFreeSubnet
    /// All addresses of the subnet are given out.
    case noFreeAddress(IPPrefix)
    /// Somebody has the port of the host; `owner` is nil where nobody could be found.
    case portInUse(PublishedPort, owner: PortOwner?)
    /// No port is free: of a range that was asked for, or, with 0, of those that the kernel gives out.
    case noFreePort(ClosedRange<UInt16>, TransportProtocol)
    /// The address is none of the host's.
    case addressNotOnHost(IPAddress)
    /// The container has no address of this family, so that nothing can be published for it there.
    case noAddress(IPFamily, port: PublishedPort)
    /// The kernel can't send connections to `::1` elsewhere.
    case loopbackIPv6(PublishedPort)
    /// An option's value that breaks its grammar; `reason` reads after "invalid ‹what› ‹value›: ".
    case invalid(what: String, value: String, reason: String)
}

/// Runs what throws the kernel's errors, and makes them this module's.
func networking<Success: ~Copyable>(_ body: () throws -> Success) throws(NetworkError) -> Success {
    do { return try body() } catch let error as NetlinkError {
        throw .netlink(error)
    } catch let error as SystemCallError {
        throw .system(error)
    } catch let error as NetworkError {
        throw error
    } catch {
        // Nothing that is called throws anything else.
        throw .invalid(what: "error", value: "\(error)", reason: "not one of the kernel")
    }
}
