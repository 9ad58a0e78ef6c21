import Glibc
import Linux
import MonitorProtocol
import OCI

/// A monitor that this process started, and the socket on which it tells what becomes of the container.
///
/// Letting go of it before ``start()`` ends the container; after that, nothing.
public struct MonitorProcess: ~Copyable {
    /// The monitor itself. It ends by itself; who lives longer should reap it.
    public let process: ChildProcess
    private let control: FileDescriptor

    /// What a monitor inherits, by number. The owners keep them open until
    /// ``start(program:bundle:settings:inherited:)`` returns.
    public struct Inherited: Sendable {
        /// An open file that holds the container's byte (``ContainerLocks/acquire(_:)``).
        public var lock: CInt
        public var userNamespace: CInt?
        public var networkNamespace: CInt?
        /// The other end of an ``AttachConnection`` for the caller itself.
        public var attach: CInt?
        /// What the monitor only keeps open for as long as it lives: the sockets of published ports.
        public var kept: [CInt] = []

        public init(lock: CInt, userNamespace: CInt? = nil, networkNamespace: CInt? = nil, attach: CInt? = nil) {
            self.lock = lock
            self.userNamespace = userNamespace
            self.networkNamespace = networkNamespace
            self.attach = attach
        }
    }

    /// Writes `monitor.json` into the bundle and starts a monitor on it.
    ///
    /// - Parameter program: `hako-runtime`'s absolute path. The runtime that runs the container is `settings.runtime`.
    public static func start(
        program: String, bundle: String, settings: MonitorSettings, inherited: Inherited
    ) throws(RuntimeClientError) -> MonitorProcess {
        try calling { () throws(SystemCallError) in
            try FileDescriptor.replaceContents(of: bundle + "/monitor.json", with: settings.json.bytes())
            let sockets = try UnixSocket.Pair(.messages)
            var spawn = Spawn(program, ["hako-runtime", "monitor"])
            // Not the caller's environment: it may hold secrets, and the monitor outlives the caller.
            spawn.environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
            spawn.startsSession = true
            // Fixed numbers from 3 on, whatever they are here.
            var next: CInt = 3
            func pass(_ option: String, _ number: CInt?) {
                guard let number else { return }
                spawn.pass(number: number, as: next)
                spawn.arguments += [option, String(next)]
                next += 1
            }
            pass("--control-fd", sockets.second.number)
            pass("--lock-fd", inherited.lock)
            pass("--userns-fd", inherited.userNamespace)
            pass("--netns-fd", inherited.networkNamespace)
            pass("--attach-fd", inherited.attach)
            for number in inherited.kept { pass("--keep-fd", number) }
            if Timings.descriptor >= 0 {
                spawn.pass(number: Timings.descriptor, as: next)
                spawn.environment?.append("\(Timings.variable)=\(next)")
            }
            spawn.arguments.append(bundle)
            let process = try spawn.start()
            return MonitorProcess(process: process, control: sockets.first)
        }
    }

    private init(process: consuming ChildProcess, control: consuming FileDescriptor) {
        self.process = process
        self.control = control
    }

    /// Waits until the container's first process is there and waits to be started. Returns its pid on the host.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)`` if the runtime couldn't make it.
    public borrowing func waitCreated() throws(RuntimeClientError) -> Int32 {
        guard case .created(let pid) = try next() else { throw unexpected }
        return pid
    }

    /// Starts the container's program and waits until it runs. Returns its pid on the host.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)``, of kind `notFound` or `notExecutable` if the program can't be executed.
    public borrowing func start() throws(RuntimeClientError) -> Int32 {
        let message = ControlMessage.start.json.bytes()
        do throws(SystemCallError) {
            _ = try control.send(message[...])
        } catch {
            // A monitor that has failed meanwhile says why before it goes.
            guard error.errno == .brokenPipe else { throw .system(error) }
        }
        guard case .started(let pid) = try next() else { throw unexpected }
        return pid
    }

    /// Waits until the container has ended.
    public borrowing func waitExit() throws(RuntimeClientError) -> ContainerExit {
        guard case .exited(let exit) = try next() else { throw unexpected }
        return exit
    }

    /// Readable when the monitor has something to say: for a caller that waits for other things too.
    public var controlNumber: CInt { control.number }

    private borrowing func next() throws(RuntimeClientError) -> ControlMessage {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try control.receive(limit: ControlMessage.limit).bytes
        } catch {
            if error.errno.rawValue == ECONNRESET { throw .monitorLost }
            throw .system(error)
        }
        guard !bytes.isEmpty else { throw .monitorLost }
        let message = try decoding("the monitor's message", bytes, ControlMessage.init(json:))
        if case .failed(let failure) = message { throw .start(failure) }
        return message
    }

    private var unexpected: RuntimeClientError { .malformed("the monitor's message", reason: "is out of order") }
}
