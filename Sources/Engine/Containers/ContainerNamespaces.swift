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

    /// The user namespace's, for somebody else to keep.
    borrowing func duplicateUser() throws(SystemCallError) -> FileDescriptor? {
        switch user {
        case .some(let user): try user.duplicate()
        case .none: nil
        }
    }

    private static func number(_ descriptor: borrowing FileDescriptor?) -> CInt? {
        switch descriptor {
        case .some(let descriptor): descriptor.number
        case .none: nil
        }
    }
}

/// The running containers whose namespaces one is to share.
struct JoinedContainers {
    var network: ContainerRecord?
    var pid: ContainerRecord?
    var ipc: ContainerRecord?

    /// The one whose ids it has, too.
    var ids: ContainerRecord? { network ?? pid ?? ipc }
}

extension Engine {
    func joinedContainers(_ spec: StoredSpec) throws(EngineError) -> JoinedContainers {
        let joined = JoinedContainers(
            network: try joinedContainer(spec.host.networkMode, "network"),
            pid: try joinedContainer(spec.host.pidMode, "PID namespace"),
            ipc: try joinedContainer(spec.host.ipcMode, "IPC"))
        if let ipc = joined.ipc { try requireShareable(ipc, spec) }
        return joined
    }

    private func requireShareable(_ target: ContainerRecord, _ spec: StoredSpec) throws(EngineError) {
        guard try storedSpec(of: target).host.ipcMode == "shareable" else {
            throw EngineError(
                .conflict, "cannot join IPC of a container \(target.id): non-shareable IPC",
                hint: "Make \(target.name) with --ipc=shareable.")
        }
        // Its /dev/shm lies in mounts that only Hako's own runtime goes into.
        guard try isOwnRuntime(spec.host.runtime) else {
            throw EngineError(
                .invalidArgument, cannot: "join IPC of container \(target.name)",
                because: "runtime \(spec.host.runtime) can't mount another container's /dev/shm", hint: "Leave out --runtime.")
        }
    }

    private func joinedContainer(_ mode: String, _ what: String) throws(EngineError) -> ContainerRecord? {
        guard let name = HostConfig.container(inMode: mode) else { return nil }
        let target = try container(name)
        guard target.state.hasProcess else {
            throw EngineError(
                .conflict, "cannot join \(what) of a non running container: \(target.id)",
                hint: "Start \(target.name) first.")
        }
        return target
    }

    /// The host id of the container's root: the first of its own range, or of the range of the one that it joins.
    func rootID(_ record: ContainerRecord, _ spec: StoredSpec, _ joined: JoinedContainers) -> UInt32 {
        guard spec.host.usernsMode != "host", let slot = record.idSlot ?? joined.ids?.idSlot else { return 0 }
        return StorePaths.hostID(ofSlot: slot)
    }

    /// Makes the namespaces that are the container's own, and opens those that it joins.
    func makeNamespaces(
        _ spec: StoredSpec, rootID: UInt32, joined: JoinedContainers
    ) throws(EngineError) -> ContainerNamespaces {
        do throws(SystemCallError) {
            if let first = joined.ids {
                return try Self.namespaces(
                    ofProcess: first.state.pid, hasOwnIDs: rootID != 0, network: Self.use(of: spec.host.networkMode))
            }
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

    enum NetworkUse { case shared, own, host }

    private static func use(of mode: String) -> NetworkUse {
        mode == "host" ? .host : HostConfig.container(inMode: mode) != nil ? .shared : .own
    }

    /// Hako has one thread: it may step into a new network namespace and back.
    private static func newNetworkNamespace() throws(SystemCallError) -> FileDescriptor {
        let own = try Namespace.current(.network)
        try Namespace.unshare(.network)
        let new = try Namespace.current(.network)
        try Namespace.join(own, .network)
        return new
    }

    /// The namespaces of another container's first process, whose monitor was seen alive, or of one that is held by a pidfd.
    static func namespaces(
        ofProcess pid: Int64, hasOwnIDs: Bool, network: NetworkUse
    ) throws(SystemCallError) -> ContainerNamespaces {
        let user = hasOwnIDs ? try FileDescriptor.open("/proc/\(pid)/ns/user") : nil
        switch network {
        case .host: return ContainerNamespaces(user: user, network: nil)
        case .shared: return ContainerNamespaces(user: user, network: try FileDescriptor.open("/proc/\(pid)/ns/net"))
        case .own:
            let new = hasOwnIDs ? try newNetworkNamespace(inUserNamespaceOf: pid) : try newNetworkNamespace()
            return ContainerNamespaces(user: user, network: new)
        }
    }

    /// One that belongs to another's user namespace, so that its root may set it up: made by a copy of this process that
    /// goes there.
    private static func newNetworkNamespace(inUserNamespaceOf pid: Int64) throws(SystemCallError) -> FileDescriptor {
        let pair = try UnixSocket.Pair(.messages)
        let maker = try ChildProcess.fork {
            do throws(SystemCallError) {
                try Namespace.join(try FileDescriptor.open("/proc/\(pid)/ns/user"), .user)
                try Namespace.unshare(.network)
                _ = try pair.second.send([0], with: try Namespace.current(.network))
                return 0
            } catch { return error.errno.rawValue }
        }
        var message = try pair.intoFirst().receive()
        let status = try maker.wait()
        guard let namespace = message.descriptor.take() else {
            throw SystemCallError("unshare", on: "net", Errno(rawValue: status.shellCode))
        }
        return namespace
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
