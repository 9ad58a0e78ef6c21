import Linux
import MonitorProtocol

/// The mount namespace in which the container's root is, and nobody else's.
struct PrivateMounts: ~Copyable {
    private let host: FileDescriptor
    /// Of the root, until there is time to let go of them.
    private var layers = LayerMounts()

    /// Moves this process into a mount namespace of its own. What the host mounts and unmounts still reaches it, so that it
    /// keeps no disk of the host busy; what is mounted here is seen nowhere else.
    init() throws(SystemCallError) {
        let host = try Namespace.current(.mount)
        try Namespace.unshare(.mount)
        try MountTree.setPropagation(.slave)
        self.host = host
    }

    /// Mounts the overlay at the bundle's `rootfs`.
    mutating func mountRoot(
        _ root: MonitorSettings.RootMount, bundle: String, userNamespace: borrowing FileDescriptor?
    ) throws(SystemCallError) {
        try OverlayMount(lowers: root.lowers, upper: root.upper, work: root.work, isVolatile: root.volatile)
            .mount(userNamespace: userNamespace, &layers)
            .attach(to: try FileDescriptor.directory(bundle + "/rootfs"))
    }

    /// Attaches what the engine has mounted, and takes over its descriptors: here the runtime finds it by a path.
    borrowing func attach(_ numbers: [CInt], bundle: String) throws(SystemCallError) {
        for (index, number) in numbers.enumerated() {
            let place = try FileDescriptor.open("\(bundle)/mounts/\(index)", flags: FileDescriptor.pathOnly)
            try Mount(adopting: FileDescriptor(adopting: number)).attach(to: place)
        }
    }

    mutating func letGoOfLayers() { layers = LayerMounts() }

    /// Goes back to the host's mounts. Ours are gone with it: what an overlay still has to write is written now.
    consuming func drop() throws(SystemCallError) { try Namespace.join(host, .mount) }
}
