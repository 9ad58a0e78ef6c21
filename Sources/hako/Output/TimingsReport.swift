import Glibc
import Linux

/// `--timings`: collects the steps of this command and of the programs that it starts, and prints them when it is done.
enum TimingsReport {
    /// Runs `body`; with timings the program is started anew with the descriptor that all its children share, as the variable
    /// is read once at the start.
    static func wrap(_ words: [String], _ isWanted: Bool, _ body: () throws -> CInt) rethrows -> CInt {
        guard isWanted, Timings.descriptor < 0 else {
            let start = Timings.monotonicNanoseconds()
            defer { Timings.record("whole-command", since: start) }
            return try body()
        }
        do {
            return try measured(words)
        } catch {
            return CommandFailure(error, exitCode: 125).report()
        }
    }

    private static func measured(_ words: [String]) throws -> CInt {
        let file = try FileDescriptor.memory(named: "timings")
        // Appending: several processes write to it.
        let writing = try FileDescriptor.open(file.procPath, flags: O_WRONLY | O_APPEND)
        try writing.setCloseOnExec(false)
        let status = try SameProgram.start(words, handing: writing, as: 9, named: Timings.variable).wait()
        try file.seek(to: 0)
        Terminal.printError(report(String(decoding: try file.readAll(), as: UTF8.self)))
        return status.shellCode
    }

    /// A line for each step: when it began after the first, how long it took, in milliseconds.
    private static func report(_ lines: String) -> String {
        let steps = lines.split(separator: "\n").compactMap { line -> (String, String, UInt64, UInt64)? in
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count == 4, let start = UInt64(fields[2]), let end = UInt64(fields[3]) else { return nil }
            return (fields[0], fields[1], start, end)
        }.sorted { $0.2 < $1.2 }
        guard let first = steps.first?.2 else { return "" }
        var table = Table(header: ["STARTED (ms)", "TOOK (ms)", "PROGRAM", "STEP"])
        for (program, step, start, end) in steps {
            table.add([milliseconds(start - first), milliseconds(end &- start), program, step])
        }
        return table.text
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        Units.fixed(Double(nanoseconds) / 1_000_000, places: 3)
    }
}
