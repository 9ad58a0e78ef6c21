import Engine
import Glibc
import Linux

/// `--log-level debug`: shows what this command and the programs that it starts make and remove in the kernel, as it happens.
enum ObjectLogReport {
    static let levels = ["debug", "info", "warn", "error", "fatal"]

    /// Runs `body`; for debug the program is started anew, with a pipe whose other end is shown on standard error.
    static func wrap(_ words: [String], _ level: String?, _ body: () throws -> CInt) throws -> CInt {
        guard let level else { return try body() }
        guard levels.contains(level) else {
            throw CommandFailure(
                EngineError(
                    .invalidArgument, "invalid logging level: \(level)", hint: "There are \(levels.joined(separator: ", "))."), exitCode: 125)
        }
        guard level == "debug", !ObjectLog.isOn else { return try body() }
        do {
            let pipe = try Pipe()
            let child = try SameProgram.start(words, handing: pipe.writing, as: 10, named: ObjectLog.variable)
            return try show(pipe.keepingReading(), until: child)
        } catch {
            throw CommandFailure(error, exitCode: 125)
        }
    }

    /// Until the command has ended and all that it wrote is shown. A monitor that lives on has the other end open, too.
    private static func show(
        _ reading: consuming FileDescriptor, until child: borrowing ChildProcess
    ) throws(SystemCallError) -> CInt {
        try reading.setNonBlocking(true)
        while true {
            var entries = [PollEntry(child.pidfd.number, .readable), PollEntry(reading.number, .readable)]
            try PollEntry.wait(&entries)
            let hasEnded = !entries[0].ready.isEmpty
            do throws(SystemCallError) {
                while true {
                    let bytes = try reading.read(upTo: 65536)
                    guard !bytes.isEmpty else { break }
                    Terminal.write(bytes, toError: true)
                }
            } catch { guard error.errno == .wouldBlock else { throw error } }
            if hasEnded { return try child.wait().shellCode }
        }
    }
}
