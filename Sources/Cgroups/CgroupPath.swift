/// Where a cgroup lies below each hierarchy's mount: one or more names, none of which leads elsewhere.
public struct CgroupPath: Hashable, Sendable, CustomStringConvertible {
    /// From the top; never empty.
    public let components: [String]

    /// From `linux.cgroupsPath` of a bundle. An absolute path is taken from the mount's root; a relative one lies below
    /// ``defaultParent``, as config-linux.md leaves it to the runtime.
    ///
    /// - Throws: ``CgroupError/invalidPath(_:reason:)`` for `..`, which would leave the parent that the caller allows,
    ///   for the root itself, whose limits are the host's, and for systemd's `slice:prefix:name`.
    public init(parsing text: String) throws(CgroupError) {
        let isAbsolute = text.utf8.first == UInt8(ascii: "/")
        let names = text.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: Array($0), as: UTF8.self) }
        if !isAbsolute, text.utf8.contains(UInt8(ascii: ":")) {
            throw .invalidPath(text, reason: "systemd's slice:prefix:name is not supported, only a path")
        }
        try self.init(components: (isAbsolute ? [] : [Self.defaultParent]) + names, from: text)
    }

    /// The cgroup of a container whose bundle names none.
    public init(containerID: String) throws(CgroupError) {
        try self.init(components: [Self.defaultParent, containerID], from: containerID)
    }

    private init(components: [String], from text: String) throws(CgroupError) {
        guard !components.isEmpty, text.utf8.contains(where: { $0 != UInt8(ascii: "/") }) else {
            throw .invalidPath(text, reason: "it is the root of all cgroups")
        }
        for name in components {
            guard name != ".", name != ".." else { throw .invalidPath(text, reason: "it holds \"\(name)\"") }
            guard !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.isEmpty, name.utf8.count <= 255 else {
                throw .invalidPath(text, reason: "a name in it is empty, longer than 255 bytes or holds a slash")
            }
            // A line end in a name would forge lines of /proc/PID/cgroup.
            guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw .invalidPath(text, reason: "it holds a control character")
            }
        }
        self.components = components
    }

    /// A cgroup below this one, for `exec --cgroup`.
    public func appending(_ text: String) throws(CgroupError) -> CgroupPath {
        let names = text.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: Array($0), as: UTF8.self) }
        return try CgroupPath(components: components + names, from: text)
    }

    /// The parent of Hako's own cgroups; it goes when its last child does.
    public static let defaultParent = "hako"

    /// As `/proc/PID/cgroup` shows it: `/hako/0123…`.
    public var description: String { "/" + relative }

    /// The same from a mount point on: `hako/0123…`.
    var relative: String { components.joined(separator: "/") }

    /// Relative paths of each cgroup from the top down to this one.
    var steps: [String] { components.indices.map { components[...$0].joined(separator: "/") } }
}
