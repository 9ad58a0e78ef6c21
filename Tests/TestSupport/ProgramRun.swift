import Glibc
import Linux

/// What a program did: its status as a shell tells it, and what it wrote.
public struct ProgramRun: Sendable, CustomStringConvertible {
    public let status: CInt
    public let outputBytes: [UInt8]
    public let errorBytes: [UInt8]

    public var output: String { String(decoding: outputBytes, as: UTF8.self) }
    public var error: String { String(decoding: errorBytes, as: UTF8.self) }
    /// The output without the line ends at its end.
    public var text: String {
        var text = output
        while text.utf8.last == UInt8(ascii: "\n") { text.removeLast() }
        return text
    }
    public var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

    /// For a failed `#expect`.
    public var description: String { "status \(status), output: \(output), error: \(error)" }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - path: Absolute.
    ///   - environment: Beside this process's own.
    ///   - timeoutMilliseconds: Tells a hang from an answer: then the program is killed, and the status is 137.
    public static func of(
        _ path: String, _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:],
        timeoutMilliseconds: CInt = 120_000
    ) throws -> ProgramRun {
        let stdin = try FileDescriptor.memory(named: "stdin")
        try stdin.writeAll(input)
        try stdin.seek(to: 0)
        let output = try Pipe()
        let error = try Pipe()
        var spawn = Spawn(path, [path] + arguments)
        spawn.environment = try merged(environment)
        spawn.pass(stdin, as: StandardDescriptor.input)
        spawn.pass(output.writing, as: StandardDescriptor.output)
        spawn.pass(error.writing, as: StandardDescriptor.error)
        let child = try spawn.start()
        return try collect(child, output.keepingReading(), error.keepingReading(), timeoutMilliseconds)
    }

    /// Reads both streams until the program has ended and nothing is left in them. What it left running may hold them open.
    private static func collect(
        _ child: borrowing ChildProcess, _ output: consuming FileDescriptor, _ error: consuming FileDescriptor,
        _ timeout: CInt
    ) throws -> ProgramRun {
        try output.setNonBlocking(true)
        try error.setNonBlocking(true)
        var (outputBytes, errorBytes): ([UInt8], [UInt8]) = ([], [])
        var (isOutputOpen, isErrorOpen) = (true, true)
        while true {
            var entries = [
                PollEntry(child.pidfd.number, .readable), PollEntry(isOutputOpen ? output.number : -1, .readable),
                PollEntry(isErrorOpen ? error.number : -1, .readable),
            ]
            let ready = try PollEntry.wait(&entries, timeoutMilliseconds: timeout)
            if ready == 0 { try child.send(signal: SIGKILL) }
            isOutputOpen = try read(output, into: &outputBytes) && isOutputOpen
            isErrorOpen = try read(error, into: &errorBytes) && isErrorOpen
            guard !entries[0].ready.isEmpty else { continue }
            _ = try read(output, into: &outputBytes)
            _ = try read(error, into: &errorBytes)
            return ProgramRun(status: try child.wait().shellCode, outputBytes: outputBytes, errorBytes: errorBytes)
        }
    }

    /// Reads what is there; false at the end.
    private static func read(_ stream: borrowing FileDescriptor, into bytes: inout [UInt8]) throws -> Bool {
        do throws(SystemCallError) {
            while true {
                let chunk = try stream.read(upTo: 65536)
                if chunk.isEmpty { return false }
                bytes += chunk
            }
        } catch {
            guard error.errno == .wouldBlock else { throw error }
            return true
        }
    }

    private static func merged(_ more: [String: String]) throws -> [String] {
        let own = try FileDescriptor.contents(of: "/proc/self/environ").split(separator: 0).map {
            String(decoding: $0, as: UTF8.self)
        }
        return own.filter { entry in !more.keys.contains { entry.hasPrefix($0 + "=") } } + more.map { "\($0)=\($1)" }
    }
}
