import Glibc
import Linux

/// A hostile program beside a test (`container-probe`), ended when this value goes.
public struct Attacker: ~Copyable {
    public static let program = Products.path("container-probe")

    private let process: ChildProcess
    private let hasBegun: Bool

    /// Exchanges `name` in a directory with a symlink to `target`, over and over.
    ///
    /// - Parameter userID: Who does, and whom the symlink belongs to.
    public init(swapping name: String, in directory: String, with target: String, userID: UInt32 = 0) throws {
        let output = try Pipe()
        let process = try Self.start(
            ["container-probe", "swap", directory, name, target, String(userID)], output.writing)
        let reading = output.keepingReading()
        // Failing is an answer: nothing was read.
        let line = try? reading.read(upTo: 100)
        self.process = process
        hasBegun = line == Array("swapping\n".utf8)
    }

    /// Throws unless it has swapped once.
    public borrowing func confirm() throws {
        guard hasBegun else { throw Program.Failure(description: "nothing is swapped") }
    }

    private static func start(_ words: [String], _ output: borrowing FileDescriptor) throws -> ChildProcess {
        var spawn = Spawn(program, words)
        spawn.pass(output, as: StandardDescriptor.output)
        return try spawn.start()
    }

    deinit {
        do {
            try process.send(signal: SIGKILL)
            _ = try process.wait()
        } catch { print("process \(process.pid) stays: \(error)") }
    }
}

/// Lines that a program in a container writes into a FIFO.
public final class EventLines {
    public let path: String
    private let file: FileDescriptor
    private var rest: [UInt8] = []
    public private(set) var all: [String] = []

    /// Makes the FIFO; anyone may write into it.
    public init(at path: String) throws {
        guard mkfifo(path, 0o666) == 0, chmod(path, 0o666) == 0 else {
            throw SystemCallError("mkfifo", on: path, Errno(rawValue: errno))
        }
        self.path = path
        // Also for writing: then there is no end before there is a beginning. fifo(7)
        file = try FileDescriptor.open(path, flags: O_RDWR)
    }

    /// Reads on until that line has come once more.
    ///
    /// - Throws: ``Program/Failure`` where it doesn't in a minute: the test hangs.
    public func wait(for line: String) throws {
        while true {
            while let next = takeLine() { if next == line { return } }
            guard try readMore(timeoutMilliseconds: 60_000) else {
                throw Program.Failure(description: "no \"\(line)\" came after \(all.suffix(10))")
            }
        }
    }

    /// Reads what has been written by now. Who writes must not be kept waiting by a full FIFO.
    public func drain() throws {
        while try readMore(timeoutMilliseconds: 0) {}
        while takeLine() != nil {}
    }

    private func takeLine() -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = String(decoding: rest[..<end], as: UTF8.self)
        rest.removeFirst(end + 1)
        all.append(line)
        return line
    }

    private func readMore(timeoutMilliseconds: CInt) throws -> Bool {
        var entries = [PollEntry(file.number, .readable)]
        guard try PollEntry.wait(&entries, timeoutMilliseconds: timeoutMilliseconds) > 0 else { return false }
        rest += try file.read(upTo: 65536)
        return true
    }
}
