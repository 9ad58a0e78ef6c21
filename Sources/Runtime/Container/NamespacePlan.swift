import Linux
import OCI

/// Which namespaces a container gets: new ones, those of the bundle's paths, those that the caller holds.
struct NamespacePlan: ~Copyable {
    private(set) var created: NamespaceKinds = []
    /// Of what is joined, by kind; the caller's own numbers among them.
    private(set) var joined: [(number: CInt, kind: NamespaceKinds)] = []
    /// To be closed with this value.
    private var owned: [CInt] = []
    private(set) var hasUser = false
    private(set) var hasCgroup = false

    init(_ spec: RuntimeSpec, _ given: JoinedNamespaces) throws(RuntimeError) {
        for namespace in spec.linux.namespaces {
            let kind = try Self.kind(of: namespace)
            guard !created.contains(kind), !joined.contains(where: { $0.kind == kind }) else {
                throw Self.refuse("there are two \(namespace.kind.rawValue) namespaces")
            }
            if let number = kind == .user ? given.user : kind == .network ? given.network : nil {
                joined.append((number, kind))
            } else if let path = namespace.path {
                try open(path, kind)
            } else {
                created.insert(kind)
            }
        }
        guard created.contains(.mount) else { throw Self.refuse("a mount namespace of its own is missing") }
        created.remove(.mount)
        hasCgroup = created.remove(.cgroup) != nil
        hasUser = created.contains(.user) || joined.contains { $0.kind == .user }
        try check(spec)
        // In a user namespace, what is the host's can't be joined any more: it comes last.
        joined.sort { $1.kind == .user && $0.kind != .user }
    }

    deinit { for number in owned { _ = FileDescriptor(adopting: number) } }

    /// Makes the user namespace, and with it a network namespace, which belongs to whom it is made by.
    mutating func makeUserNamespace(_ map: IDMap?) throws(RuntimeError) {
        guard created.remove(.user) != nil else { return }
        guard let map else { throw Self.refuse("a user namespace needs id mappings") }
        let alsoNetwork = created.remove(.network) != nil
        let made = try attempt("make a user namespace") { () throws(SystemCallError) in
            try UserNamespace.create(idMap: map, alsoNetwork: alsoNetwork)
        }
        let network = made.network
        let user = made.user
        if let network { own(network.relinquish(), .network) }
        own(user.relinquish(), .user)
    }

    private mutating func own(_ number: CInt, _ kind: NamespaceKinds) {
        owned.append(number)
        joined.append((number, kind))
    }

    private mutating func open(_ path: String, _ kind: NamespaceKinds) throws(RuntimeError) {
        guard kind != .mount else { throw Self.refuse("joining a mount namespace is not supported") }
        let file = try attempt("join the namespace \(PrintableText(path))") { () throws(SystemCallError) in
            try FileDescriptor.open(path)
        }
        own(file.relinquish(), kind)
    }

    private static func kind(of namespace: RuntimeSpec.Namespace) throws(RuntimeError) -> NamespaceKinds {
        switch namespace.kind {
        case .pid: .pid
        case .network: .network
        case .mount: .mount
        case .ipc: .ipc
        case .uts: .uts
        case .user: .user
        case .cgroup: .cgroup
        case .time: throw refuse("time namespaces are not supported")
        }
    }

    /// What a bundle may set only where the namespace it belongs to isn't the host's.
    private func check(_ spec: RuntimeSpec) throws(RuntimeError) {
        if !isOwn(.uts), spec.hostname != nil || spec.domainname != nil {
            throw Self.refuse("a host name needs a UTS namespace")
        }
        if !hasUser, !spec.linux.uidMappings.isEmpty || !spec.linux.gidMappings.isEmpty {
            throw Self.refuse("id mappings need a user namespace")
        }
    }

    /// Whether a kind is not the host's.
    func isOwn(_ kind: NamespaceKinds) -> Bool { created.contains(kind) || joined.contains { $0.kind == kind } }

    private static func refuse(_ why: String) -> RuntimeError {
        RuntimeError(.invalid, cannot: "use the bundle's namespaces", because: why)
    }
}
