import Glibc
import Linux
import SQLite
import Synchronization

/// The store's database: which images, containers, networks and ports there are. Any number of processes use it at once.
///
/// Each method is one short transaction. It may be called from any thread; the threads of a process take turns.
public final class Database: @unchecked Sendable {
    // Unchecked because a connection is for one thread at a time: it is touched only with `turn` held.
    private let connection: Connection
    private let turn = Mutex(())
    private let reserve: DiskReserve

    /// Opens the database, and makes it and its tables if there are none. 0.15 ms; 20 ms the first time.
    ///
    /// - Parameter path: Its directory must be there and closed to others; the file gets mode 0600 whatever the umask.
    /// - Throws: ``MetadataError/newerStore(version:supported:)``; ``MetadataError/database(_:)`` of kind `corrupt` for a
    ///   file that is no database.
    public init(path: String) throws(MetadataError) {
        try Self.createFile(path)
        reserve = DiskReserve(path: path + "-reserve")
        do throws(SQLiteError) {
            connection = try Self.connect(path, reserve)
        } catch { throw .database(error) }
        try migrate()
    }

    /// On a full disk not even the log's index can be made: the store must open nevertheless, to be emptied.
    private static func connect(_ path: String, _ reserve: DiskReserve) throws(SQLiteError) -> Connection {
        do throws(SQLiteError) {
            return try Connection(path: path)
        } catch {
            guard error.kind == .full else { throw error }
            reserve.giveUp()
            return try Connection(path: path)
        }
    }

    private static func createFile(_ path: String) throws(MetadataError) {
        // SQLite would take the umask's modes. The WAL and its index take those of this file.
        do throws(SystemCallError) {
            let file = try FileDescriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            guard fchmod(file.number, 0o600) == 0 else {
                throw SystemCallError("fchmod", on: path, Errno(rawValue: errno))
            }
        } catch {
            guard error.errno == .exists else { throw .system(error) }
        }
    }

    private func migrate() throws(MetadataError) {
        let found = try read { session throws(MetadataError) in try session.version() }
        guard found <= Schema.version else { throw .newerStore(version: found, supported: Schema.version) }
        guard found < Schema.version else { return }
        reserve.fill()
        try write { session throws(MetadataError) in
            // Asked again: another process may have done it since.
            let found = try session.version()
            for step in Schema.steps.dropFirst(Int(clamping: found)) { try session.execute(step) }
            try session.execute("PRAGMA user_version=\(Schema.version)")
        }
    }

    /// Runs `body` with one unchanging view of the database.
    func read<Result: Sendable>(_ body: (Session) throws(MetadataError) -> Result) throws(MetadataError) -> Result {
        try transaction(.read, body)
    }

    /// Runs `body` holding the write lock: all of what it does happens, or nothing.
    @discardableResult
    func write<Result: Sendable>(_ body: (Session) throws(MetadataError) -> Result) throws(MetadataError) -> Result {
        try transaction(.write, body)
    }

    /// As ``write(_:)``, for what gives room on the disk back, or must be done before that: when it is full, the reserve makes it possible.
    @discardableResult
    func writeFreeing<Result: Sendable>(
        _ body: (Session) throws(MetadataError) -> Result
    ) throws(MetadataError) -> Result {
        do throws(MetadataError) {
            return try transaction(.write, body)
        } catch .database(let error) {
            guard error.kind == .full else { throw .database(error) }
            reserve.giveUp()
            return try transaction(.write, body)
        } catch { throw error }
    }

    private func transaction<Result: Sendable>(
        _ mode: Connection.TransactionMode, _ body: (Session) throws(MetadataError) -> Result
    ) throws(MetadataError) -> Result {
        try turn.withLock { _ throws(MetadataError) -> Result in
            let session = Session(connection: connection)
            return try connection.transaction(
                mode, { () throws(MetadataError) -> Result in try body(session) }, orThrow: MetadataError.database)
        }
    }

    /// Moves what the write-ahead log holds into the database file if there is much of it. It syncs: for after the answer.
    public func checkpointIfLarge() throws(MetadataError) {
        reserve.fill()
        try turn.withLock { _ throws(MetadataError) in
            do throws(SQLiteError) { try connection.checkpoint(over: Self.logLimit) } catch { throw .database(error) }
        }
    }

    /// Whether ``checkpointIfLarge()`` has something to do.
    public var isLogLarge: Bool { turn.withLock { _ in connection.logSize > Self.logLimit } }

    /// A process that finds no other one at work reads the whole log when it opens the database: 1.2 ms for each MiB, which is
    /// the trace of fifty containers. A checkpoint takes about as much, and then nobody waits for an answer.
    static let logLimit: Int64 = 128 << 10

    /// What is wrong with the file itself; empty when it is whole.
    public func integrityProblems() throws(MetadataError) -> [String] {
        try turn.withLock { _ throws(MetadataError) -> [String] in
            do throws(SQLiteError) { return try connection.integrityProblems() } catch { throw .database(error) }
        }
    }
}

/// A connection inside a transaction, with errors of this module.
struct Session {
    let connection: Connection

    func version() throws(MetadataError) -> Int64 {
        try first("PRAGMA user_version") { $0.integer(0) } ?? 0
    }

    func execute(_ script: String) throws(MetadataError) {
        do throws(SQLiteError) { try connection.execute(script) } catch { throw .database(error) }
    }

    /// Runs a statement; returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [Value] = []) throws(MetadataError) -> Int {
        do throws(SQLiteError) { return try connection.run(sql, values) } catch { throw .database(error) }
    }

    /// What `map` makes of each row.
    func all<Result>(
        _ sql: String, _ values: [Value] = [], _ map: (Row) throws(MetadataError) -> Result
    ) throws(MetadataError) -> [Result] {
        var results: [Result] = []
        try connection.rows(
            sql, values,
            { row throws(MetadataError) -> Bool in
                results.append(try map(row))
                return true
            }, orThrow: MetadataError.database)
        return results
    }

    /// What `map` makes of the first row; nil where there is none.
    func first<Result>(
        _ sql: String, _ values: [Value] = [], _ map: (Row) throws(MetadataError) -> Result
    ) throws(MetadataError) -> Result? {
        var result: Result?
        try connection.rows(
            sql, values,
            { row throws(MetadataError) -> Bool in
                result = try map(row)
                return false
            }, orThrow: MetadataError.database)
        return result
    }
}
