import ImageStore
import Linux
import MonitorProtocol
import RuntimeClient

/// A step of a build that runs. When it is let go of before ``Engine/end(_:)``, it is ended, and nothing of it stays.
public final class StepContainer {
    let id: String
    /// The host's id of its root; 0 with the host's ids.
    let rootID: UInt32
    let slot: Int64
    /// As it was asked for.
    let runtime: String
    /// What it writes.
    public let draft: LayerDraft
    /// For the mounts that are sockets, in their order; each accepts without waiting.
    public let listeners: [StepListener]
    private let monitor: MonitorProcess
    private var reader: AttachReader
    /// Set once all that it printed was read.
    public private(set) var exit: ContainerExit?

    init(
        id: String, slot: Int64, rootID: UInt32, runtime: String, draft: LayerDraft, listeners: [StepListener],
        monitor: consuming MonitorProcess, connection: consuming AttachConnection
    ) throws(RuntimeClientError) {
        self.id = id
        self.slot = slot
        self.rootID = rootID
        self.runtime = runtime
        self.draft = draft
        self.listeners = listeners
        self.monitor = monitor
        reader = try AttachReader(connection)
    }

    /// Readable when it has printed something, or has ended.
    public var descriptor: CInt { reader.number }

    /// Hands on what has been printed until now, without waiting.
    ///
    /// - Throws: ``EngineError`` where the step's monitor was killed.
    public func read(_ take: (_ bytes: [UInt8], _ isError: Bool) -> Void) throws(EngineError) {
        var isLost = false
        var ended: ContainerExit?
        do throws(RuntimeClientError) {
            try reader.read { piece in
                switch piece {
                case .output(let bytes, let isError): take(bytes, isError)
                case .end(let exit): (ended, isLost) = (exit, exit == nil)
                }
            }
        } catch { throw EngineError(error, cannot: "read what the build step prints") }
        exit = exit ?? ended
        guard exit == nil, isLost else { return }
        throw EngineError(.system, cannot: "run the build step", because: "its monitor was killed")
    }

    /// See ``MonitorProcess/leaveRemoval()``.
    func leaveRemoval() throws(RuntimeClientError) -> Bool { try monitor.leaveRemoval() }
}

/// A socket of the host that a step can connect to.
public final class StepListener {
    private let socket: FileDescriptor

    init(_ socket: consuming FileDescriptor) { self.socket = socket }

    /// Readable when somebody connects.
    public var number: CInt { socket.number }

    /// The next connection, whose calls don't wait; nil if there is none.
    public func accept() throws(SystemCallError) -> FileDescriptor? { try socket.accept() }
}
