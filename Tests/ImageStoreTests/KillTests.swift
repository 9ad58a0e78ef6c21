import Glibc
import ImageStore
import Linux
import StoreSamples
import TestSupport
import Testing

@Suite("Killing whoever works on a store")
struct KillTests {
    /// A hundred with everything; a few else.
    static let rounds = getenv("HAKO_TEST_ALL") == nil ? 5 : 100

    /// The build puts the tests' programs beside their bundle.
    static let program: String = {
        guard let path = realpath("/proc/self/exe", nil) else { return "" }
        defer { free(path) }
        return String(cString: path).split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/store-stress"
    }()

    @Test(
        "at any moment leaves a whole store, from which nothing is lost that was there",
        .enabled(if: access(program, X_OK) == 0, "store-stress was not built"))
    func killed() throws {
        let scratch = try Scratch()
        let root = scratch.path("root")
        let kept = try SampleImage([("base", "shared"), ("kept", "kept")])
        try kept.pull(into: ImageStore(root: root), as: "kept")
        // Held by a container, so that no prune may take it.
        _ = try ImageStore(root: root).database.insertContainer(
            .init(id: "c", name: "c", image: kept.id, imageName: "kept", created: 1, command: ""), idSlots: nil)
        for _ in 0..<Self.rounds {
            let children = try (0..<8).map { number in
                try Child(Self.program, [root, number % 4 == 3 ? "prune" : "pull"])
            }
            for child in children {
                // Not to wait for anything: only so that the moment is another one each time.
                usleep(UInt32.random(in: 20_000..<100_000))
                #expect(try child.kill() == .killed(signal: SIGKILL, dumpedCore: false), "store-stress ended by itself")
            }
            let store = try ImageStore(root: root)
            _ = try store.prune(.dangling)
            #expect(try store.check(repair: false).isEmpty)
            #expect(try store.lowerDirectories(of: kept.id).count == 2)
            for directory in ["content/ingest", "layers/.ingest", "leases"] {
                #expect(try FileDescriptor.directory("\(root)/\(directory)").names().isEmpty)
            }
        }
    }

    /// A child in a list: what can't be copied can't be an element.
    private final class Child {
        private let process: ChildProcess

        init(_ program: String, _ arguments: [String]) throws {
            var spawn = Spawn(program, [program] + arguments)
            // What ends it by itself is to be read.
            spawn.pass(number: StandardDescriptor.error)
            process = try spawn.start()
        }

        /// Returns how it ended.
        func kill() throws -> Linux.ExitStatus {
            try process.send(signal: SIGKILL)
            return try process.wait()
        }
    }
}
