import Glibc
import Linux
import Runtime

/// `create` and `run`.
struct CreateCommand {
    private let words: Words
    private let id: String
    private let options: CreateOptions
    private let bundle: String

    init(_ rest: [String], startsLater: Bool) throws(RuntimeError) {
        let table = Words.Table(
            valued: ["bundle", "console-socket", "pid-file", "preserve-fds"],
            flags: ["detach", "no-pivot", "no-new-keyring", "keep", "no-subreaper"],
            short: ["b": "bundle", "d": "detach"])
        words = try Words(rest, table)
        id = try words.single()
        if words.flags.contains("no-pivot") {
            throw RuntimeError(
                .invalid, cannot: "create container \(id)", because: "without pivot_root its root could be left")
        }
        bundle = words.values["bundle"] ?? "."
        var options = CreateOptions()
        options.startsLater = startsLater
        options.pidFile = words.values["pid-file"]
        options.consoleSocket = words.values["console-socket"]
        options.preservedCount = try words.count("preserve-fds")
        options.joinsNewKeyring = !words.flags.contains("no-new-keyring")
        self.options = options
    }

    func create(_ runtime: Runtime) throws(RuntimeError) {
        let bundle = try Bundle(path: bundle)
        if bundle.spec.process?.terminal == true, options.consoleSocket == nil {
            throw RuntimeError(
                .invalid, cannot: "create container \(id)", because: "its terminal needs a --console-socket to go to")
        }
        _ = try runtime.create(bundle, id: id, options: options)
    }

    /// The container's exit code; 0 at once where it is detached.
    func run(_ runtime: Runtime) throws(RuntimeError) -> CInt {
        let bundle = try Bundle(path: bundle)
        // Before anything is cloned: a signal that comes meanwhile must reach the container.
        let foreground = words.flags.contains("detach") ? nil : try Foreground()
        var process = try runtime.create(bundle, id: id, options: options)
        do throws(RuntimeError) { try process.start() } catch {
            // The first error is the one to tell; what stays is found by its id.
            try? runtime.delete(id, force: true)
            throw error
        }
        guard let foreground else { return 0 }
        let code = try foreground.wait(for: process)
        if !words.flags.contains("keep") { try runtime.delete(id, force: true) }
        return code
    }
}
