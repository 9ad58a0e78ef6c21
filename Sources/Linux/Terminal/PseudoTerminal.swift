import CLinux
import Glibc

/// A pair of ends: what is written to one is typed at the other. pty(7).
@frozen public struct PseudoTerminal: ~Copyable, Sendable {
    /// The end that a person or a monitor holds. When it closes, the session on the other end gets SIGHUP.
    public let master: FileDescriptor

    public init() throws(SystemCallError) {
        master = FileDescriptor(adopting: try retryingInterrupts("open", on: "/dev/ptmx") { hako_pty_master() })
    }

    /// The end that a program has as its terminal. No path is looked up: `/dev/pts` may be anybody's (CVE-2025-52565).
    public borrowing func openPeer() throws(SystemCallError) -> FileDescriptor {
        let number = master.number
        return FileDescriptor(
            adopting: try retryingInterrupts("ioctl", on: "pty master") { hako_pty_peer(number, O_RDWR | O_NOCTTY) })
    }
}

/// How many signs fit on a terminal.
public struct WindowSize: Hashable, Sendable {
    public var rows: UInt16
    public var columns: UInt16

    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }

    /// Of the terminal at `number`; nil where that is none, or doesn't know its size.
    public static func of(_ number: CInt) -> WindowSize? {
        var size = WindowSize(rows: 0, columns: 0)
        guard hako_window_size(number, &size.rows, &size.columns) == 0, size.rows > 0, size.columns > 0 else { return nil }
        return size
    }
}

extension FileDescriptor {
    /// Sets a terminal's size, from either end; its foreground processes get SIGWINCH if that is a change.
    public borrowing func setWindowSize(_ size: WindowSize) throws(SystemCallError) {
        let number = self.number
        _ = try retryingInterrupts("ioctl", on: "terminal") { hako_set_window_size(number, size.rows, size.columns) }
    }
}
