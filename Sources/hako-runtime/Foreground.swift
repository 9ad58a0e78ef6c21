import Glibc
import Linux
import Runtime

/// Stays with a process until it ends: hands signals on, and between our terminal and its own what is typed and shown.
struct Foreground: ~Copyable {
    private static let forwarded: [CInt] = [
        SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP, SIGALRM,
    ]
    private let signals: SignalDescriptor

    init() throws(RuntimeError) {
        do throws(SystemCallError) { signals = try SignalDescriptor(Self.forwarded) } catch {
            throw RuntimeError(.system, cannot: "wait for signals", because: error.description)
        }
    }

    /// Its exit code, as a shell tells it.
    func wait(for process: borrowing ContainerProcess) throws(RuntimeError) -> CInt {
        do throws(SystemCallError) {
            guard process.terminalNumber != nil, RawMode.isTerminal(StandardDescriptor.input) else {
                return try copyUntilEnd(of: process)
            }
            let raw = try RawMode(StandardDescriptor.input)
            let code = try copyUntilEnd(of: process)
            _ = consume raw
            return code
        } catch { throw RuntimeError(.system, cannot: "wait for the process", because: error.description) }
    }

    private func copyUntilEnd(of process: borrowing ContainerProcess) throws(SystemCallError) -> CInt {
        let master = process.terminalNumber
        Self.resize(process)
        var entries = [
            PollEntry(process.child.pidfd.number, .readable), PollEntry(signals.descriptor.number, .readable),
            PollEntry(master ?? -1, .readable), PollEntry(master == nil ? -1 : StandardDescriptor.input, .readable),
        ]
        while true {
            try PollEntry.wait(&entries)
            if entries[1].ready.contains(.readable), let signal = try signals.next() {
                if signal == SIGWINCH, master != nil { Self.resize(process) } else { try process.child.send(signal: signal) }
            }
            if let master, !entries[2].ready.isEmpty, !Self.copy(from: master, to: StandardDescriptor.output) {
                entries[2].number = -1
            }
            if let master, !entries[3].ready.isEmpty, !Self.copy(from: StandardDescriptor.input, to: master) {
                entries[3].number = -1
            }
            if entries[0].ready.contains(.readable), entries[2].number < 0 || entries[2].ready.isEmpty {
                return try process.child.wait().shellCode
            }
        }
    }

    private static func resize(_ process: borrowing ContainerProcess) {
        guard let size = WindowSize.of(StandardDescriptor.input) else { return }
        process.setWindowSize(size)
    }

    /// False at the end.
    private static func copy(from: CInt, to: CInt) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16384)
        guard let count = StandardDescriptor.read(from, into: &bytes), count > 0 else { return false }
        var rest = bytes[..<count]
        while !rest.isEmpty {
            guard let written = try? StandardDescriptor.write(rest, to: to) else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }
}
