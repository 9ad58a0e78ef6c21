import CLinux
import Glibc

/// An overlay: read-only layers and a writable directory on top, as one tree.
///
/// It is mounted from outside of the container's user namespace, so that its lowers may be idmapped and a container can't
/// mount it over; therefore device nodes are switched off here (threat: a layer's own `c 1:5` would open). Redirects and
/// metacopies are not followed: a layer's `trusted.overlay.redirect` would show what another layer hides.
public struct OverlayMount: Sendable {
    /// Topmost first.
    public var lowers: [String]
    /// A further directory above them that has the user namespace's ids already: another overlay's `upper`, to be read.
    public var written: String?
    /// Plain directories on one file system, owned by the first ids of the map; nil for a read-only overlay.
    public var upper: String?
    public var work: String?
    /// Nothing is synced when it is unmounted: the host's whole file system would be. A crash of the host loses `upper`.
    public var isVolatile: Bool

    public init(lowers: [String], upper: String?, work: String?, isVolatile: Bool = false) {
        self.lowers = lowers
        self.upper = upper
        self.work = work
        self.isVolatile = isVolatile
    }

    /// Mounts it; attached nowhere yet.
    ///
    /// - Parameter userNamespace: Shows the layers, which are root's on the disk, as its root's. Nil leaves ids as they are.
    /// - Throws: ``SystemCallError``; `EROFS` if overlay found `upper` unusable, which it tells only the kernel's log.
    public func mount(userNamespace: borrowing FileDescriptor?) throws(SystemCallError) -> Mount {
        var layers = LayerMounts()
        return try mount(userNamespace: userNamespace, &layers)
    }

    /// The same, for a caller who lets go of the layers when there is time.
    public func mount(
        userNamespace: borrowing FileDescriptor?, _ layers: inout LayerMounts
    ) throws(SystemCallError) -> Mount {
        if isVolatile { try removeVolatileMark() }
        for lower in allLowers {
            let layer = try Mount.copy(of: lower)
            switch userNamespace {
            case .some(let namespace): if lower != written { try layer.mapIDs(to: namespace) }
            case .none: break
            }
            layers.numbers.append(layer.relinquish())
        }
        let numbers = layers.numbers
        let mount: Mount
        do throws(SystemCallError) {
            mount = try configured { context throws(SystemCallError) in
                for layer in numbers { try context.set("lowerdir+", number: layer) }
            }
        } catch {
            // Linux before 6.5 has no `lowerdir+`, before 6.13 none that takes a descriptor: there a layer needs a path,
            // which `/proc/self/fd` gives it once it is attached.
            guard error.errno == .invalidArgument || error.errno == .notSupported else { throw error }
            mount = try byPath(numbers)
        }
        if upper != nil, try mount.root.isOnReadOnlyMount() {
            throw SystemCallError("mount", on: "overlay at \(upper ?? "")", .readOnly)
        }
        return mount
    }

    private func configured(
        _ addLayers: (borrowing FileSystemContext) throws(SystemCallError) -> Void
    ) throws(SystemCallError) -> Mount {
        let context = try FileSystemContext("overlay")
        try context.set("source", "overlay")
        try addLayers(context)
        if let upper, let work {
            try context.set("upperdir", upper)
            try context.set("workdir", work)
        }
        try context.set("redirect_dir", "nofollow")
        try context.set("metacopy", "off")
        if isVolatile { try context.set("volatile") }
        return try context.mount(.noDevices)
    }

    private var allLowers: [String] { written.map { [$0] + lowers } ?? lowers }

    /// Attaches each layer over its own directory, in this (private) mount namespace, and names it by a path.
    private func byPath(_ layers: [CInt]) throws(SystemCallError) -> Mount {
        var paths: [String] = []
        for (layer, lower) in zip(layers, allLowers) {
            let place = try FileDescriptor.open(lower, flags: FileDescriptor.pathOnly | O_DIRECTORY)
            let (number, onto) = (place.number, layer)
            _ = try retryingInterrupts("move_mount", on: lower) { hako_move_mount(onto, number) }
            paths.append("/proc/self/fd/\(layer)")
        }
        return try configured { context throws(SystemCallError) in
            try context.set("lowerdir", paths.joined(separator: ":"))
        }
    }

    /// Removes what keeps the directories of a volatile overlay from being mounted again, for they may have lost something when
    /// it was not unmounted in order (overlayfs.rst, "Volatile mount").
    public func removeVolatileMark() throws(SystemCallError) {
        guard let work else { return }
        let directory = try FileDescriptor.directory(work)
        guard let inner = try? directory.openChild("work", flags: O_RDONLY | O_DIRECTORY) else { return }
        try inner.removeTree("incompat")
    }
}

/// Mounts of directories that an overlay has taken as its layers; it has clones of its own. For each that goes the kernel waits
/// until no processor can be at it any more (`synchronize_rcu_expedited` in fs/namespace.c), 0.1 to 0.3 ms.
public struct LayerMounts: ~Copyable, Sendable {
    fileprivate var numbers: [CInt] = []

    public init() {}

    deinit { for number in numbers { _ = FileDescriptor(adopting: number) } }
}
