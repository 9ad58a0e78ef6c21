import Glibc
import Linux
import Metadata

/// The directories of volumes: `volumes/NAME/_data`.
///
/// A directory is there before its volume's row, and goes after it. Who holds the lock of `volumes` may take a directory
/// without a row for left over. What is being made is called `.new-…`, what is being removed `.gone-…`, and each is locked by
/// whoever is at work: an unlocked one is what a killed process left.
struct VolumeDirectories: Sendable {
    let path: String
    /// How long to wait for who makes or removes volumes: as long as for the database. They hold the lock for a moment, unless
    /// they were stopped.
    var patienceMilliseconds = 8000

    static let data = "_data"
    /// RENAME_NOREPLACE of renameat2(2).
    static let exclusively: UInt32 = 1

    /// Runs `body` while nobody else makes or removes volumes. It is to be short.
    func locked<Result: ~Copyable>(
        _ body: (borrowing FileDescriptor) throws(EngineError) -> Result
    ) throws(EngineError) -> Result {
        let directory = try explaining("lock \(path)") { () throws(SystemCallError) in
            try Directory.create(path)
            return try FileDescriptor.directory(path)
        }
        let isLocked = try explaining("lock \(path)") { () throws(SystemCallError) in
            try directory.lockWhole(withinMilliseconds: patienceMilliseconds)
        }
        guard isLocked else {
            throw EngineError(
                .unavailable, cannot: "lock \(path)", because: "another process has had it locked for too long",
                hint: "`fuser \(path)` names it: it may have been stopped.")
        }
        return try body(directory)
    }

    /// Makes a volume's directory under another name: nobody sees it until it is placed.
    func stage(_ record: VolumeRecord) throws(EngineError) -> StagedVolume {
        try locked { directory throws(EngineError) in
            try explaining("make the volume \(record.name)") { () throws(SystemCallError) in
                let name = Self.mark("new")
                try directory.makeDirectory(name)
                let staged = try directory.openChild(name, flags: O_RDONLY | O_DIRECTORY)
                _ = try staged.tryLockWhole()
                try staged.makeDirectory(Self.data)
                // As a directory that the container's root makes.
                try staged.changeMode(of: Self.data, to: 0o755)
                return StagedVolume(record, at: path, name, staged)
            }
        }
    }

    /// Gives a staged volume its name; `directory` is this one, locked, and the name has no row.
    ///
    /// - Returns: What had the name: left over, and to be removed when nobody waits.
    func place(_ staged: StagedVolume, in directory: borrowing FileDescriptor) throws(EngineError) -> RetiredDirectory? {
        let leftover = try retire(staged.record.name, in: directory)
        try explaining("make the volume \(staged.record.name)") { () throws(SystemCallError) in
            try FileDescriptor.rename(
                staged.name, in: directory, to: staged.record.name, in: directory, flags: Self.exclusively)
        }
        staged.isPlaced = true
        return leftover
    }

    /// Gives a placed volume the name back that nobody sees: it goes with its value. `directory` is this one, still locked.
    ///
    /// Not by ``retire(_:in:)``: what that gives is removed once its lock is free, and this volume's is held here.
    func takeBack(_ staged: StagedVolume, in directory: borrowing FileDescriptor) throws(EngineError) {
        try explaining("take back the volume \(staged.record.name)") { () throws(SystemCallError) in
            try FileDescriptor.rename(
                staged.record.name, in: directory, to: staged.name, in: directory, flags: Self.exclusively)
        }
        staged.isPlaced = false
    }

    /// Takes a directory's name away; `directory` is this one, locked. Nil where there is none.
    func retire(_ name: String, in directory: borrowing FileDescriptor) throws(EngineError) -> RetiredDirectory? {
        let mark = Self.mark("gone")
        do throws(SystemCallError) {
            try FileDescriptor.rename(name, in: directory, to: mark, in: directory, flags: Self.exclusively)
            let opened = try directory.openChild(mark, flags: O_RDONLY | O_DIRECTORY)
            // Where somebody still fills it, that is waited for when it is removed.
            _ = try opened.tryLockWhole()
            return RetiredDirectory("\(path)/\(mark)", opened)
        } catch {
            if error.errno == .noSuchFile { return nil }
            throw EngineError(.system, cannot: "remove the volume \(name)", because: "\(error)", cause: error)
        }
    }

    private static func mark(_ kind: String) -> String { ".\(kind)-\(RandomID.make().prefix(16))" }

    /// The names of all that is there, ours with the full stop too.
    func names(in directory: borrowing FileDescriptor) throws(EngineError) -> [String] {
        do throws(SystemCallError) { return try directory.names().map(\.description).sorted() } catch {
            throw EngineError(.system, cannot: "list \(path)", because: "\(error)", cause: error)
        }
    }
}

/// A volume whose directory is there, and its row not yet. It goes with this value unless it was placed.
final class StagedVolume {
    let record: VolumeRecord
    let name: String
    private let parent: String
    private let directory: FileDescriptor
    var isPlaced = false

    init(_ record: VolumeRecord, at parent: String, _ name: String, _ directory: consuming FileDescriptor) {
        self.record = record
        self.parent = parent
        self.name = name
        self.directory = directory
    }

    func data() throws(SystemCallError) -> FileDescriptor {
        try directory.openChild(VolumeDirectories.data, flags: O_RDONLY | O_DIRECTORY)
    }

    deinit {
        // What stays is found by `system check`.
        if !isPlaced { try? Directory.removeTree("\(parent)/\(name)") }
    }
}

/// Runs a step of system calls; what fails becomes an error in words.
func explaining<Result: ~Copyable>(
    _ action: @autoclosure () -> String, _ body: () throws(SystemCallError) -> Result
) throws(EngineError) -> Result {
    do throws(SystemCallError) { return try body() } catch {
        throw EngineError(.system, cannot: action(), because: "\(error)", cause: error)
    }
}
