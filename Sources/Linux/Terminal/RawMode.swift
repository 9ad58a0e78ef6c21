import Glibc

/// A person's terminal, for as long as each key goes through unread and unechoed. Its former settings come back when the
/// owner lets go. termios(3), cfmakeraw.
public struct RawMode: ~Copyable {
    private let number: CInt
    private let before: termios

    /// Whether the descriptor is a terminal. isatty(3).
    public static func isTerminal(_ number: CInt) -> Bool { isatty(number) == 1 }

    /// - Parameter number: A terminal's descriptor, which stays open until this value goes.
    public init(_ number: CInt) throws(SystemCallError) {
        let before = try Self.enter(number)
        self.number = number
        self.before = before
    }

    private static func enter(_ number: CInt) throws(SystemCallError) -> termios {
        var before = termios()
        _ = try retryingErrno("tcgetattr", on: "descriptor \(number)") { tcgetattr(number, &before) }
        var raw = before
        cfmakeraw(&raw)
        _ = try retryingErrno("tcsetattr", on: "descriptor \(number)") { tcsetattr(number, TCSANOW, &raw) }
        return before
    }

    deinit {
        var settings = before
        // TCSADRAIN: what was written in raw mode must come out before newlines are translated again.
        while tcsetattr(number, TCSADRAIN, &settings) != 0 && errno == EINTR {}
    }
}
