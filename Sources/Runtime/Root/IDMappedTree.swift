import Glibc
import Linux

/// A tree of mounts whose ids are mapped one mount at a time, as one of its file systems can't be: proc, sysfs, devtmpfs,
/// most network file systems.
///
/// Such a mount is left as it is. What is on it belongs to the host's users, who are nobody in the container: its root may
/// do there what anyone may. So `-v /:/host:ro` shows all of the host, as a collector of metrics needs it.
enum IDMappedTree {
    /// The runtime spec wants an error where a mapping can't be applied; this annotation of a bundle says otherwise.
    static let annotation = (name: "io.hako.idmap", value: "where-possible")

    /// - Parameters:
    ///   - tree: Copied from `source`, and not attached yet.
    ///   - source: An absolute path.
    static func map(
        _ tree: borrowing Mount, of source: String, recursive: Bool, to namespace: borrowing FileDescriptor
    ) throws(SystemCallError) {
        try map(tree, to: namespace)
        guard recursive else { return }
        let top = try FileDescriptor.open(source, flags: FileDescriptor.pathOnly).path()
        for path in try mountPoints(below: top) {
            let place: FileDescriptor
            do throws(SystemCallError) {
                place = try FileDescriptor.open(
                    path, in: tree.root, .beneathWithoutSymlinks, flags: FileDescriptor.pathOnly)
            } catch { continue }  // Gone meanwhile, or covered by another mount.
            try map(Mount(adopting: place), to: namespace)
        }
    }

    private static func map(_ mount: borrowing Mount, to namespace: borrowing FileDescriptor) throws(SystemCallError) {
        do throws(SystemCallError) { try mount.mapIDs(to: namespace) } catch {
            // mount_setattr(2): EINVAL for a file system that can't, EPERM for a mount that has a mapping already.
            guard error.errno == .invalidArgument || error.errno == .notPermitted else { throw error }
        }
    }

    /// Where something is mounted below a directory, relative to it. proc_pid_mountinfo(5).
    private static func mountPoints(below top: String) throws(SystemCallError) -> [String] {
        let prefix = top == "/" ? "/" : top + "/"
        return try FileDescriptor.contents(of: "/proc/self/mountinfo").split(separator: UInt8(ascii: "\n")).compactMap {
            let fields = $0.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count > 4 else { return nil }
            let path = CgroupMounts.unescaped(fields[4])
            return path.hasPrefix(prefix) && path != prefix ? String(path.dropFirst(prefix.count)) : nil
        }
    }
}
