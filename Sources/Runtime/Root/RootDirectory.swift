import Glibc
import Linux

/// The container's root, as a mount that is open: every path of the container's is resolved in it.
struct RootDirectory: ~Copyable {
    let mount: Mount
    /// Who the container's root is on the host: the owner of what is made in it.
    let owner: (user: UInt32, group: UInt32)

    /// Where `path` leads inside the root; nil where there is nothing.
    borrowing func find(_ path: String) throws(SystemCallError) -> FileDescriptor? {
        do throws(SystemCallError) {
            return try FileDescriptor.open(path, in: mount.root, flags: FileDescriptor.pathOnly)
        } catch {
            if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
            throw error
        }
    }

    /// The place of a mount, made part by part if it isn't there. What the image or a volume swaps meanwhile can only lead
    /// to another place inside the root: nothing is mounted on a path, only on what is open (CVE-2021-30465).
    borrowing func place(
        _ path: String, isDirectory: Bool, followedLinks: Int = 0
    ) throws(SystemCallError) -> FileDescriptor {
        if let found = try find(path) { return found }
        guard followedLinks < 40 else { throw SystemCallError("openat2", on: path, .symlinkLoop) }
        let parts = path.split(separator: "/").filter { $0 != "." }.map(String.init)
        var parent = try FileDescriptor.open("/", in: mount.root, flags: O_RDONLY | O_DIRECTORY)
        for (index, part) in parts.enumerated() {
            let prefix = parts[...index].joined(separator: "/")
            if let next = try find(prefix) {
                parent = try FileDescriptor.open(".", in: next, flags: O_RDONLY | O_DIRECTORY)
                continue
            }
            // A symlink to what isn't there yet, as /etc/resolv.conf often is: its target is what has to be made.
            if let target = try symlinkTarget(of: part, in: parent) {
                let base = target.hasPrefix("/") ? "" : parts[..<index].joined(separator: "/") + "/"
                let rest = ([base + target] + parts[(index + 1)...]).joined(separator: "/")
                return try place(rest, isDirectory: isDirectory, followedLinks: followedLinks + 1)
            }
            if index < parts.count - 1 || isDirectory {
                parent = try makeDirectory(part, in: parent)
            } else {
                try makeFile(part, in: parent)
            }
        }
        return try FileDescriptor.open(path, in: mount.root, flags: FileDescriptor.pathOnly)
    }

    private borrowing func symlinkTarget(
        of name: String, in parent: borrowing FileDescriptor
    ) throws(SystemCallError) -> String? {
        do throws(SystemCallError) {
            return String(decoding: try parent.symlinkTarget(of: name).bytes, as: UTF8.self)
        } catch {
            if error.errno == .noSuchFile || error.errno == .invalidArgument { return nil }
            throw error
        }
    }

    private borrowing func makeDirectory(
        _ name: String, in parent: borrowing FileDescriptor
    ) throws(SystemCallError) -> FileDescriptor {
        try asOwner { () throws(SystemCallError) in try parent.makeDirectory(name, mode: 0o755) }
        let made = try parent.openChild(name, flags: O_RDONLY | O_DIRECTORY)
        try made.setOwner(user: owner.user, group: owner.group)
        return made
    }

    private borrowing func makeFile(_ name: String, in parent: borrowing FileDescriptor) throws(SystemCallError) {
        let file = try asOwner { () throws(SystemCallError) in
            try parent.openChild(name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        }
        try file.setOwner(user: owner.user, group: owner.group)
    }

    /// Makes something as the container's root where nobody else can: in a mount that translates ids, such as a volume, the host's
    /// root has none (EOVERFLOW).
    private borrowing func asOwner<Made: ~Copyable>(
        _ make: () throws(SystemCallError) -> Made
    ) throws(SystemCallError) -> Made {
        do throws(SystemCallError) { return try make() } catch {
            guard error.errno == Errno(rawValue: EOVERFLOW) else { throw error }
            return try EffectiveIdentity.run(user: owner.user, group: owner.group, make)
        }
    }
}
