import TestSupport
import Testing

@Suite("A store of another version", .enabled(if: TestStore.isRunnable && Program.isInstalled("sqlite3"), TestStore.reason))
struct StoreVersionTests {
    @Test("that is newer is refused, and left as it is")
    func newer() throws {
        let store = try TestStore()
        try store.shell("sqlite3 -cmd '.timeout 10000' '\(store.root)/hako.db' 'PRAGMA user_version=1000'").expectSuccess()
        let run = try store.hako("ps")
        #expect(run.status == 1)
        #expect(run.error.contains("the store has version 1000, this program knows up to "), "\(run)")
        #expect(run.error.contains("Use the Hako that wrote it, or a newer one."), "\(run)")
        #expect(try store.hako("run", "--rm", "busybox", "true").status == 125)
        let version = try store.shell("sqlite3 -cmd '.timeout 10000' '\(store.root)/hako.db' 'PRAGMA user_version'; sqlite3 -cmd '.timeout 10000' '\(store.root)/hako.db' 'PRAGMA user_version=\(current(store))'")
        #expect(version.text == "1000")
        #expect(try store.hako("ps").status == 0)
    }

    private func current(_ store: TestStore) throws -> String {
        let other = try TestStore(images: [])
        try other.hako("ps")
        return try store.shell("sqlite3 '\(other.root)/hako.db' 'PRAGMA user_version'").text
    }

    @Test("that is older is taken over while its containers run")
    func older() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "-p", "80", "busybox", "sleep", "1000").expectSuccess()
        try store.hako("run", "-d", "--name", "short", "busybox", "sh", "-c", "sleep 2; exit 7").expectSuccess()
        let address = try store.inspect("box", "{{.NetworkSettings.IPAddress}}")
        try makeFirstVersion(store)
        #expect(try store.output("ps", "--format", "{{.Names}}").contains("box"))
        #expect(try store.output("exec", "box", "echo", "alive") == "alive")
        #expect(try store.inspect("box", "{{.NetworkSettings.IPAddress}} {{.RestartCount}} {{.State.Status}}") == "\(address) 0 running")
        // An end that its monitor, of before, told after the step.
        #expect(try store.output("wait", "short") == "7")
        try store.hako("update", "--restart", "always", "box").expectSuccess()
        try store.hako("volume", "create", "data").expectSuccess()
        try store.hako("stop", "-t", "0", "box").expectSuccess()
        #expect(try store.output("ps", "-aq").split(separator: "\n").count == 2)
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    /// What the first version of the store had, and no more. Every step since has added tables, or columns of containers.
    private func makeFirstVersion(_ store: TestStore) throws {
        let tables = [
            "images", "image_layers", "image_blobs", "image_references", "repo_digests", "blobs", "layers", "leases", "lease_resources",
            "containers", "container_specs", "networks", "endpoints", "published_ports", "events", "settings",
        ]
        let columns = [
            "slot", "id", "name", "idSlot", "image", "imageName", "created", "command", "status", "pid", "exitCode", "started", "finished",
            "oomKilled", "error", "autoRemove", "networkMode", "labels", "ports",
        ]
        func list(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ",") }
        try store.shell(
            """
            set -e; db='\(store.root)/hako.db'
            ask() { sqlite3 -cmd '.timeout 10000' "$db" "$1"; }
            tables=$(ask "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' AND name NOT IN (\(list(tables)))")
            columns=$(ask "SELECT name FROM pragma_table_info('containers') WHERE name NOT IN (\(list(columns)))")
            script='PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE; DROP INDEX step_containers;'
            for table in $tables; do script="$script DROP TABLE $table;"; done
            for column in $columns; do script="$script ALTER TABLE containers DROP COLUMN $column;"; done
            script="$script PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql=replace(sql, 'image TEXT REFERENCES', 'image TEXT NOT NULL REFERENCES') WHERE name='containers'; PRAGMA writable_schema=RESET;"
            ask "$script PRAGMA user_version=1; COMMIT;"
            """
        ).expectSuccess()
    }
}
