import Glibc
import Linux
import MonitorProtocol
import OCI
import Runtime

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
        // The engine writes what the container is to be meanwhile. What can't be made early is made later, with an error.
        Runtime.warmUp()
        // The directory first: of a monitor that is killed now, `system check` finds it, and the cgroup by it.
        let directory = arguments.directory.flatMap { try? EarlyDirectory(path: $0) }
        let cgroup = arguments.cgroup.flatMap { try? EarlyCgroup(path: $0) }
        let control = ControlSocket(FileDescriptor(adopting: arguments.control))
        let monitor: Monitor
        var handed = HandedDescriptors()
        do throws(StartFailure) {
            // An engine that goes away before it has said what to do wants nothing.
            guard let prepared = try prepare(arguments, &handed, control, directory) else { return 0 }
            monitor = prepared
            monitor.earlyCgroup = cgroup
        } catch {
            control.send(.failed(error))
            return 125
        }
        monitor.control = consume control
        monitor.run(attach: handed.attach, process: handed.process)
        return 0
    }

    /// Nil where the engine has gone away.
    private static func prepare(
        _ arguments: MonitorArguments, _ handed: inout HandedDescriptors, _ control: borrowing ControlSocket,
        _ directory: consuming EarlyDirectory?
    ) throws(StartFailure) -> Monitor? {
        guard let message = try handed.receive(control.socket) else { return nil }
        guard handed.lock >= 0 else { throw StartFailure(.invalid, "the container's lock was not handed over") }
        let settings: MonitorSettings
        do { settings = try MonitorSettings(json: JSON(parsing: message)) } catch {
            throw StartFailure(.invalid, "the monitor's settings: \(error)")
        }
        do throws(SystemCallError) {
            // It came without close-on-exec, as it came through an exec.
            try FileDescriptor.setCloseOnExec(number: arguments.control)
            try ChildProcess.becomeSubreaper()
            let monitor = try Monitor(bundle: arguments.bundle, handed, settings, directory)
            // For who takes the container over from us. Meanwhile the engine writes the rest of the bundle.
            if settings.running == nil {
                try FileDescriptor.openEmpty("\(arguments.bundle)/\(BundleFile.settings)", mode: 0o600).writeAll(message)
            }
            return monitor
        } catch { throw StartFailure(.system, "cannot prepare the monitor: \(error)") }
    }
}
