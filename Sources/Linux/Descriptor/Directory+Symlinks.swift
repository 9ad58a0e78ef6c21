import Glibc

extension Directory {
    /// Makes what is missing of an absolute path, as ``create(_:mode:)`` does, and follows no symlinks on its way but those of
    /// one user.
    ///
    /// Who may write to a directory of the path can put a symlink there at any time, also between a look and the making: what
    /// root makes behind it would lie where that one chose. So each part is opened once, and looked at when it is open.
    ///
    /// - Throws: `ELOOP` on a symlink of anybody else's.
    public static func create(
        _ path: String, mode: mode_t, followingSymlinksOf owner: UInt32
    ) throws(SystemCallError) {
        var current = try FileDescriptor.directory("/")
        var rest: [PathBytes] = parts(of: path.utf8).reversed()
        var linkCount = 0
        while let part = rest.popLast() {
            let next = try openOrMake(part, in: current, mode)
            let status = try next.status()
            guard status.kind == .symlink else {
                current = consume next
                continue
            }
            linkCount += 1
            guard status.userID == owner, linkCount <= 40 else {
                throw SystemCallError("openat", on: try "\(current.path())/\(part)", .symlinkLoop)
            }
            // Of the link that was looked at, whatever has its name by now. readlinkat(2)
            let target = try next.symlinkTarget(of: "").bytes
            if target.first == UInt8(ascii: "/") { current = try FileDescriptor.directory("/") }
            rest += parts(of: target).reversed()
        }
    }

    private static func parts(of path: some Sequence<UInt8>) -> [PathBytes] {
        Array(path).split(separator: UInt8(ascii: "/")).compactMap { PathBytes($0) }
    }

    /// The name as it is, a symlink too; a directory of `mode` where there is none.
    private static func openOrMake(
        _ name: PathBytes, in parent: borrowing FileDescriptor, _ mode: mode_t
    ) throws(SystemCallError) -> FileDescriptor {
        var attempt = 1
        while true {
            do throws(SystemCallError) { return try parent.openChild(name, flags: FileDescriptor.pathOnly) } catch {
                guard error.errno == .noSuchFile else { throw error }
            }
            do throws(SystemCallError) {
                try parent.makeDirectory(name, mode: mode)
                let made = try parent.openChild(name, flags: O_RDONLY | O_DIRECTORY)
                // Whatever the umask; but not of another one that was given the name meanwhile.
                if try made.names().isEmpty { try made.changeMode(mode) }
            } catch {
                // Somebody else has made it, or removed it again, or put something in its place. Or nothing can be made here.
                guard [.exists, .noSuchFile, .notDirectory, .symlinkLoop].contains(error.errno), attempt < 100 else {
                    throw error
                }
                attempt += 1
            }
        }
    }
}
