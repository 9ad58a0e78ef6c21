import Glibc
import Linux
import MonitorProtocol
import OCI

/// What clients ask of the container.
enum ClientWish {
    case input([UInt8])
    /// The client's input ends, or the client has gone.
    case inputEnd
    case resize(WindowSize)
    /// - Parameter endsAll: The container is not to be started again.
    case signal(CInt, endsAll: Bool, AttachClient)
    case policy(RestartPolicy, AttachClient)
}

/// All attached clients. None of them costs more memory than the frames of one read: while one has something left to take,
/// the container's output is not read.
final class AttachServer {
    static let firstToken: UInt64 = 100
    /// Its name in the bundle.
    static let socket = "monitor.sock"
    /// More are turned away: each may hold a frame or two.
    private static let clientLimit = 64
    /// How long a client may take for what there is for it before it is dropped. Not the one in the foreground.
    static let patienceMilliseconds: Int64 = 10_000

    private let listener: FileDescriptor
    private var clients: [AttachClient] = []
    private var nextToken = AttachServer.firstToken

    /// Listens in the run directory, which is closed to everyone else.
    init(in directory: borrowing FileDescriptor) throws(SystemCallError) {
        listener = try UnixSocket.listen(.stream, at: Self.socket, in: directory)
    }

    func watchListener(_ queue: borrowing EventQueue, token: UInt64) throws(SystemCallError) {
        try queue.add(listener, .readable, token: token)
    }

    /// Whether every client has taken what there was for it.
    var hasRoom: Bool { clients.allSatisfy { $0.outbound.isEmpty } }
    var isEmpty: Bool { clients.isEmpty }

    /// Takes a client that connected, or none if nobody may: whoever isn't the monitor's own user (threat: CVE-2020-15257).
    func acceptNext(_ queue: borrowing EventQueue) throws(SystemCallError) {
        while let socket = try listener.accept() {
            guard let peer = try? socket.peerCredentials(), peer.userID == geteuid(),
                clients.count < Self.clientLimit
            else { continue }
            try add(socket, isForeground: false, queue)
        }
    }

    func add(
        _ socket: consuming FileDescriptor, isForeground: Bool, _ queue: borrowing EventQueue
    ) throws(SystemCallError) {
        try socket.setNonBlocking(true)
        let client = AttachClient(socket, token: nextToken, isForeground: isForeground)
        nextToken += 1
        try queue.add(client.socket, client.interest, token: client.token)
        clients.append(client)
    }

    func broadcast(_ bytes: ArraySlice<UInt8>, of stream: LogStream) {
        let kind: AttachFrame.Kind = stream == .stdout ? .stdout : .stderr
        for client in clients where client.wants(stream) { client.send(kind, bytes) }
    }

    /// The last frame of every client that has said what it wants; others get it as soon as they do.
    func sendEnd(_ exit: ContainerExit) {
        let payload = exit.json.bytes()
        for client in clients { client.end(payload[...]) }
    }

    /// Does what an event says of a client; hands on what it asks.
    func serve(_ event: EventQueue.Event, buffer: inout [UInt8], _ wish: (ClientWish) -> Void) {
        guard let client = clients.first(where: { $0.token == event.token }) else { return }
        if event.ready.contains(.writable) { client.flush() }
        if !event.ready.isDisjoint(with: [.readable, .hangUp, .failed]) {
            for frame in client.receive(into: &buffer) { Self.take(frame, from: client, wish) }
        }
        if client.isGone { remove(client, wish) }
    }

    private static func take(_ frame: AttachFrame, from client: AttachClient, _ wish: (ClientWish) -> Void) {
        switch frame.kind {
        case .request:
            if client.request == nil, let json = try? JSON(parsing: frame.payload),
                let request = try? AttachRequest(json: json)
            {
                client.accept(request)
            }
        case .stdin: if client.request?.stdin == true { wish(.input(frame.payload)) }
        case .stdinEnd: if client.request?.stdin == true { wish(.inputEnd) }
        case .resize: if let size = frame.size { wish(.resize(WindowSize(rows: size.rows, columns: size.columns))) }
        case .signal:
            if let number = frame.payload.first { wish(.signal(CInt(number), endsAll: frame.payload.dropFirst().first == 1, client)) }
        case .policy:
            if let json = try? JSON(parsing: frame.payload), let policy = try? RestartPolicy(json: json) {
                wish(.policy(policy, client))
            }
        case .stdout, .stderr, .end: client.leave()
        }
    }

    private func remove(_ client: AttachClient, _ wish: (ClientWish) -> Void) {
        clients.removeAll { $0 === client }
        if client.request?.stdin == true { wish(.inputEnd) }
    }

    /// Tells the queue what to watch each client for now.
    func updateInterests(_ queue: borrowing EventQueue, acceptsInput: Bool) throws(SystemCallError) {
        for client in clients {
            var interest: EventQueue.Interest = []
            // One that may send input is not listened to while there is no room for it.
            if acceptsInput || client.request?.stdin != true { interest.insert(.readable) }
            if !client.outbound.isEmpty { interest.insert(.writable) }
            if interest != client.interest {
                client.interest = interest
                try queue.change(client.socket, interest, token: client.token)
            }
        }
    }

    /// Drops clients that left, and those that were waited for too long. Returns how many milliseconds from now it
    /// has to be called again; nil if nobody makes it wait.
    func dropStalled(_ wish: (ClientWish) -> Void) -> Int64? {
        let now = Timings.monotonicNanoseconds()
        var next: Int64?
        for client in clients {
            if let since = client.stalledSince, !client.isForeground {
                let rest = Self.patienceMilliseconds - Int64(clamping: (now &- since) / 1_000_000)
                if rest <= 0 { client.leave() } else { next = min(next ?? rest, rest) }
            }
            if client.isGone { remove(client, wish) }
        }
        return next
    }
}
