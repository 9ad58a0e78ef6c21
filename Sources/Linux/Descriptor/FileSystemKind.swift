import CLinux

/// Which file system a path lies on, by the magic number that statfs(2) tells.
public struct FileSystemKind: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// linux/magic.h
    public static let cgroup2 = FileSystemKind(rawValue: 0x6367_7270)

    /// Nil if there is no such path, or none that this process may look at.
    public static func of(_ path: some Path) -> FileSystemKind? {
        let kind = path.withCPath { hako_file_system_kind($0) }
        return kind < 0 ? nil : FileSystemKind(rawValue: kind)
    }
}
