import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime
import Runtime

/// The process that stays with one container: from before it is there until nothing of it is left.
///
/// One thread and one loop over epoll. What it holds while the container runs is a few descriptors and buffers of a fixed
/// size: there is one for every container of the host.
final class Monitor {
    let settings: MonitorSettings
    let bundle: String
    let userNamespace: FileDescriptor?
    var networkNamespace: FileDescriptor?
    var lock: FileDescriptor?
    /// Numbers of what is only kept open: sockets of published ports.
    var kept: [CInt]
    /// Until they are attached.
    var handedMounts: [CInt]
    var control: ControlSocket?
    let queue: EventQueue
    let signals: SignalDescriptor
    let timer: Timer
    let runtime: any ContainerRuntime
    var recorder: StateRecorder
    let clients: AttachServer
    let bundleDirectory: FileDescriptor
    /// Locked for as long as the monitor lives.
    let directory: FileDescriptor
    var log: ContainerLog?
    var streams = StandardStreams()
    var input = InputQueue()
    var pace = OutputPace()
    /// Nil while the container doesn't run, or nobody asks how it is.
    var health: HealthWatch?
    /// What probes of its health run as.
    var healthProcess: JSON?
    var terminalSize: WindowSize?
    var container: FirstProcess?
    var memory: OOMCounter?
    /// Nil until the first sample.
    var usage: UsageRecorder?
    /// When the next sample is to be taken, on the clock that only goes forward, in nanoseconds; the highest number for never.
    var usageDue = UInt64.max
    var mounts: PrivateMounts?
    /// Until the container has it.
    var earlyCgroup: EarlyCgroup?
    var phase = Phase.creating
    var hasStarted = false
    /// What this run of the container has lost with the monitor that was killed; nil where this monitor has started it.
    var losses: [String]?
    var plan: RestartPlan
    /// On the clock that only goes forward, in nanoseconds.
    var startedAt: UInt64 = 0
    /// Nil while the policy is never to restart.
    var restartTimer: Timer?
    var cleanUpFailures: [String] = []
    /// What the queue watches of the streams now.
    var watched = WatchedStreams()
    var buffer = [UInt8](repeating: 0, count: AttachFrame.payloadLimit)

    enum Phase {
        case creating, created, running
        /// The container has ended, with this; nil where nobody tells.
        case ended(ExitStatus?)
        /// It is not to be started: nobody is there who could ask for it.
        case abandoned
        /// It has ended, with this, and waits to be started again.
        case resting(ContainerExit)
        /// It has waited for that, and is not started again.
        case over
    }

    struct WatchedStreams {
        var output = false
        var error = false
        var input = false
    }

    enum Token {
        static let signals: UInt64 = 1
        static let control: UInt64 = 2
        static let listener: UInt64 = 3
        static let container: UInt64 = 4
        static let output: UInt64 = 5
        static let error: UInt64 = 6
        static let input: UInt64 = 7
        static let timer: UInt64 = 8
        static let restart: UInt64 = 9
        static let healthTimer: UInt64 = 10
        static let probeOutput: UInt64 = 11
        static let probe: UInt64 = 12
        static let connection: UInt64 = 13
        static let logSocket: UInt64 = 14
        static let logCompressor: UInt64 = 15
    }

    /// Takes over the descriptors that were handed to it, and makes what clients connect to.
    ///
    /// - Parameter early: The container's directory, if it was made before the settings came.
    init(
        bundle: String, _ handed: HandedDescriptors, _ settings: MonitorSettings, _ early: consuming EarlyDirectory?
    ) throws(SystemCallError) {
        let queue = try EventQueue()
        let signals = try SignalDescriptor([SIGCHLD])
        let timer = try Timer()
        let bundleDirectory = try FileDescriptor.directory(bundle)
        // It goes after the end was told: meanwhile it is nobody's leftover.
        try bundleDirectory.lockWhole()
        // Of the monitor that was killed.
        if settings.running != nil { try? bundleDirectory.unlink(AttachServer.socket) }
        let clients = try AttachServer(in: bundleDirectory)
        let directory = try Self.lockedDirectory(settings.directory, early)
        self.settings = settings
        self.bundle = bundle
        lock = FileDescriptor(adopting: handed.lock)
        kept = handed.kept
        handedMounts = handed.mounts
        userNamespace = handed.userNamespace.map { FileDescriptor(adopting: $0) }
        networkNamespace = handed.networkNamespace.map { FileDescriptor(adopting: $0) }
        self.queue = queue
        self.signals = signals
        self.timer = timer
        self.bundleDirectory = bundleDirectory
        self.directory = directory
        self.clients = clients
        runtime = OwnRuntime(settings, bundle: bundle) ?? CommandLineRuntime(settings, bundle: bundle)
        recorder = StateRecorder(settings)
        plan = RestartPlan(settings.restart)
    }

    private static func lockedDirectory(
        _ path: String, _ early: consuming EarlyDirectory?
    ) throws(SystemCallError) -> FileDescriptor {
        if let early { return early.intoLocked() }
        let directory = try FileDescriptor.directory(path)
        try directory.lockWhole()
        return directory
    }

    /// The life of the container. Returns when nothing is left to do.
    ///
    /// - Parameter process: The number of a pidfd, for a container that is taken over.
    func run(attach: Int32?, process: CInt?) {
        do throws(StartFailure) {
            try watch(attach: attach)
            if let running = settings.running { try takeOver(running, process) } else { try create() }
        } catch {
            // One that runs already goes on without us.
            if settings.running == nil { fail(error) } else { tell(error) }
            return
        }
        do throws(StartFailure) { try serve() } catch { fail(error) }
    }

    private func watch(attach: Int32?) throws(StartFailure) {
        try explaining("wait for events") { () throws(SystemCallError) in
            try queue.add(signals.descriptor, .readable, token: Token.signals)
            try queue.add(timer.descriptor, .readable, token: Token.timer)
            if settings.restart.condition != .never { try watchRestarts() }
            try clients.watchListener(queue, token: Token.listener)
            if let attach { try clients.add(FileDescriptor(adopting: attach), isForeground: true, queue) }
        }
    }

    private func create() throws(StartFailure) {
        if case .file = settings.log { try openLog() }
        if runtime.hasLeftovers {
            // Of the same name: what is deleted now would take it along.
            earlyCgroup = nil
            try runtime.delete()
        }
        try Timings.span("mount-root") { () throws(StartFailure) in try mountRoot() }
        // An engine that goes away before that has nothing started.
        guard control.waitUntilBundled() else {
            phase = .abandoned
            return
        }
        // Who takes records may be slow to answer, or not be there: the engine is to have written all that goes with it by then.
        if case .socket = settings.log { try openLog() }
        try makeContainer(try Timings.span("read-config") { () throws(StartFailure) in try readConfig() })
        try explaining("wait for events") { () throws(SystemCallError) in
            if let number = control?.socket.number { try queue.add(number: number, .readable, token: Token.control) }
        }
        control?.send(.created(pid: container.pid))
    }

    private func openLog() throws(StartFailure) {
        if let destination = settings.log { log = try ContainerLog(destination) }
    }

    /// Makes the container's first process, which waits to be started.
    func makeContainer(_ config: BundleConfig) throws(StartFailure) {
        if case .command(let words) = settings.health?.probe { healthProcess = config.process(running: words) }
        let pid = try Timings.span("create") { () throws(StartFailure) in try createProcess(config) }
        if let cgroup = earlyCgroup.take() { cgroup.leaveToContainer() }
        let container = try explaining("hold process \(pid)") { () throws(SystemCallError) in try FirstProcess(child: pid) }
        memory = OOMCounter(of: pid, named: settings.id)
        try explaining("wait for events") { () throws(SystemCallError) in
            try queue.add(number: container.number, .readable, token: Token.container)
        }
        self.container = consume container
        phase = .created
    }

    /// In a mount namespace of this monitor's own.
    func mountRoot() throws(StartFailure) {
        var mounts = try explaining("make a mount namespace") { () throws(SystemCallError) in try PrivateMounts() }
        if let root = settings.root {
            try explaining("mount the root") { () throws(SystemCallError) in
                try mounts.mountRoot(root, bundle: bundle, userNamespace: userNamespace)
            }
        }
        let handed = handedMounts
        handedMounts = []
        try explaining("attach the volumes") { () throws(SystemCallError) in try mounts.attach(handed, bundle: bundle) }
        self.mounts = consume mounts
    }

    func readConfig() throws(StartFailure) -> BundleConfig {
        var config = try BundleConfig(bundle: bundle)
        try prepareRoot(&config)
        return config
    }

    private func prepareRoot(_ config: inout BundleConfig) throws(StartFailure) {
        guard settings.user != nil || settings.makesWorkingDirectory else { return }
        let root = try explaining("open the root") { () throws(SystemCallError) in
            try RootPreparation(root: bundle + "/rootfs", idMap: settings.idMap)
        }
        if let user = settings.user { config.set(try root.resolve(user, groupAdd: settings.groupAdd)) }
        if settings.makesWorkingDirectory {
            let path = config.workingDirectory
            try explaining("make the working directory \(path)") { () throws(SystemCallError) in
                try root.makeWorkingDirectory(path)
            }
        }
    }

    private var namespaces: HeldNamespaces {
        HeldNamespaces(user: userNamespace.number, network: networkNamespace.number)
    }

    private func createProcess(_ config: BundleConfig) throws(StartFailure) -> Int32 {
        if settings.terminal { return try createWithTerminal(config) }
        let owner = try streamOwner(config.user)
        let ends: StandardStreams.ContainerEnds?
        ends = try explaining("make the standard streams") { () throws(SystemCallError) in
            try streams.makeFIFOs(in: bundleDirectory, openStdin: settings.openStdin, owner: owner)
        }
        return try runtime.create(
            config, namespaces: namespaces, earlyCgroup: earlyCgroup.path, streams: ends, console: nil)
    }

    private func createWithTerminal(_ config: BundleConfig) throws(StartFailure) -> Int32 {
        let console = try explaining("listen for the terminal") { () throws(SystemCallError) in
            try ConsoleSocket(in: bundle)
        }
        let pid = try runtime.create(
            config, namespaces: namespaces, earlyCgroup: earlyCgroup.path, streams: nil, console: console.path)
        try explaining("take the terminal") { () throws(SystemCallError) in
            guard let master = try console.receive() else {
                throw SystemCallError("recvmsg", on: "the console socket", .noSuchFile)
            }
            try streams.adopt(terminal: master)
        }
        if let terminalSize { streams.resize(terminalSize) }
        return pid
    }

    /// On the host: who may open the container's `/dev/stdout`.
    private func streamOwner(_ user: (uid: UInt32, gid: UInt32)) throws(StartFailure) -> (uid: UInt32, gid: UInt32) {
        guard let map = settings.idMap else { return user }
        guard let uid = MonitorSettings.IDMap.hostID(of: user.uid, in: map.uid),
            let gid = MonitorSettings.IDMap.hostID(of: user.gid, in: map.gid)
        else { throw StartFailure(.invalid, "user \(user.uid):\(user.gid) is not in the container's id range") }
        return (uid, gid)
    }
}

extension Optional where Wrapped == EarlyCgroup {
    fileprivate var path: String? {
        switch self {
        case .some(let cgroup): cgroup.path
        case .none: nil
        }
    }
}
