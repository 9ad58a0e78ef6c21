import Glibc
import Linux
import MonitorProtocol
import OCI

/// `hako-runtime monitor`: stays with one container.
public enum MonitorCommand {
    /// Runs a monitor until its container is gone.
    ///
    /// - Parameter words: What follows `monitor` on the command line.
    /// - Returns: The exit status: 0, or 125 if there was nobody to tell a failure.
    public static func run(_ words: [String]) -> Int32 {
        let arguments: MonitorArguments
        do throws(MonitorArguments.Fault) { arguments = try MonitorArguments(parsing: words) } catch {
            _ = try? StandardDescriptor.write(Array("hako-runtime monitor: \(error.reason)\n".utf8)[...], to: 2)
            return 125
        }
        // Whoever ends the session, the terminal or the engine does not mean the container.
        SignalAction.ignore([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE])
        let control = ControlSocket(FileDescriptor(adopting: arguments.control))
        let monitor: Monitor
        do throws(StartFailure) {
            // An engine that goes away before it has said what to do wants nothing.
            guard let settings = try readSettings(control) else { return 0 }
            monitor = try prepare(arguments, settings)
        } catch {
            control.send(.failed(error))
            return 125
        }
        monitor.control = consume control
        monitor.run(attach: arguments.attach)
        return 0
    }

    private static func readSettings(_ control: borrowing ControlSocket) throws(StartFailure) -> MonitorSettings? {
        let bytes = try explaining("read the settings") { () throws(SystemCallError) in
            try control.socket.receive(limit: MonitorSettings.limit).bytes
        }
        if bytes.isEmpty { return nil }
        do {
            return try MonitorSettings(json: JSON(parsing: bytes))
        } catch { throw StartFailure(.invalid, "the monitor's settings: \(error)") }
    }

    private static func prepare(
        _ arguments: MonitorArguments, _ settings: MonitorSettings
    ) throws(StartFailure) -> Monitor {
        try explaining("prepare the monitor") { () throws(SystemCallError) in
            // They came without close-on-exec, as they came through an exec.
            for number in arguments.numbers { try FileDescriptor.setCloseOnExec(number: number) }
            try ChildProcess.becomeSubreaper()
            return try Monitor(arguments, settings)
        }
    }
}
