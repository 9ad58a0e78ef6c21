import CSQLite
import Glibc

/// A connection to one database file, for one thread at a time. It closes itself when its owner lets go of it.
public final class Connection {
    let handle: OpaquePointer
    public let path: String
    let busyTimeoutMilliseconds: Int32
    /// Statements that are not in use. A second one of the same text appears when a query is run inside a query's closure. Few:
    /// a search costs less than the types of a dictionary, which are made when it is first used.
    private var idle: [Statement] = []
    /// While it is true, a statement that would change the database is compiled and kept, but not run.
    private var isRehearsing = false

    /// Opens the database at `path` for reading and writing, in WAL mode, for a process that lives for milliseconds.
    ///
    /// A file that isn't there is made, with the modes that the umask leaves: make it first where that matters; the WAL
    /// and its index take the file's mode. What an ordinary last connection does at its end (checkpoint, sync, delete
    /// the WAL: 8 to 60 ms) is switched off; ``checkpoint(over:)`` does it when nobody waits.
    ///
    /// - Parameter busyTimeoutMilliseconds: How long a statement waits for another connection's lock.
    /// - SeeAlso: <https://sqlite.org/wal.html>, <https://sqlite.org/c3ref/c_dbconfig_defensive.html>
    public init(path: String, busyTimeoutMilliseconds: Int32 = 8000) throws(SQLiteError) {
        _ = Self.isSetUp
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK, let handle else {
            let error = SQLiteError(code: code, database: handle, operand: path)
            sqlite3_close_v2(handle)
            throw error
        }
        self.handle = handle
        self.path = path
        self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
        _ = hako_sqlite3_busy_timeout(handle, busyTimeoutMilliseconds)
        _ = hako_sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        // Text in the schema can't run functions with side effects, whoever wrote the file.
        _ = hako_sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        _ = hako_sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        // Sets no lock and no file: only the answer to "who checkpoints" changes.
        sqlite3_wal_autocheckpoint(handle, 0)
        try enterWALMode()
    }

    /// Set once for the process, before its first connection.
    private static let isSetUp =
        hako_sqlite3_leave_memory_uncounted() == SQLITE_OK && hako_sqlite3_fill_index_pages() == SQLITE_OK
        && hako_sqlite3_keep_index_pages() == SQLITE_OK

    deinit {
        idle.removeAll()
        // v2: a statement that is still in use makes the connection wait for it instead of leaking.
        sqlite3_close_v2(handle)
    }

    private func enterWALMode() throws(SQLiteError) {
        // For a new file only. A row that changes puts its whole page into the log, and whoever opens the database alone reads
        // all of the log: pages of 4 KiB make it four times as long.
        try execute("PRAGMA page_size=1024")
        // The mode is kept in the file: on every open but the first this only reads its header.
        try executeOnceFree("PRAGMA journal_mode=WAL")
        // In WAL mode NORMAL syncs at checkpoints only: a power cut may lose the last transactions, never their order.
        try execute("PRAGMA synchronous=NORMAL")
        // A WAL that was checkpointed starts again from its beginning; what it once grew to is given back.
        try execute("PRAGMA journal_size_limit=524288")
        var keep: Int32 = 1
        _ = sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep)
    }

    /// Tries again for as long as the busy timeout says. The change of a new file's mode takes locks for which SQLite calls no
    /// busy handler: of many that open it first at the same time, some would fail.
    private func executeOnceFree(_ script: String) throws(SQLiteError) {
        let deadline = Self.monotonicMilliseconds() + Int64(busyTimeoutMilliseconds)
        while true {
            do throws(SQLiteError) { return try execute(script) } catch {
                // SQLITE_PROTOCOL: it has itself tried for ten seconds.
                // For other locks it has called the busy handler, which took all of the time at once.
                guard error.kind == .busy, error.code & 0xFF != SQLITE_PROTOCOL, Self.monotonicMilliseconds() < deadline else {
                    throw error
                }
            }
            _ = sqlite3_sleep(5)
        }
    }

    private static func monotonicMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Runs statements that are known text and give no rows that matter: the schema, pragmas.
    public func execute(_ script: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, script, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code: code, database: handle, operand: script) }
    }

    /// Runs one statement with a value for each `?`. Returns how many rows it inserted, updated or deleted.
    @discardableResult
    public func run(_ sql: String, _ values: [Value] = []) throws(SQLiteError) -> Int {
        let statement = try take(sql)
        defer { giveBack(statement) }
        guard !isRehearsing || statement.isReadOnly else { return 0 }
        try statement.bind(values)
        while try statement.next() != nil {}
        return Int(clamping: sqlite3_changes64(handle))
    }

    /// Runs `body` so that nothing changes: what it reads is read, its other statements (``run(_:_:)``) are compiled and say that
    /// they changed no row. The same is faster then: a statement takes 20 to 50 µs to compile.
    public func rehearse<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
        isRehearsing = true
        defer { isRehearsing = false }
        try body()
    }

    /// Calls `body` with each row of a query until it returns false.
    public func rows<Failure: Error>(
        _ sql: String, _ values: [Value] = [], _ body: (Row) throws(Failure) -> Bool, orThrow wrap: (SQLiteError) -> Failure
    ) throws(Failure) {
        let statement: Statement
        do throws(SQLiteError) {
            statement = try take(sql)
        } catch { throw wrap(error) }
        defer { giveBack(statement) }
        do throws(SQLiteError) { try statement.bind(values) } catch { throw wrap(error) }
        while true {
            let row: Row?
            do throws(SQLiteError) { row = try statement.next() } catch { throw wrap(error) }
            guard let row, try body(row) else { return }
        }
    }

    /// What `map` makes of each row of a query.
    public func query<Result>(
        _ sql: String, _ values: [Value] = [], _ map: (Row) -> Result
    ) throws(SQLiteError) -> [Result] {
        var results: [Result] = []
        let statement = try take(sql)
        defer { giveBack(statement) }
        try statement.bind(values)
        while let row = try statement.next() { results.append(map(row)) }
        return results
    }

    /// What `map` makes of the first row of a query; nil where there is none.
    public func first<Result>(
        _ sql: String, _ values: [Value] = [], _ map: (Row) -> Result
    ) throws(SQLiteError) -> Result? {
        let statement = try take(sql)
        defer { giveBack(statement) }
        try statement.bind(values)
        return try statement.next().map(map)
    }

    /// The row id of the last insert.
    public var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    private func take(_ sql: String) throws(SQLiteError) -> Statement {
        if let index = idle.firstIndex(where: { $0.sql == sql }) {
            idle.swapAt(index, idle.count - 1)
            return idle.removeLast()
        }
        return try Statement(sql, in: handle)
    }

    private func giveBack(_ statement: Statement) {
        statement.reset()
        idle.append(statement)
    }
}
