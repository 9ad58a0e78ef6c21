import CSQLite

/// Why SQLite refused, as a fact to switch over.
public struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// Another connection held the lock for longer than the busy timeout, or for ten seconds while it opened the database.
        case busy
        /// The file system has no room; the transaction is rolled back.
        case full
        /// The file is damaged, or is no database.
        case corrupt
        case readOnly
        /// The file can't be opened or made.
        case cannotOpen
        /// Reading or writing failed below SQLite.
        case inputOutput
        case interrupted
        case noMemory
        case constraint(Constraint)
        /// A mistake of the caller: bad SQL, a wrong number of values.
        case misuse
    }

    /// Which rule a row would have broken.
    public enum Constraint: Hashable, Sendable {
        /// The columns whose values another row already has, as `table.column`.
        case unique([String])
        case foreignKey
        /// The column, as `table.column`.
        case notNull(String)
        /// The constraint's name or text.
        case check(String)
        case other(String)
    }

    public let kind: Kind
    /// SQLite's extended result code. <https://sqlite.org/rescode.html>
    public let code: Int32
    /// SQLite's own words, but for a full disk and a lock.
    public let message: String
    /// What it was asked to do: the SQL text, or the path of the file.
    public let operand: String

    public init(kind: Kind, code: Int32, message: String, operand: String) {
        self.kind = kind
        self.code = code
        self.message = message
        self.operand = operand
    }

    init(code: Int32, database: OpaquePointer?, operand: String) {
        let words = database.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        let message = words.map { String(cString: $0) } ?? "error \(code)"
        let kind = Kind(code: code, message: message)
        self.init(kind: kind, code: code, message: kind.words ?? message, operand: operand)
    }

    public var description: String { "\(message) (sqlite \(code), \(operand))" }
}

extension SQLiteError.Kind {
    /// SQLITE_IOERR_SHMSIZE: there is no room for the log's index. One of the macros of shifts, which Swift doesn't import.
    private static let noRoomForIndex: Int32 = 4874

    /// Better ones than SQLite's, which has "disk I/O error" for a lack of room, and "locking protocol" for a lock.
    fileprivate var words: String? {
        switch self {
        case .full: "no space left on the disk"
        case .busy: "database is locked"
        default: nil
        }
    }

    init(code: Int32, message: String) {
        guard code != Self.noRoomForIndex else {
            self = .full
            return
        }
        // The low byte is the primary code.
        self =
            switch code & 0xFF {
            // SQLITE_PROTOCOL: somebody has begun to read the log of a database that nobody had open, and stands still.
            case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .busy
            case SQLITE_FULL: .full
            case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
            case SQLITE_READONLY: .readOnly
            case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: .cannotOpen
            case SQLITE_IOERR: .inputOutput
            case SQLITE_INTERRUPT: .interrupted
            case SQLITE_NOMEM: .noMemory
            case SQLITE_CONSTRAINT: .constraint(.init(code: code, message: message))
            default: .misuse
            }
    }
}

extension SQLiteError.Constraint {
    /// `message` is `UNIQUE constraint failed: containers.name, containers.slot` and its like (SQLite 3.7.16 and later).
    init(code: Int32, message: String) {
        let detail = Self.afterColon(message)
        // The extended codes are macros of shifts, which Swift doesn't import; <https://sqlite.org/rescode.html>.
        self =
            switch code >> 8 {
            case 1: .check(detail)
            case 3: .foreignKey
            case 5: .notNull(detail)
            case 6, 8, 10: .unique(Self.columns(detail))
            default: .other(message)
            }
    }

    private static func afterColon(_ message: String) -> String {
        guard let colon = message.utf8.firstIndex(of: UInt8(ascii: ":")) else { return message }
        return String(message[message.utf8.index(after: colon)...].drop { $0 == " " })
    }

    private static func columns(_ list: String) -> [String] {
        list.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }
}
