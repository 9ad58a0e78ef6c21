import Linux
import MonitorProtocol

/// The mount namespace in which the container's root is, and nobody else's.
struct PrivateMounts: ~Copyable {
    private let host: FileDescriptor

    /// Moves this process into a mount namespace of its own. What the host mounts and unmounts still reaches it, so that it
    /// keeps no disk of the host busy; what is mounted here is seen nowhere else.
    init() throws(SystemCallError) {
        let host = try Namespace.current(.mount)
        try Namespace.unshare(.mount)
        try MountTree.setPropagation(.slave)
        self.host = host
    }

    /// Mounts the overlay at the bundle's `rootfs`.
    borrowing func mountRoot(
        _ root: MonitorSettings.RootMount, bundle: String, userNamespace: borrowing FileDescriptor?
    ) throws(SystemCallError) {
        let overlay = OverlayMount(
            lowers: root.lowers, upper: root.upper, work: root.work, isVolatile: root.volatile)
        try overlay.mount(userNamespace: userNamespace)
            .attach(to: try FileDescriptor.directory(bundle + "/rootfs"))
    }

    /// Lays `file` over the bundle's `config.json`: the file on the disk stays as the engine wrote it.
    borrowing func replaceConfig(of bundle: String, by file: String) throws(SystemCallError) {
        try Mount.copy(of: file).attach(to: try FileDescriptor.open(bundle + "/config.json"))
    }

    /// Covers cgroup v2 where it stands beside v1: crun refuses to start in that layout, and runc mistakes it.
    borrowing func hideUnifiedCgroup() throws(SystemCallError) {
        let place: FileDescriptor
        do throws(SystemCallError) {
            place = try FileDescriptor.directory("/sys/fs/cgroup/unified")
        } catch {
            if error.errno == .noSuchFile { return }
            throw error
        }
        guard FileSystemKind.of("/sys/fs/cgroup/unified") == .cgroup2 else { return }
        try FileSystemContext("tmpfs").mount(.readOnly).attach(to: place)
    }

    /// Goes back to the host's mounts. Ours are gone with it: what an overlay still has to write is written now.
    consuming func drop() throws(SystemCallError) { try Namespace.join(host, .mount) }
}
