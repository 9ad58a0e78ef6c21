import Glibc
import Linux
import MonitorProtocol

/// What is only known or made once the container's root is mounted. The image is a stranger's: each step stays beneath it.
struct RootPreparation: ~Copyable {
    private let root: FileDescriptor
    private let idMap: MonitorSettings.IDMap?

    /// - Parameter root: Its path.
    init(root: String, idMap: MonitorSettings.IDMap?) throws(SystemCallError) {
        self.root = try FileDescriptor.directory(root)
        self.idMap = idMap
    }

    /// Looks up who the container's process is, in the image's own passwd and group files.
    borrowing func resolve(_ user: String, groupAdd: [String]) throws(StartFailure) -> ContainerUser {
        let idCount = idMap?.uid.reduce(0 as UInt64) { max($0, UInt64($1.containerID) + UInt64($1.size)) }
        do throws(AccountError) {
            return try ContainerUser(resolving: user, groupAdd: groupAdd, in: root, idCount: idCount ?? 1 << 32)
        } catch { throw StartFailure(.invalid, "\(error)") }
    }

    /// Makes the working directory and the parents that are missing. They belong to the container's root.
    borrowing func makeWorkingDirectory(_ path: String) throws(SystemCallError) {
        let owner = ownerOnHost()
        var reached = "/"
        for part in path.utf8.split(separator: UInt8(ascii: "/")).map({ String(decoding: $0, as: UTF8.self) }) {
            let next = reached + part
            do throws(SystemCallError) {
                _ = try FileDescriptor.open(next, in: root, flags: FileDescriptor.pathOnly | O_DIRECTORY)
            } catch {
                guard error.errno == .noSuchFile else { throw error }
                let parent = try FileDescriptor.open(reached, in: root, flags: O_RDONLY | O_DIRECTORY)
                try parent.makeDirectory(part, mode: 0o755)
                try parent.changeOwner(of: part, userID: owner.uid, groupID: owner.gid)
                try parent.changeMode(of: part, to: 0o755)  // whatever our umask is
            }
            reached = next + "/"
        }
    }

    /// Made by the host's root, it would belong to nobody inside.
    private borrowing func ownerOnHost() -> (uid: UInt32, gid: UInt32) {
        guard let idMap else { return (0, 0) }
        return (
            MonitorSettings.IDMap.hostID(of: 0, in: idMap.uid) ?? 0, MonitorSettings.IDMap.hostID(of: 0, in: idMap.gid) ?? 0
        )
    }
}
