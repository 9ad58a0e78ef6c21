import Glibc
import Linux
import Metadata
import SQLite
import TestSupport
import Testing

@Suite("The store's database")
struct DatabaseTests {
    @Test("is closed to others, also its log, whatever the umask", arguments: [0, 0o777] as [mode_t])
    func modes(mask: mode_t) async throws {
        let scratch = try Scratch()
        let path = scratch.path("hako.db")
        try await OwnThread.run(umask: mask) { try Database(path: path).set("key", to: "value") }
        for name in ["hako.db", "hako.db-wal", "hako.db-shm"] {
            #expect(try FileDescriptor.status(of: scratch.path(name)).permissions == 0o600, "\(name)")
        }
    }

    @Test("refuses a store that a newer program wrote, and leaves it alone")
    func newer() throws {
        let scratch = try Scratch()
        do {
            _ = try Database(path: scratch.path("hako.db"))
            try Connection(path: scratch.path("hako.db")).execute("PRAGMA user_version=1000")
        }
        let error = #expect(throws: MetadataError.self) { try Database(path: scratch.path("hako.db")) }
        guard case .newerStore(1000, supported: _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("tells a file that is no database")
    func corrupt() throws {
        let scratch = try Scratch(["hako.db": .file(Array(repeating: 0x41, count: 8192))])
        let error = #expect(throws: MetadataError.self) { try Database(path: scratch.path("hako.db")) }
        guard case .database(let cause) = error, cause.kind == .corrupt else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("is made once by many that open it first at the same time")
    func racingToCreate() async throws {
        let scratch = try Scratch()
        let path = scratch.path("hako.db")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask { try Database(path: path).set("key\(number)", to: "value") }
            }
            try await group.waitForAll()
        }
        let database = try Database(path: path)
        for number in 0..<16 { #expect(try database.setting("key\(number)") == "value") }
    }
}
