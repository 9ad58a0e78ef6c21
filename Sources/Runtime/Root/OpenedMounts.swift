import Glibc
import Linux
import OCI

/// A mount that was opened before the others were begun.
struct OpenedMount: ~Copyable {
    let mount: Mount
    let isDirectory: Bool
    let isDevice: Bool
}

/// The bundle's mounts that are opened before anything is mounted: the sources of binds, each opened once, so that a path
/// that is swapped later changes nothing (and while they are still peers of what they show, for shared propagation); the
/// devpts of a terminal, and the proc that sysctls were written through.
struct OpenedMounts: ~Copyable {
    private struct Entry {
        let number: CInt
        let isDirectory: Bool
        let isDevice: Bool
    }

    /// By the mount's place in the bundle's list. Descriptors, as a collection can't hold what is not copyable.
    private var entries: [Int: Entry] = [:]

    init(_ bundle: Bundle) throws(RuntimeError) {
        for (index, mount) in bundle.spec.mounts.enumerated() {
            let options = try MountOptions(mount)
            if options.isBind { try open(mount, options, at: index, bundle.path) }
        }
    }

    deinit { for entry in entries.values { _ = FileDescriptor(adopting: entry.number) } }

    private mutating func open(
        _ spec: RuntimeSpec.Mount, _ options: MountOptions, at index: Int, _ bundle: String
    ) throws(RuntimeError) {
        guard let source = spec.source, !source.isEmpty else {
            throw RuntimeError(
                .invalid, cannot: "mount \(PrintableText(spec.destination))", because: "a bind mount needs a source")
        }
        let path = source.utf8.first == UInt8(ascii: "/") ? source : bundle + "/" + source
        do throws(SystemCallError) {
            try add(try Self.copy(of: path, recursive: options.isRecursive), at: index)
        } catch {
            throw RuntimeError(
                error.errno == .noSuchFile ? .invalid : .system,
                cannot: "bind \(PrintableText(path)) to \(PrintableText(spec.destination))",
                because: error.description)
        }
    }

    /// What `/proc/PID/root/PATH` names lies in another mount namespace, where it can be copied only from inside: that is how
    /// a container has another one's `/dev/shm`. Links of that container's lead nowhere but into its own root.
    private static func copy(of path: String, recursive: Bool) throws(SystemCallError) -> Mount {
        let parts = path.split(separator: "/", maxSplits: 3)
        guard path.utf8.starts(with: "/proc/".utf8), parts.count == 4, parts[2] == "root", let process = CInt(parts[1]) else {
            return try Mount.copy(of: path, recursive: recursive)
        }
        return try NamespaceVisit.run(in: process, [.mount]) { () throws(SystemCallError) in
            try Mount.copy(of: "/" + parts[3], recursive: recursive)
        }
    }

    mutating func add(_ mount: consuming Mount, at index: Int) throws(SystemCallError) {
        let kind = try mount.root.status().kind
        let descriptor = mount.intoDescriptor()
        entries[index] = Entry(
            number: descriptor.relinquish(), isDirectory: kind == .directory,
            isDevice: kind == .characterDevice || kind == .blockDevice)
    }

    mutating func take(_ index: Int) -> OpenedMount? {
        guard let entry = entries.removeValue(forKey: index) else { return nil }
        return OpenedMount(
            mount: Mount(adopting: FileDescriptor(adopting: entry.number)), isDirectory: entry.isDirectory,
            isDevice: entry.isDevice)
    }
}
