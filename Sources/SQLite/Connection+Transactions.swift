import CSQLite
import Glibc

extension Connection {
    public enum TransactionMode: Sendable {
        /// Reads one state of the database, whatever others write meanwhile.
        case read
        /// Holds the write lock from its start, so that what was read is still true when it is written.
        case write
    }

    /// Runs `body` in a transaction: all of it happens, or, when it throws, nothing. Not to be nested.
    ///
    /// - Parameter wrap: Makes the caller's error of one of SQLite's. ``SQLiteError/Kind/busy`` when the lock was not had
    ///   within the busy timeout.
    @discardableResult
    public func transaction<Result, Failure: Error>(
        _ mode: TransactionMode, _ body: () throws(Failure) -> Result, orThrow wrap: (SQLiteError) -> Failure
    ) throws(Failure) -> Result {
        do throws(SQLiteError) {
            // A deferred transaction that reads first and then writes fails at once with SQLITE_BUSY when another has
            // written in between, without waiting: hence IMMEDIATE.
            try run(mode == .read ? "BEGIN DEFERRED" : "BEGIN IMMEDIATE")
        } catch { throw wrap(error) }
        do throws(Failure) {
            let result = try body()
            do throws(SQLiteError) { try run("COMMIT") } catch { throw wrap(error) }
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    private func rollBack() {
        // After SQLITE_FULL, IOERR and their like SQLite has rolled back by itself.
        guard sqlite3_get_autocommit(handle) == 0 else { return }
        // The first error is the one to tell; a transaction that can't be rolled back ends with the connection.
        _ = sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
    }

    /// The size of the write-ahead log in bytes; 0 where there is none.
    public var logSize: Int64 {
        var status = stat()
        guard stat(path + "-wal", &status) == 0 else { return 0 }
        return Int64(status.st_size)
    }

    /// Moves what the write-ahead log holds into the database if the log is over `limit` bytes, without waiting for
    /// anyone. It syncs both files: 8 to 60 ms. For after the answer.
    ///
    /// - Returns: Whether there was something to move.
    @discardableResult
    public func checkpoint(over limit: Int64) throws(SQLiteError) -> Bool {
        guard logSize > limit else { return false }
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        // Somebody else is at it: then it is being done.
        guard code & 0xFF != SQLITE_BUSY else { return false }
        guard code == SQLITE_OK else { throw SQLiteError(code: code, database: handle, operand: path) }
        // What was moved stands in the log until it is cut, and whoever opens the database next would read it. Only if
        // nobody is at work: the next one to write cuts it else.
        _ = hako_sqlite3_busy_timeout(handle, 0)
        _ = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        _ = hako_sqlite3_busy_timeout(handle, busyTimeoutMilliseconds)
        return true
    }

    /// What is wrong with the file, in SQLite's words; empty when it is whole. Reads all of it.
    public func integrityProblems() throws(SQLiteError) -> [String] {
        try query("PRAGMA integrity_check(20)") { $0.text(0) }.filter { $0 != "ok" }
    }
}
