import TestSupport
import Testing

@Suite("Help", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct HelpTests {
    /// What `hako help` lists below a heading.
    private static func commands(_ store: TestStore, below heading: String) throws -> [String] {
        let lines = try store.hako("help").lines
        let start = (lines.firstIndex(of: heading) ?? lines.count - 1) + 1
        return lines[start...].prefix { $0.hasPrefix("  ") }.map { String($0.dropFirst(2).prefix { $0 != " " }) }
    }

    @Test("every command on containers stands below container, too, with the same options")
    func alsoBelowContainer() throws {
        let store = try TestStore(images: [])
        let known = try Self.commands(store, below: "Container Commands:")
        for name in ["attach", "create", "kill", "logs", "pause", "port", "rename", "restart", "rm", "start", "stats", "stop", "top", "unpause", "update", "wait"] {
            #expect(known.contains(name), "\(known)")
        }
        for name in known + ["exec", "ps", "run", "inspect"] {
            let below = try store.hako("container", name, "--help")
            #expect(below.status == 0 && below.output.hasPrefix("Usage:  hako container \(name) "), "\(name): \(below)")
            // `inspect` is for more than containers.
            guard name != "inspect" else { continue }
            let own = try store.hako(name, "--help")
            #expect(own.output.contains("hako container \(name == "ps" ? "ls" : name)"), "\(own)")
            #expect(Self.options(own) == Self.options(below), "\(name)")
        }
        #expect(try store.hako("container", "prune", "--help").status == 0)
    }

    private static func options(_ help: ProgramRun) -> [String] { Array(help.lines.drop { $0 != "Options:" }) }

    @Test(
        "a mistyped command or flag gets the nearest one",
        arguments: [
            (["rn"], "'hako run'"), (["conatiner", "ls"], "'hako container'"), (["container", "strat", "x"], "'hako container start'"),
            (["confg"], "'hako config'"), (["config", "chek"], "'hako config check'"), (["run", "--detatch", "x"], "--detach"),
            (["ps", "--fromat", "x"], "--format"), (["--rot", "x", "ps"], "--root"), (["help", "stopp"], "stop"),
        ])
    func suggestions(words: [String], meant: String) throws {
        let run = try TestStore(images: []).hako(words)
        #expect(run.status != 0 && run.error.contains("Did you mean \(meant)?"), "\(run)")
    }
}
