import Glibc
import Hashing
import Linux

/// What files were found to hold in earlier builds, so that those that have not changed since aren't read again.
///
/// It believes a file's state (``FileState``) that was some time old when it was read: a file that has just been changed could
/// be changed once more without a trace (git calls that racy), so it is read again next time.
///
/// One file for each context directory is best: it is read as a whole. It is for one thread at a time; of two builds that
/// write it at once, one keeps what it has learnt for itself.
public final class FileDigestCache {
    /// How many files' contents were read, as nothing, or nothing that is still true, was known of them.
    public internal(set) var filesRead = 0
    /// How many were known.
    public internal(set) var filesKnown = 0

    private let path: String?
    private let clock: () -> FileTime
    /// What the file held; never changed.
    private let table: FileDigestTable
    /// Which of the table's entries were asked for.
    private var isUsed: [Bool]
    private var learnt: [FileDigestTable.Key: FileDigestTable.Entry] = [:]
    private var hasher = FileHasher()

    /// - Parameter path: Where the cache is kept, or is to be; one that can't be read, is damaged or isn't a cache is as none.
    ///   Nil keeps it in memory alone.
    public convenience init(path: String?) { self.init(path: path, clock: Self.now) }

    /// With a clock of one's own, for tests: what a test has just made is too young to be believed.
    init(path: String?, clock: @escaping () -> FileTime) {
        self.path = path
        self.clock = clock
        let table = path.flatMap(FileDigestTable.init(contentsOf:)) ?? FileDigestTable()
        self.table = table
        isUsed = Array(repeating: false, count: table.count)
    }

    private static func now() -> FileTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return FileTime(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    /// What is known of a file in this state.
    func known(_ status: FileStatus) -> FileContent? {
        let state = FileState(status)
        let key = FileDigestTable.Key(state)
        if !learnt.isEmpty, let entry = learnt[key] {
            guard entry.state == .init(state) else { return nil }
            filesKnown += 1
            return entry.content
        }
        guard let index = table.index(of: key), table[index].state == .init(state) else { return nil }
        isUsed[index] = true
        filesKnown += 1
        return table[index].content
    }

    /// Reads an open file and remembers it; nil if it was changed meanwhile.
    func read(
        _ file: borrowing FileDescriptor
    ) throws(SystemCallError) -> (content: FileContent, status: FileStatus)? {
        let start = clock()
        filesRead += 1
        guard let result = try hasher.content(of: file) else { return nil }
        let state = FileState(result.status)
        if Self.isSettled(state, at: start) {
            learnt[FileDigestTable.Key(state)] = FileDigestTable.Entry(
                state: .init(state), content: result.content, lastUse: Self.day(start))
        }
        return result
    }

    /// Whether a change after `start` must have another time than the one that the file has.
    private static func isSettled(_ state: FileState, at start: FileTime) -> Bool {
        // A change has the time of the last timer tick (current_time of the kernel), up to 10 ms ago, and a write that of its
        // beginning: one of many bytes, or on a busy processor, may go on behind it. File systems without nanoseconds count
        // in seconds, or in two.
        let tick = (state.changed.nanoseconds == 0 ? 2_000_000_000 : 200_000_000) + min(state.size, 100 << 30) * 10
        let seconds = start.seconds - state.changed.seconds
        guard (0...5000).contains(seconds) else { return seconds > 0 }
        return seconds * 1_000_000_000 + start.nanoseconds - state.changed.nanoseconds > tick
    }

    private static func day(_ time: FileTime) -> UInt64 { UInt64(max(0, time.seconds) / 86_400) }
}

extension FileDigestCache {
    /// How long a file is remembered that no build asks for.
    private static let daysKept: UInt64 = 30

    /// Writes what was learnt, beside what the cache held, in place of it. Nothing is written if nothing was learnt.
    ///
    /// - Returns: Whether it was written; not either while another process is at it.
    @discardableResult
    public func save() throws(SystemCallError) -> Bool {
        guard let path, !learnt.isEmpty else { return false }
        let today = Self.day(clock())
        let kept = table.indices.lazy.compactMap { index -> FileDigestTable.Entry? in
            var entry = self.table[index]
            if self.learnt[entry.state.key] != nil { return nil }
            if self.isUsed[index] { entry.lastUse = today }
            return entry.lastUse + Self.daysKept < today ? nil : entry
        }
        let words = FileDigestTable.words(of: kept, and: learnt.values.sorted { $0.state.key < $1.state.key })
        return try Self.replace(path, with: words)
    }

    /// By rename, so that a reader has the old file or the new one. Not synced: one that a crash has torn shows by its
    /// checksum. The new file's name is the same for all, so that who is killed leaves one at most; a lock on it tells whether
    /// somebody is writing it.
    private static func replace(_ path: String, with words: [UInt64]) throws(SystemCallError) -> Bool {
        let temporary = path + ".new"
        let file = try FileDescriptor.open(temporary, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        guard try file.tryLockWhole() else { return false }
        // It may have become the cache itself while it was opened.
        guard let named = try? FileDescriptor.status(of: temporary, followingSymlinks: false),
            try named.inode == file.status().inode
        else { return false }
        try file.truncate(to: 0)
        try file.writeAll(words.span.bytes)
        try FileDescriptor.rename(temporary, to: path)
        return true
    }
}
