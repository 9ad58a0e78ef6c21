import CommandLineTables
import Engine
import Glibc
import Linux
import OCI

/// `hako logs`
enum LogsCommand {
    static let command = Command(
        "logs", "Fetch the logs of a container", usage: "CONTAINER", alsoAt: ["container logs"], arity: .exactly(1),
        completion: .containers,
        options: [
            .flag("details", "").unsupported(because: "log options that add details are not available yet"),
            .flag("follow", short: "f", "Follow log output"),
            .text("since", "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
            .text("tail", short: "n", "Number of lines to show from the end of the logs", default: "all"),
            .flag("timestamps", short: "t", "Show timestamps"),
            .text("until", "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        var query = LogQuery()
        query.follows = arguments.flag("follow")
        query.since = try arguments.moment("since")
        query.until = try arguments.moment("until")
        // As Docker's: what is no number is all.
        query.tail = arguments.value("tail").flatMap(Int.init).flatMap { $0 >= 0 ? $0 : nil }
        let engine = try arguments.engine()
        defer { engine.finish() }
        // A reader that goes away ends the command, also while it waits.
        let hasTimestamps = arguments.flag("timestamps")
        try engine.logs(of: arguments.positionals[0], query) { record in
            let prefix = hasTimestamps ? Array((Moment.logTime(record.time) + " ").utf8) : []
            Terminal.write(prefix + record.bytes, toError: record.stream == .stderr)
            return true
        }
        return 0
    }
}
