import Glibc
import Linux
import SQLite
import TestSupport
import Testing

@Suite("A connection to a database")
struct ConnectionTests {
    private func items(_ scratch: borrowing Scratch) throws -> Connection {
        let connection = try Connection(path: scratch.path("db"))
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS items(
              id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER CHECK(size > 0), data BLOB,
              parent INTEGER REFERENCES items(id), must TEXT NOT NULL DEFAULT '') STRICT
            """)
        return connection
    }

    @Test("gives back each kind of value as it was bound")
    func values() throws {
        let scratch = try Scratch()
        let connection = try items(scratch)
        let values: [(name: String?, size: Int64?, data: [UInt8]?)] = [
            ("é\u{0}x", .max, [0, 255]), ("", nil, []), (nil, 1, nil),
        ]
        for value in values {
            try connection.run(
                "INSERT INTO items(name, size, data) VALUES(?, ?, ?)",
                [Value(value.name), Value(value.size), Value(value.data)])
        }
        let read = try connection.query("SELECT name, size, data FROM items ORDER BY id") {
            ($0.optionalText(0), $0.optionalInteger(1), $0.optionalBlob(2))
        }
        try #require(read.count == values.count)
        for (one, other) in zip(read, values) {
            #expect(one.0 == other.name)
            #expect(one.1 == other.size)
            #expect(one.2 == other.data)
        }
    }

    @Test("runs a statement inside the rows of the same one")
    func nested() throws {
        let scratch = try Scratch()
        let connection = try items(scratch)
        for id in 1...3 { try connection.run("INSERT INTO items(id) VALUES(?)", [.integer(Int64(id))]) }
        let query = "SELECT id FROM items WHERE id >= ? ORDER BY id"
        var pairs = 0
        for id in try connection.query(query, [1], { $0.integer(0) }) {
            pairs += try connection.query(query, [.integer(id)]) { $0.integer(0) }.count
        }
        #expect(pairs == 6)
    }

    @Test("says which rule a row breaks")
    func constraints() throws {
        let scratch = try Scratch()
        let connection = try items(scratch)
        try connection.run("INSERT INTO items(id, name) VALUES(1, 'a')")
        let cases: [(String, SQLiteError.Constraint)] = [
            ("INSERT INTO items(name) VALUES('a')", .unique(["items.name"])),
            ("INSERT INTO items(id) VALUES(1)", .unique(["items.id"])),
            ("INSERT INTO items(parent) VALUES(9)", .foreignKey),
            ("INSERT INTO items(must) VALUES(NULL)", .notNull("items.must")),
            ("INSERT INTO items(size) VALUES(0)", .check("size > 0")),
        ]
        for (sql, constraint) in cases {
            let error = #expect(throws: SQLiteError.self) { try connection.run(sql) }
            #expect(error?.kind == .constraint(constraint), "\(sql)")
        }
    }

    @Test("refuses another number of values than the statement has places")
    func wrongNumberOfValues() throws {
        let scratch = try Scratch()
        let connection = try items(scratch)
        let error = #expect(throws: SQLiteError.self) { try connection.run("INSERT INTO items(id) VALUES(?)") }
        #expect(error?.kind == .misuse)
    }

    @Test("undoes a transaction whose body throws")
    func rollback() throws {
        struct Refused: Error {}
        let scratch = try Scratch()
        let connection = try items(scratch)
        #expect(throws: Refused.self) {
            try connection.transaction(
                .write,
                { () throws(Refused) in
                    // Its own failure would show as a row that is missing in what follows.
                    _ = try? connection.run("INSERT INTO items(id) VALUES(7)")
                    throw Refused()
                }, orThrow: { _ in Refused() })
        }
        #expect(try connection.query("SELECT id FROM items") { $0.integer(0) }.isEmpty)
        try connection.transaction(
            .write, { () throws(SQLiteError) in try connection.run("INSERT INTO items(id) VALUES(8)") }, orThrow: { $0 })
        #expect(try connection.query("SELECT id FROM items") { $0.integer(0) } == [8])
    }

    // Tells an answer from a hang: the time was once waited for hundreds of times.
    @Test("a new file that another one has locked is waited for as long as was said, and no longer", .timeLimit(.minutes(10)))
    func lockedWhileOpening() throws {
        let scratch = try Scratch()
        let other = try Connection(path: scratch.path("db"))
        try other.execute("CREATE TABLE t(x); PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE")
        let error = #expect(throws: SQLiteError.self) { try Connection(path: scratch.path("db"), busyTimeoutMilliseconds: 1000) }
        #expect(error?.kind == .busy)
        try other.execute("COMMIT")
        _ = try Connection(path: scratch.path("db"), busyTimeoutMilliseconds: 1000)
    }

    @Test("tells that another one holds the write lock")
    func busy() throws {
        let scratch = try Scratch()
        let holder = try items(scratch)
        let other = try Connection(path: scratch.path("db"), busyTimeoutMilliseconds: 1)
        try holder.transaction(
            .write,
            { () throws(SQLiteError) in
                let error = #expect(throws: SQLiteError.self) { try other.run("INSERT INTO items(id) VALUES(1)") }
                #expect(error?.kind == .busy)
                // Readers are never in its way.
                #expect(throws: Never.self) { try other.query("SELECT id FROM items") { $0.integer(0) } }
            }, orThrow: { $0 })
    }

    @Test("rehearses without changing anything: what reads is run, what writes is not")
    func rehearsal() throws {
        let scratch = try Scratch()
        let connection = try items(scratch)
        try connection.run("INSERT INTO items(id) VALUES(1)")
        var seen: [Int64] = []
        try connection.rehearse {
            #expect(try connection.run("DELETE FROM items") == 0)
            seen = try connection.query("SELECT id FROM items") { $0.integer(0) }
            #expect(throws: SQLiteError.self) { try connection.run("DELETE FROM nothing") }
        }
        #expect(seen == [1])
        #expect(try connection.run("DELETE FROM items") == 1)
    }

    @Test("tells a file that is no database, and one that can't be opened", arguments: ["text", "missing/db"])
    func notADatabase(path: String) throws {
        let scratch = try Scratch(["text": .file(Array(repeating: 0x41, count: 8192))])
        let error = #expect(throws: SQLiteError.self) { try Connection(path: scratch.path(path)) }
        #expect(error?.kind == (path == "text" ? .corrupt : .cannotOpen))
    }

    @Test("leaves the log when it closes, and the next one reads it")
    func keepsLog() throws {
        let scratch = try Scratch()
        do {
            let connection = try items(scratch)
            try connection.run("INSERT INTO items(id) VALUES(1)")
        }
        let reopened = try Connection(path: scratch.path("db"))
        #expect(reopened.logSize > 0)
        #expect(try reopened.query("SELECT id FROM items") { $0.integer(0) } == [1])
        #expect(try !reopened.checkpoint(over: 1 << 30))
        #expect(try reopened.checkpoint(over: 0))
        #expect(reopened.logSize == 0)
        #expect(try reopened.integrityProblems().isEmpty)
    }

    @Test("makes the log's index anew where nobody else is at work, in the file that is there", arguments: ["an older one", "junk"])
    func staleIndex(_ kind: String) throws {
        let scratch = try Scratch()
        let (path, index) = (scratch.path("db"), scratch.path("db-shm"))
        do { try items(scratch).run("INSERT INTO items(name) VALUES('first')") }
        let before = try FileDescriptor.contents(of: index)
        do {
            let connection = try Connection(path: path)
            // A log that is cut and begins anew: what the index says of the old one is wrong in every frame.
            try connection.checkpoint(over: 0)
            for number in 0..<50 { try connection.run("INSERT INTO items(name) VALUES(?)", [.text("\(number)")]) }
        }
        let stale = kind == "junk" ? before.indices.map { UInt8(truncatingIfNeeded: $0 &* 37) } : before
        try FileDescriptor.open(index, flags: O_WRONLY).writeAll(stale)
        let inode = try FileDescriptor.status(of: index).inode
        let names = try Connection(path: path).query("SELECT name FROM items ORDER BY id") { $0.text(0) }
        #expect(names == ["first"] + (0..<50).map { "\($0)" })
        #expect(try FileDescriptor.status(of: index).size == Int64(before.count))
        #expect(try FileDescriptor.status(of: index).inode == inode)
        #expect(try Connection(path: path).integrityProblems() == [])
    }

    @Test("tells that the database may not grow further")
    func full() throws {
        let scratch = try Scratch()
        let connection = try items(scratch)
        // A fake of a full disk: SQLite's own limit gives the same error.
        try connection.execute("PRAGMA max_page_count=8")
        let error = #expect(throws: SQLiteError.self) {
            try connection.run("INSERT INTO items(data) VALUES(?)", [.blob([UInt8](repeating: 1, count: 1 << 20))])
        }
        #expect(error?.kind == .full)
    }

    @Test("on a full disk fails instead of dying, however little room is left", .enabled(if: geteuid() == 0))
    func fullDisk() throws {
        let disk = try LoopDisk(megabytes: 4)
        let path = disk.path + "/db"
        try Connection(path: path).execute("CREATE TABLE items(id INTEGER PRIMARY KEY)")
        var failures = 0
        for free in 0..<50 {
            // Its index takes 32 KiB.
            unlink(path + "-shm")
            let fill =
                "dd if=/dev/zero of=rest bs=1k oflag=append conv=notrunc; truncate -s -\(free)K rest; sync -f rest"
            _ = try ProgramRun.of("/bin/sh", ["-c", "cd \(disk.path) && { \(fill); } 2> error"])
            do throws(SQLiteError) {
                try Connection(path: path).run("INSERT INTO items DEFAULT VALUES")
            } catch {
                failures += 1
                #expect(error.kind == .full, "\(error)")
            }
        }
        #expect(failures > 20 && failures < 50)
    }
}
