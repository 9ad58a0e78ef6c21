import Engine
import Glibc
import Linux

/// Carries what the programs of a step say to an SSH agent, and its answers.
///
/// An agent answers its own user and the host's root alone (SO_PEERCRED), and a step's root is neither: it is this process that
/// talks to it.
final class AgentForwarder {
    private let listener: StepListener
    /// Of the agent's socket.
    private let path: String
    private var conversations: [Conversation] = []

    init(_ listener: StepListener, agent path: String) {
        self.listener = listener
        self.path = path
    }

    /// What to wait for.
    var entries: [PollEntry] { [PollEntry(listener.number, .readable)] + conversations.flatMap(\.entries) }

    /// Does what can be done without waiting. An agent that can't be reached is one that hangs up.
    func serve() {
        while let client = try? listener.accept() {
            guard let agent = try? connect() else { continue }
            conversations.append(Conversation(client, agent))
        }
        for conversation in conversations { conversation.serve() }
        conversations.removeAll(where: \.isOver)
    }

    private func connect() throws(SystemCallError) -> FileDescriptor {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = try FileDescriptor.directory(slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".")
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        let socket = try UnixSocket.connect(.stream, to: name, in: directory)
        try socket.setNonBlocking(true)
        return socket
    }
}

/// One connection, both ways.
private final class Conversation {
    private let client: FileDescriptor
    private let agent: FileDescriptor
    private var toAgent: [UInt8] = []
    private var toClient: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)
    private(set) var isOver = false

    init(_ client: consuming FileDescriptor, _ agent: consuming FileDescriptor) {
        self.client = client
        self.agent = agent
    }

    var entries: [PollEntry] {
        [
            PollEntry(client.number, Self.interest(reading: toAgent, writing: toClient)),
            PollEntry(agent.number, Self.interest(reading: toClient, writing: toAgent)),
        ]
    }

    private static func interest(reading: [UInt8], writing: [UInt8]) -> PollEntry.Interest {
        var interest: PollEntry.Interest = []
        if reading.isEmpty { interest.insert(.readable) }
        if !writing.isEmpty { interest.insert(.writable) }
        return interest
    }

    func serve() {
        Self.carry(from: client, &toAgent, to: agent, &buffer, &isOver)
        Self.carry(from: agent, &toClient, to: client, &buffer, &isOver)
    }

    /// What was read is passed on before more is read. The agent's protocol is one question and one answer: when one side hangs up,
    /// nothing is on its way.
    private static func carry(
        from source: borrowing FileDescriptor, _ pending: inout [UInt8], to destination: borrowing FileDescriptor,
        _ buffer: inout [UInt8], _ isOver: inout Bool
    ) {
        if pending.isEmpty, let count = StandardDescriptor.read(source.number, into: &buffer) {
            if count == 0 { isOver = true }
            pending += buffer[..<count]
        }
        guard !pending.isEmpty else { return }
        do throws(SystemCallError) { pending.removeFirst(try destination.send(pending[...])) } catch {
            if error.errno != .wouldBlock { isOver = true }
        }
    }
}
