import Glibc
import Linux
import Metadata
import MonitorProtocol
import ContainerNetwork
import OCI
import RuntimeClient

/// Which of a container's streams a client wants from its start on.
public struct Attachment: Sendable {
    public var stdin: Bool
    public var stdout: Bool
    public var stderr: Bool
    public init(stdin: Bool, stdout: Bool = true, stderr: Bool = true) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}

/// A container that was just started, and the connection to its streams where one was asked for.
public struct StartedContainer: ~Copyable {
    public let id: String
    /// On the host.
    public let pid: Int32
    public var connection: AttachConnection?
    /// As it was asked for.
    let runtime: String
    /// Those that it didn't name.
    let volumes: [String]
    fileprivate let monitor: MonitorProcess

    fileprivate init(
        id: String, pid: Int32, runtime: String, volumes: [String], connection: consuming AttachConnection?,
        monitor: consuming MonitorProcess
    ) {
        self.id = id
        self.pid = pid
        self.runtime = runtime
        self.volumes = volumes
        self.connection = connection
        self.monitor = monitor
    }

    /// To be called by whoever stayed until the container's end: only then its monitor looks at what is left to clean up.
    public consuming func letGo() {}

    /// See ``MonitorProcess/leaveRemoval()``.
    borrowing func leaveRemoval() throws(RuntimeClientError) -> Bool { try monitor.leaveRemoval() }
}

/// A connection that is there before the monitor is, and the end that the monitor inherits.
struct PreparedStreams: ~Copyable {
    var connection: AttachConnection?
    let monitorEnd: FileDescriptor?

    var monitorNumber: CInt? {
        switch monitorEnd {
        case .some(let end): end.number
        case .none: nil
        }
    }
}

extension Engine {
    /// Starts a container that is there. One that runs already is left alone.
    ///
    /// - Returns: False where it ran already.
    @discardableResult
    public func start(_ name: String) throws(EngineError) -> Bool {
        let record = try container(name)
        try requireUnpaused(record)
        guard !record.state.isUp else { return false }
        switch try takeLock(record) {
        case .isUp: return false
        case .isGone: throw EngineError(.notFound, "No such container: \(name)")
        case .taken(let lock): _ = try launch(record, try storedSpec(of: record), lock, attachment: nil)
        }
        return true
    }

    /// Starts a container and attaches to its streams before its program runs, so that nothing of its output is missed.
    public func start(_ name: String, attachedTo attachment: Attachment) throws(EngineError) -> StartedContainer {
        let record = try container(name)
        try requireUnpaused(record)
        let lock = try takeLockToStart(record)
        return try launch(record, try storedSpec(of: record), lock, attachment: attachment)
    }

    private func requireUnpaused(_ record: ContainerRecord) throws(EngineError) {
        guard record.state.status != .paused else {
            throw EngineError(.conflict, "cannot start a paused container, try unpause instead")
        }
    }

    /// Starts what ``create(_:)`` has just made.
    public func start(
        _ created: CreatedContainer, attachedTo attachment: Attachment? = nil
    ) throws(EngineError) -> StartedContainer {
        let lock = try takeLockToStart(created.record, isNew: true)
        return try launch(created.record, created.spec, lock, attachment: attachment)
    }

    /// The sequence of a start. The monitor mounts the root while the bundle is written, and makes the container while the
    /// network is laid; the program runs when all is done.
    private func launch(
        _ record: ContainerRecord, _ stored: StoredSpec, _ lock: consuming FileDescriptor, attachment: Attachment?
    ) throws(EngineError) -> StartedContainer {
        let lock = lock
        defer { withExtendedLifetime(lock) {} }
        let spec = try configured(stored)
        if attachment != nil { note("attach", of: record.id) }
        if record.isStopped {
            try onDatabase("start container \(record.name)") { database throws(MetadataError) in
                try database.setStopped(false, of: record.id)
            }
        }
        let joined = try joinedContainers(spec)
        let rootID = rootID(record, spec, joined)
        let namespaces = try Timings.span("make-namespaces") { () throws(EngineError) in
            try makeNamespaces(spec, rootID: rootID, joined: joined)
        }
        do {
            let endpoint = try Timings.span("allocate-network") { () throws(EngineError) in
                try allocateNetwork(record, spec)
            }
            var mounts = try mappedMounts(spec, namespaces)
            let volumes = try openVolumes(&mounts, bundle: runtimePaths.bundle(record.id), namespaces)
            let plan = BundlePlan(
                record: record, spec: spec, rootID: rootID, lowers: try lowerDirectories(of: record.image) + [try initLayer()],
                mounts: mounts, volumes: volumes, joined: joined,
                addresses: endpoint?.addresses ?? [], gateways: endpoint?.gateways ?? [])
            var stream = try prepareAttachment(attachment)
            let monitor = try takeMonitor(record.id, spec.host)
            var handed = MonitorProcess.Handed(
                lock: lock.number, userNamespace: namespaces.userNumber, networkNamespace: namespaces.networkNumber,
                attach: stream.monitorNumber)
            handed.kept = endpoint?.portDescriptors ?? []
            try makeBundle(plan, for: monitor, handed)
            if let endpoint {
                try Timings.span("attach-network") { () throws(EngineError) in
                    try connect(endpoint, namespaces, record)
                }
            } else if spec.host.networkMode == "none" {
                try raiseLoopback(namespaces)
            }
            try start(monitor, record)
            // The monitor holds them by now: what ends with them ends while there is nothing else to do.
            letGo(of: namespaces)
            // Who stays until its end deletes it, and is waited for then. What goes wrong now does so again.
            if spec.host.autoRemove, attachment != nil {
                try? onDatabase("prepare for the container's end") { database throws(MetadataError) in
                    try database.prepareDeletion(of: record.id)
                }
            }
            let pid = try wait(for: monitor, record)
            return StartedContainer(
                id: record.id, pid: pid, runtime: spec.host.runtime, volumes: spec.anonymousVolumes,
                connection: stream.connection.take(), monitor: monitor)
        } catch {
            // Thrown below only as EngineError; the compiler knows no typed throws across a plain `do`.
            releaseNetwork(record.id)
            if case .monitorLost? = error.cause as? RuntimeClientError { endHalfStarted(record, spec) }
            let explained = explained(error, record, spec)
            noteFailure(record, explained)
            throw explained
        }
    }

    /// A program that can't be executed: what is the matter with it, where that can be told.
    private func explained(_ error: EngineError, _ record: ContainerRecord, _ spec: StoredSpec) -> EngineError {
        guard error.kind == .commandNotFound || error.kind == .commandNotExecutable, error.hint == nil,
            let finding = programFindings(record, spec).first.map({ naming($0, record) })
        else { return error }
        let advice = finding.advice.first.map { " Try: \($0)" } ?? ""
        return EngineError(
            error.kind, cannot: error.action, because: error.reason, hint: finding.evidence.sentence + advice, cause: error.cause)
    }

    func makeBundle(
        _ plan: BundlePlan, for monitor: borrowing MonitorProcess, _ handed: MonitorProcess.Handed
    ) throws(EngineError) {
        let action = "start container \(plan.record.name)"
        try makeBundleDirectories(plan)
        let filter = try keptFilter(plan)
        let settings = try monitorSettings(plan, filter)
        var handed = handed
        handed.mounts = plan.volumes.numbers
        defer { withExtendedLifetime(plan.volumes) {} }
        try calling(action) { () throws(RuntimeClientError) in try monitor.prepare(settings, handing: handed) }
        do throws(EngineError) {
            try Timings.span("write-bundle") { () throws(EngineError) in try writeBundle(plan, filter) }
        } catch {
            // A monitor that has given up takes the bundle away: its reason is the one to tell.
            try calling(action) { () throws(RuntimeClientError) in try monitor.requireNoFailure() }
            throw error
        }
        try calling(action) { () throws(RuntimeClientError) in try monitor.create() }
    }

    func start(_ monitor: borrowing MonitorProcess, _ record: ContainerRecord) throws(EngineError) {
        try calling("start container \(record.name)") { () throws(RuntimeClientError) in try monitor.start() }
    }

    func letGo(of namespaces: consuming ContainerNamespaces) {}

    func wait(for monitor: borrowing MonitorProcess, _ record: ContainerRecord) throws(EngineError) -> Int32 {
        try calling("start container \(record.name)") { () throws(RuntimeClientError) in
            _ = try Timings.span("wait-created") { () throws(RuntimeClientError) in try monitor.waitCreated() }
            return try Timings.span("wait-started") { () throws(RuntimeClientError) in try monitor.waitStarted() }
        }
    }

    func prepareAttachment(_ attachment: Attachment?) throws(EngineError) -> PreparedStreams {
        guard let attachment else { return PreparedStreams(connection: nil, monitorEnd: nil) }
        return try calling("attach to the container") { () throws(RuntimeClientError) in
            let prepared = try AttachConnection.prepare(
                AttachRequest(stdin: attachment.stdin, stdout: attachment.stdout, stderr: attachment.stderr))
            return PreparedStreams(connection: prepared.connection, monitorEnd: prepared.monitorEnd)
        }
    }

    /// Its monitor was killed on the way, and we have its byte: what is there of it goes. What doesn't is what its removal, or
    /// the next start, finds.
    private func endHalfStarted(_ record: ContainerRecord, _ spec: StoredSpec) {
        try? removeRuntimeState(record.id, spec.host)
    }

    /// What `inspect` shows as the reason. The start has failed already: a database that can't be written adds nothing.
    private func noteFailure(_ record: ContainerRecord, _ error: EngineError) {
        // A monitor that was killed may have written that it runs.
        try? foldJournal()
        var state = record.state
        state.error = error.description
        switch error.kind {
        case .commandNotFound: state.exitCode = 127
        case .commandNotExecutable: state.exitCode = 126
        default: state.exitCode = 128
        }
        try? onDatabase("note the failure") { database throws(MetadataError) in
            try database.setState(state, of: record.id)
        }
    }
}
