import Glibc
import Linux

/// A terminal with a program in it, at which a test types and from which it reads. Its window closes when this value goes.
public final class Terminal {
    private var master: FileDescriptor?
    private let child: ChildProcess
    /// What was shown until now.
    public private(set) var shown: [UInt8] = []
    private var searched = 0

    public init(_ program: String, _ words: [String], environment: [String: String] = [:], size: WindowSize? = nil) throws {
        let terminal = try PseudoTerminal()
        let peer = try terminal.openPeer()
        if let size { try peer.setWindowSize(size) }
        var spawn = Spawn(program, words, environment: environment.map { "\($0.key)=\($0.value)" })
        spawn.startsSession = true
        spawn.controllingTerminal = 0
        for number in 0..<3 as Range<CInt> { spawn.pass(peer, as: number) }
        child = try spawn.start()
        let master = terminal.intoMaster()
        try master.setNonBlocking(true)
        self.master = consume master
    }

    deinit {
        try? child.send(signal: SIGKILL)
        _ = try? child.wait()
    }

    public func type(_ text: String) throws { try withMaster { master in try master.writeAll(text) } }
    public func resize(_ size: WindowSize) throws { try withMaster { master in try master.setWindowSize(size) } }

    /// Closes the window: what runs in it gets SIGHUP.
    public func close() { master = nil }

    /// Reads on until that text has come once more.
    public func wait(for text: String) throws {
        let wanted = Array(text.utf8)
        while true {
            if let end = shown[searched...].firstRange(of: wanted)?.upperBound {
                searched = end
                return
            }
            guard try readMore() else {
                throw Program.Failure(description: "no \"\(text)\" came; shown was: \(String(decoding: shown, as: UTF8.self))")
            }
        }
    }

    /// Waits for the program's end. What it shows until then is in ``shown``.
    public func waitForEnd() throws -> CInt {
        while master != nil, try readMore() {}
        return try child.wait().shellCode
    }

    private func withMaster(_ body: (borrowing FileDescriptor) throws -> Void) throws {
        switch master {
        case .some(let master): try body(master)
        case .none: throw Program.Failure(description: "the terminal is closed")
        }
    }

    /// False at the end, or when nothing comes for a minute: a hang.
    private func readMore() throws -> Bool {
        switch master {
        case .none: return false
        case .some(let master):
            var entries = [PollEntry(master.number, .readable)]
            guard try PollEntry.wait(&entries, timeoutMilliseconds: 60_000) > 0 else { return false }
            // EIO is a terminal's end. pty(7)
            guard let bytes = try? master.read(upTo: 65536), !bytes.isEmpty else { return false }
            shown += bytes
            return true
        }
    }
}
