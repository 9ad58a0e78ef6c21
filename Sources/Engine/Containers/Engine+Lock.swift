import Glibc
import Linux
import Metadata
import RuntimeClient

/// What came of asking for a container's byte.
enum ContainerLock: ~Copyable {
    /// It is the caller's, who is the only one to start, change or remove the container.
    case taken(FileDescriptor)
    /// Somebody has started the container meanwhile.
    case isUp
    /// Somebody has removed it meanwhile.
    case isGone
}

extension Engine {
    /// Takes the byte of a container that did not run a moment ago.
    ///
    /// Who has it may be done in a moment: another remover. Or it is a starter, whose monitor keeps it for as long as the container
    /// runs: so it is asked for over and over, and the state looked at in between.
    ///
    /// - Parameters:
    ///   - isNew: Whether the caller has just made the container, so that nothing of it stands in the journal.
    ///   - mounts: Whether the caller mounts the writable layer: then the monitor of the run before must be done with it, or two
    ///     would write to one upper directory.
    func takeLock(_ record: ContainerRecord, isNew: Bool = false, mounts: Bool = true) throws(EngineError) -> ContainerLock {
        let action = "lock container \(record.name)"
        let locks = try calling(action) { () throws(RuntimeClientError) in try ContainerLocks(path: runtimePaths.locks) }
        var isFirst = true
        while true {
            let lock = try calling(action) { () throws(RuntimeClientError) in try locks.acquire(record.slot) }
            // A monitor writes before it lets go.
            if !isNew || !isFirst { try foldJournal() }
            let current = try onDatabase("find the container") { database throws(MetadataError) in
                try database.container(id: record.id)
            }
            // Without a row the slot may be another container's by now.
            guard let current else { return .isGone }
            if let lock {
                // One that lives without a monitor is up, too.
                if current.state.isUp && isAlive(current) { return .isUp }
                // A new one's slot may have been another's, whose monitor is no concern of it.
                if mounts, !isNew {
                    try calling("wait for what is left of container \(record.name)'s last run") { () throws(RuntimeClientError) in
                        try locks.waitForCleanUp(record.slot)
                    }
                }
                return .taken(lock)
            }
            if current.state.isUp { return .isUp }
            isFirst = false
            usleep(1000)
        }
    }

    /// As ``takeLock(_:isNew:mounts:)``, where anything but the byte is an error: that of a start.
    func takeLockToStart(_ record: ContainerRecord, isNew: Bool = false) throws(EngineError) -> FileDescriptor {
        switch try takeLock(record, isNew: isNew) {
        case .taken(let lock): return lock
        case .isUp:
            throw EngineError(.conflict, "container \(record.name) is already running", hint: "Attach to it, or read its logs.")
        case .isGone: throw EngineError(.notFound, "No such container: \(record.name)")
        }
    }
}
