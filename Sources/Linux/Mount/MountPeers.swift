import Glibc

/// Whether mounts that are made below a path's mount are seen elsewhere, and the other way round. mount_namespaces(7), "Shared
/// subtrees".
public struct MountPeers: Hashable, Sendable {
    /// Where it is mounted, as `/proc/self/mountinfo` writes it: a blank is `\040`.
    public let mountPoint: String
    /// What is mounted here is seen by its peers, and what they mount here.
    public let isShared: Bool
    /// What a peer group mounts is seen here.
    public let isSlave: Bool

    /// Of the mount that `path` is on, in this process's mount namespace.
    ///
    /// - Throws: ``SystemCallError``: `open` of the path or of the tables in `/proc`; `ENOENT` if the mount went meanwhile.
    public init(of path: String) throws(SystemCallError) {
        let place = try FileDescriptor.open(path, flags: FileDescriptor.pathOnly)
        let info = "/proc/self/fdinfo/\(place.number)"
        // `mnt_id:` in front of a number: proc_pid_fdinfo(5).
        let label = Array("mnt_id:".utf8)
        let line = try FileDescriptor.contents(of: info).split(separator: UInt8(ascii: "\n")).first { $0.starts(with: label) }
        let id = (line ?? []).dropFirst(label.count).drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
        for row in try FileDescriptor.contents(of: "/proc/self/mountinfo").split(separator: UInt8(ascii: "\n")) {
            let fields = row.split(separator: UInt8(ascii: " "))
            guard fields.count > 6, fields[0].elementsEqual(id) else { continue }
            // Fields from the seventh on, up to a dash, are optional: `shared:N`, `master:N`.
            let tags = fields[6...].prefix { !$0.elementsEqual([UInt8(ascii: "-")]) }
            mountPoint = String(decoding: fields[4], as: UTF8.self)
            isShared = tags.contains { $0.starts(with: Array("shared:".utf8)) }
            isSlave = tags.contains { $0.starts(with: Array("master:".utf8)) }
            return
        }
        throw SystemCallError("find the mount", on: path, .noSuchFile)
    }
}
