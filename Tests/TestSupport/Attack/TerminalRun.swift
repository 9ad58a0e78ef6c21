import Glibc
import Linux

/// A shell's command under a terminal of its own, into which nobody types.
public enum TerminalRun {
    /// - Returns: Its status, and as output what it showed.
    public static func of(_ command: String, environment: [String: String] = [:]) throws -> ProgramRun {
        let terminal = try PseudoTerminal()
        let peer = try terminal.openPeer()
        let variables = environment.map { "export \($0.key)='\($0.value)'; " }.joined()
        var spawn = Spawn("/bin/bash", ["bash", "-c", variables + command])
        spawn.startsSession = true
        spawn.controllingTerminal = 0
        for number in 0..<3 as Range<CInt> { spawn.pass(peer, as: number) }
        let child = try spawn.start()
        try peer.close()
        let master = terminal.intoMaster()
        try master.setNonBlocking(true)
        var output: [UInt8] = []
        while true {
            var entries = [PollEntry(master.number, .readable), PollEntry(child.pidfd.number, .readable)]
            if try PollEntry.wait(&entries, timeoutMilliseconds: 120_000) == 0 { try child.send(signal: SIGKILL) }
            // EIO is a terminal's end. pty(7)
            while let bytes = try? master.read(upTo: 65536), !bytes.isEmpty { output += bytes }
            guard !entries[1].ready.isEmpty else { continue }
            return ProgramRun(status: try child.wait().shellCode, outputBytes: output, errorBytes: [])
        }
    }
}
