import Glibc
import Linux
import Metadata
import OCI

/// The user and network namespace of a container, held by descriptors.
struct ContainerNamespaces: ~Copyable {
    /// Nil with the host's ids.
    var user: FileDescriptor?
    /// Nil with the host's network.
    var network: FileDescriptor?
    /// Who was in them while they were made. Kept for its end not to be waited for before it has come.
    var first: IdleProcess?

    var userNumber: CInt? { Self.number(user) }
    var networkNumber: CInt? { Self.number(network) }

    private static func number(_ descriptor: borrowing FileDescriptor?) -> CInt? {
        switch descriptor {
        case .some(let descriptor): descriptor.number
        case .none: nil
        }
    }
}

extension Engine {
    /// The running container whose network, and with it whose ids, this one is to share.
    func joinedContainer(_ spec: StoredSpec) throws(EngineError) -> ContainerRecord? {
        guard spec.host.networkMode.hasPrefix("container:") else { return nil }
        let target = try container(String(spec.host.networkMode.dropFirst("container:".count)))
        guard target.state.hasProcess else {
            throw EngineError(
                .conflict, "cannot join network of a non running container: \(target.id)",
                hint: "Start \(target.name) first.")
        }
        return target
    }

    /// The host id of the container's root: the first of its own range, or of the range of the one that it joins.
    func rootID(_ record: ContainerRecord, _ spec: StoredSpec, _ joined: ContainerRecord?) -> UInt32 {
        if let slot = record.idSlot ?? joined?.idSlot { return StorePaths.hostID(ofSlot: slot) }
        return 0
    }

    /// Makes the namespaces that are the container's own, and opens those that it joins.
    func makeNamespaces(
        _ spec: StoredSpec, rootID: UInt32, joined: ContainerRecord?
    ) throws(EngineError) -> ContainerNamespaces {
        do throws(SystemCallError) {
            if let joined { return try Self.namespaces(ofProcess: joined.state.pid, hasOwnIDs: rootID != 0) }
            let needsNetwork = spec.host.networkMode != "host"
            if spec.host.hasOwnIDs {
                let map = IDMap(outsideID: rootID, size: StorePaths.idsPerContainer)
                let made = try namespaceDraft.take().finish(idMap: map, alsoNetwork: needsNetwork)
                return ContainerNamespaces(user: made.user, network: made.network, first: made.first)
            }
            return ContainerNamespaces(user: nil, network: needsNetwork ? try Self.newNetworkNamespace() : nil)
        } catch {
            let hint = error.errno == .noSpace
                ? "The limit of namespaces is reached: raise /proc/sys/user/max_user_namespaces." : nil
            throw EngineError(
                .system, cannot: "make the container's namespaces", because: "\(error)", hint: hint, cause: error)
        }
    }

    /// Hako has one thread: it may step into a new network namespace and back.
    private static func newNetworkNamespace() throws(SystemCallError) -> FileDescriptor {
        let own = try Namespace.current(.network)
        try Namespace.unshare(.network)
        let new = try Namespace.current(.network)
        try Namespace.join(own, .network)
        return new
    }

    /// The namespaces of another container's first process, whose monitor was seen alive.
    private static func namespaces(
        ofProcess pid: Int64, hasOwnIDs: Bool
    ) throws(SystemCallError) -> ContainerNamespaces {
        let user = hasOwnIDs ? try FileDescriptor.open("/proc/\(pid)/ns/user") : nil
        return ContainerNamespaces(user: user, network: try FileDescriptor.open("/proc/\(pid)/ns/net"))
    }
}

extension Optional where Wrapped == UserNamespace.Draft {
    /// What was begun, if it is what is needed; else made now.
    fileprivate consuming func finish(idMap: IDMap, alsoNetwork: Bool) throws(SystemCallError) -> UserNamespace {
        switch consume self {
        case .some(let draft) where draft.hasNetwork == alsoNetwork: try draft.finish(idMap: idMap)
        default: try UserNamespace.create(idMap: idMap, alsoNetwork: alsoNetwork)
        }
    }
}
