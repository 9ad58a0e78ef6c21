import Glibc
import Linux
import MonitorProtocol
import OCI

/// A monitor that this process started, and the socket on which it tells what becomes of the container.
///
/// Letting go of it before ``start()`` ends the container; after that, nothing. While it lives, a monitor whose container
/// has ended does not run its exit command.
public struct MonitorProcess: ~Copyable {
    /// The monitor itself. It ends by itself; who lives longer should reap it.
    public let process: ChildProcess
    private let control: FileDescriptor

    /// What is handed to a monitor, by number. It gets duplicates.
    public struct Handed: Sendable {
        /// An open file that holds the container's byte (``ContainerLocks/acquire(_:)``).
        public var lock: CInt
        /// A pidfd of the first process of a container that runs, and is taken over.
        public var process: CInt?
        public var userNamespace: CInt?
        public var networkNamespace: CInt?
        /// The other end of an ``AttachConnection`` for the caller itself.
        public var attach: CInt?
        /// What the monitor only keeps open for as long as it lives: the sockets of published ports.
        public var kept: [CInt] = []
        /// Mounts that the monitor attaches, each at its number in the bundle's `mounts`.
        public var mounts: [CInt] = []

        public init(lock: CInt, userNamespace: CInt? = nil, networkNamespace: CInt? = nil, attach: CInt? = nil) {
            self.lock = lock
            self.userNamespace = userNamespace
            self.networkNamespace = networkNamespace
            self.attach = attach
        }

        var all: [(kind: ControlMessage.Descriptor, number: CInt)] {
            let single: [(ControlMessage.Descriptor, CInt?)] = [
                (.lock, lock), (.process, process), (.userNamespace, userNamespace), (.networkNamespace, networkNamespace), (.attach, attach),
            ]
            return single.compactMap { kind, number in number.map { (kind, $0) } } + kept.map { (.kept, $0) }
                + mounts.map { (.mount, $0) }
        }
    }

    /// Starts a monitor for a bundle that needs not be there yet, nor the container: the monitor waits for
    /// ``prepare(_:handing:)``.
    ///
    /// - Parameters:
    ///   - program: `hako-runtime`'s absolute path. The runtime that runs the container is `settings.runtime`.
    ///   - cgroup: The container's, for a monitor that is to run it itself, to be made at once.
    ///   - directory: That of a container that is new, to be made at once; without ``prepare(_:handing:)`` it goes again.
    public static func spawn(
        program: String, bundle: String, cgroup: String? = nil, directory: String? = nil
    ) throws(RuntimeClientError) -> MonitorProcess {
        try calling { () throws(SystemCallError) in
            let sockets = try UnixSocket.Pair(.messages)
            // Fixed numbers from 3 on, whatever they are here.
            var words = ["hako-runtime", "monitor", "--control-fd", "3"]
            if let cgroup { words += ["--cgroup", cgroup] }
            if let directory { words += ["--directory", directory] }
            var spawn = Spawn(program, words + [bundle])
            spawn.pass(number: sockets.second.number, as: 3)
            // Not the caller's environment: it may hold secrets, and the monitor outlives the caller.
            spawn.environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
            spawn.startsSession = true
            if Timings.descriptor >= 0 {
                spawn.pass(number: Timings.descriptor, as: 4)
                spawn.environment?.append("\(Timings.variable)=4")
            }
            if ObjectLog.isOn {
                spawn.pass(number: ObjectLog.descriptor, as: 5)
                spawn.environment?.append("\(ObjectLog.variable)=5")
            }
            let process = try spawn.start()
            return MonitorProcess(process: process, control: sockets.first)
        }
    }

    private init(process: consuming ChildProcess, control: consuming FileDescriptor) {
        self.process = process
        self.control = control
    }

    /// Has the monitor mount the root. The bundle's directories are there, and those that the settings name.
    public borrowing func prepare(
        _ settings: MonitorSettings, handing handed: Handed
    ) throws(RuntimeClientError) {
        do throws(RuntimeClientError) {
            try calling { () throws(SystemCallError) in
                for (kind, number) in handed.all {
                    _ = try control.send(ControlMessage.descriptor(kind).json.bytes()[...], withNumber: number)
                }
            }
            try send(settings.json)
        } catch {
            guard error.isClosed else { throw error }
            // It may have said why before it went.
            _ = try next()
            throw .monitorLost
        }
    }

    /// Has the monitor take over a container that runs: ``MonitorSettings/running`` is set. Returns the process when it has, which
    /// is let go then.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)`` with its reason where it can't; the container is as it was.
    public consuming func takeOver(
        _ settings: MonitorSettings, handing handed: Handed
    ) throws(RuntimeClientError) -> ChildProcess {
        try prepare(settings, handing: handed)
        _ = try waitStarted()
        return process
    }

    /// Has the monitor make the container, from the bundle, which is whole now.
    public borrowing func create() throws(RuntimeClientError) { try sendUnlessFailed(.bundled) }

    /// Throws what a monitor has said that gave up before ``create()``; says nothing of one that is at work.
    public borrowing func requireNoFailure() throws(RuntimeClientError) {
        var entries = [PollEntry(control.number, .readable)]
        let hasSpoken = try calling { () throws(SystemCallError) in try PollEntry.wait(&entries, timeoutMilliseconds: 0) } > 0
        if hasSpoken { _ = try next() }
    }

    /// Leaves the files of a container that has ended, and that nobody is to know any more, to the monitor; returns when nothing
    /// else of it is left.
    ///
    /// - Returns: False if the monitor is gone: then there may be, and the files are still there.
    public borrowing func leaveRemoval() throws(RuntimeClientError) -> Bool {
        do throws(RuntimeClientError) {
            // Unread, the message of its end would make a reset of what we send before we close. unix(7).
            _ = try waitExit()
            try send(ControlMessage.removed.json)
            guard case .released = try next() else { throw unexpected }
            return true
        } catch {
            switch error {
            case .monitorLost: return false
            default:
                guard error.isClosed else { throw error }
                return false
            }
        }
    }

    /// A monitor that has failed meanwhile has said why before it went: what comes next is read.
    private borrowing func sendUnlessFailed(_ message: ControlMessage) throws(RuntimeClientError) {
        do throws(RuntimeClientError) { try send(message.json) } catch { guard error.isClosed else { throw error } }
    }

    private borrowing func send(_ message: JSON) throws(RuntimeClientError) {
        try calling { () throws(SystemCallError) in _ = try control.send(message.bytes()[...]) }
    }

    /// Waits until the container's first process is there and waits to be started. Returns its pid on the host.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)`` if the runtime couldn't make it.
    public borrowing func waitCreated() throws(RuntimeClientError) -> Int32 {
        guard case .created(let pid) = try next() else { throw unexpected }
        return pid
    }

    /// Has the monitor start the container's program, as soon as its process is there.
    public borrowing func start() throws(RuntimeClientError) { try sendUnlessFailed(.start) }

    /// Waits until the container's program runs, which ``start()`` was asked for. Returns its pid on the host.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)``, of kind `notFound` or `notExecutable` if the program can't be executed.
    public borrowing func waitStarted() throws(RuntimeClientError) -> Int32 {
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
        do throws(SystemCallError) { bytes = try receive() } catch {
            if error.errno.rawValue == ECONNRESET { throw .monitorLost }
            throw .system(error)
        }
        guard !bytes.isEmpty else { throw .monitorLost }
        let message = try decoding("the monitor's message", bytes, ControlMessage.init(json:))
        if case .failed(let failure) = message { throw .start(failure) }
        return message
    }

    private borrowing func receive() throws(SystemCallError) -> [UInt8] {
        do throws(SystemCallError) { return try control.receive(limit: ControlMessage.limit).bytes } catch {
            // A monitor that went without having read our last word. What it said before stands behind this error. unix(7).
            guard error.errno.rawValue == ECONNRESET else { throw error }
            return try control.receive(limit: ControlMessage.limit).bytes
        }
    }

    private var unexpected: RuntimeClientError { .malformed("the monitor's message", reason: "is out of order") }
}
