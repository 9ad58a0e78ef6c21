import CLinux
import Glibc

/// A pair of ends: what is written to one is typed at the other. pty(7).
@frozen public struct PseudoTerminal: ~Copyable, Sendable {
    /// The end that a person or a monitor holds. When it closes, the session on the other end gets SIGHUP.
    public let master: FileDescriptor

    public init() throws(SystemCallError) {
        master = FileDescriptor(adopting: try retryingInterrupts("open", on: "/dev/ptmx") { hako_pty_master() })
    }

    /// Of another devpts file system than the host's: a new master is what its `ptmx` opens. devpts(4).
    public init(in devpts: borrowing FileDescriptor) throws(SystemCallError) {
        let opened = try devpts.openChild("ptmx", flags: O_RDWR | O_NOCTTY)
        try Self.unlock(opened)
        master = opened
    }

    /// The peer of a new master can't be opened before. unlockpt(3).
    private static func unlock(_ master: borrowing FileDescriptor) throws(SystemCallError) {
        let number = master.number
        var isLocked: CInt = 0
        _ = try retryingInterrupts("ioctl", on: "pty master") { hako_ioctl(number, UInt(HAKO_TIOCSPTLCK), &isLocked) }
    }

    /// Gives the master away.
    public consuming func intoMaster() -> FileDescriptor { master }

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
