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
            .flag("details", "Show extra details provided to logs"),
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
        var lines = LogLines(hasTimestamps: arguments.flag("timestamps"), hasDetails: arguments.flag("details"))
        let container = arguments.positionals[0]
        // A reader that goes away ends the command, also while it waits.
        try engine.logs(of: container, query) { record in
            lines.add(record)
            return true
        } pause: {
            lines.flush()
        }
        lines.flush()
        return 0
    }
}

/// Records on their way to the terminal: many of them at once.
private struct LogLines {
    let hasTimestamps: Bool
    let hasDetails: Bool
    private var bytes: [UInt8] = []
    private var isError = false

    init(hasTimestamps: Bool, hasDetails: Bool) {
        self.hasTimestamps = hasTimestamps
        self.hasDetails = hasDetails
    }

    mutating func add(_ record: LogRecord) {
        // What goes to two streams keeps its order where both are one terminal.
        if isError != (record.stream == .stderr) { flush() }
        isError = record.stream == .stderr
        if hasTimestamps { bytes += (Moment.logTime(record.time) + " ").utf8 }
        if hasDetails {
            bytes += record.details
            bytes.append(UInt8(ascii: " "))
        }
        bytes += record.bytes
        if bytes.count >= 64 << 10 { flush() }
    }

    mutating func flush() {
        Terminal.write(bytes, toError: isError)
        bytes.removeAll(keepingCapacity: true)
    }
}
