import CSQLite
import Glibc

/// A prepared statement of one connection, which keeps it for the next use.
final class Statement {
    let sql: String
    private let database: OpaquePointer
    private let handle: OpaquePointer

    init(_ sql: String, in database: OpaquePointer) throws(SQLiteError) {
        var handle: OpaquePointer?
        // PERSISTENT: it is kept, so its memory comes from the heap and not from the short-lived lookaside.
        let code = sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteError(code: code, database: database, operand: sql) }
        self.sql = sql
        self.database = database
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    /// Whether it leaves the database as it is. <https://sqlite.org/c3ref/stmt_readonly.html>
    var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

    /// Binds all values at once; their number must be that of the statement's `?`.
    func bind(_ values: [Value]) throws(SQLiteError) {
        guard Int(sqlite3_bind_parameter_count(handle)) == values.count else {
            throw SQLiteError(
                kind: .misuse, code: SQLITE_RANGE, message: "\(values.count) values for another number of parameters",
                operand: sql)
        }
        var index: Int32 = 0
        for value in values {
            index += 1
            let code = bind(value, at: index)
            guard code == SQLITE_OK else { throw SQLiteError(code: code, database: database, operand: sql) }
        }
    }

    private func bind(_ value: Value, at index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let number): return sqlite3_bind_int64(handle, index, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                guard let count = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
                // An empty buffer may have no address, and a null pointer would bind NULL.
                guard let start = bytes.baseAddress else { return hako_sqlite3_bind_text(handle, index, "", 0) }
                return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    hako_sqlite3_bind_text(handle, index, $0, count)
                }
            }
        case .blob(let bytes):
            return bytes.withUnsafeBytes { bytes in
                guard let count = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
                guard count > 0 else { return sqlite3_bind_zeroblob(handle, index, 0) }
                return hako_sqlite3_bind_blob(handle, index, bytes.baseAddress, count)
            }
        }
    }

    /// Moves to the next row; nil after the last.
    func next() throws(SQLiteError) -> Row? {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return Row(statement: handle)
        case SQLITE_DONE: return nil
        case let code: throw SQLiteError(code: code, database: database, operand: sql)
        }
    }

    /// Ends its read of the database and forgets the values, so that it can be used again.
    func reset() {
        // Both repeat the error of the last step, which has been thrown already.
        _ = sqlite3_reset(handle)
        _ = sqlite3_clear_bindings(handle)
    }
}

/// The row that a query stands at. It is valid only while the closure runs that it was given to.
public struct Row {
    let statement: OpaquePointer

    /// The number in a column, counted from 0; 0 for NULL, as SQLite converts it.
    public func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    public func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    public func bool(_ column: Int32) -> Bool { integer(column) != 0 }

    /// The text in a column; empty for NULL. Bytes that are not UTF-8 become U+FFFD.
    public func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The text in a column, as ``text(_:)``; of the same bytes as `known`, that one: many rows of a list say the same.
    public func text(_ column: Int32, like known: String?) -> String {
        guard let known, let start = sqlite3_column_text(statement, column) else { return text(column) }
        let count = Int(sqlite3_column_bytes(statement, column))
        guard known.utf8.count == count else { return text(column) }
        let isSame = known.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memcmp($0, start, count) == 0 } ?? true
        }
        return isSame == true ? known : text(column)
    }

    public func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// The bytes in a column; empty for NULL.
    public func blob(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }

    public func optionalBlob(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : blob(column) }

    public func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
}
