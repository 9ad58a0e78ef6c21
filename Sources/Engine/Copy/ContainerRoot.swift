import Archive
import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI

/// A container's files as its processes have them, volumes and binds included, to be read and written by the container's paths.
///
/// Of a container that runs it is the root in its own mount namespace; of another one it is put together in a namespace that
/// nobody else is in, and nobody can start the container as long as this value lives. Whatever the container puts in a path's
/// way, the path leads to another place inside the root, and nowhere else.
final class ContainerRoot {
    let record: ContainerRecord
    /// The root directory.
    let directory: FileDescriptor
    /// Whose the files are.
    let owner: PackingRules.Owner
    private let mounts: FileDescriptor
    private let users: FileDescriptor?
    /// Let go of last, when the mounts are gone.
    private let lock: FileDescriptor?

    init(
        _ record: ContainerRecord, owner: PackingRules.Owner, directory: consuming FileDescriptor,
        mounts: consuming FileDescriptor, users: consuming FileDescriptor?, lock: consuming FileDescriptor? = nil
    ) {
        self.record = record
        self.owner = owner
        self.directory = directory
        self.mounts = mounts
        self.users = users
        self.lock = lock
    }

    /// Where a path leads; nil where nothing is. It is opened by O_PATH, so that it may be anything.
    ///
    /// - Parameter isFollowed: Whether a symlink is followed that the path itself names.
    func find(_ path: PathBytes, isFollowed: Bool) throws(EngineError) -> FileDescriptor? {
        do throws(SystemCallError) {
            return try FileDescriptor.open(
                path, in: directory, flags: FileDescriptor.pathOnly | (isFollowed ? 0 : O_NOFOLLOW))
        } catch {
            if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
            throw EngineError(.system, cannot: "find \(path) in container \(record.name)", because: "\(error)", cause: error)
        }
    }

    /// Makes this process, which must be a copy with an end of its own, one that may do what the container's root may.
    ///
    /// What it then writes belongs to the container's root without a look at ids, also through mounts that translate them; and it
    /// could not write a file of the host's if it found one. In the container's mount namespace a mount point can't be removed.
    func enter(_ body: () throws -> Void) throws {
        try Namespace.join(mounts, .mount)
        switch users {
        case .none: return try body()
        case .some(let users): try Namespace.join(users, .user)
        }
        var result = Result<Void, any Error>.success(())
        try EffectiveIdentity.run(user: 0, group: 0) { () throws(SystemCallError) in
            result = Result { try body() }
        }
        try result.get()
    }
}

extension Engine {
    /// Opens the files of a container, running or not. What it takes of the store's is the container's byte, as a start does.
    func files(of name: String) throws(EngineError) -> ContainerRoot {
        while true {
            let record = try container(name)
            let spec = try storedSpec(of: record)
            if record.state.hasProcess {
                if let root = try runningRoot(record, spec) { return root }
                continue
            }
            guard !record.state.isUp else {
                throw EngineError(
                    .conflict, "Container \(record.id) is restarting, wait until the container is running")
            }
            switch try takeLock(record) {
            case .isUp: continue
            case .isGone: throw EngineError(.notFound, "No such container: \(name)")
            case .taken(let lock): return try stoppedRoot(record, spec, lock)
            }
        }
    }

    /// Nil where it has ended meanwhile.
    private func runningRoot(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> ContainerRoot? {
        let rootID = try fileRootID(record, spec)
        do throws(SystemCallError) {
            let mounts = try FileDescriptor.open("/proc/\(record.state.pid)/ns/mnt")
            let users = try rootID == 0 ? nil : FileDescriptor.open("/proc/\(record.state.pid)/ns/user")
            // The number was its process's, and not another's, if it still is.
            guard isAlive(record) else { return nil }
            let root = try MountNamespaceVisit.inside(mounts) { () throws(SystemCallError) in
                try FileDescriptor.directory("/")
            }
            return ContainerRoot(
                record, owner: fileOwner(rootID: rootID), directory: root, mounts: mounts, users: users)
        } catch {
            guard isAlive(record) else { return nil }
            throw EngineError(
                .system, cannot: "open the files of container \(record.name)", because: "\(error)", cause: error)
        }
    }
}
