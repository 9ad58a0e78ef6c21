import Glibc
import Linux
import MonitorProtocol
import OCI

extension AttachConnection {
    /// Relays between a person's streams and the container's until one side is done.
    ///
    /// Output is written before this returns, and a terminal has its former settings again. `signals` comes from
    /// ``RelaySignals/block()``.
    public consuming func relay(
        _ options: RelayOptions, signals: consuming SignalDescriptor
    ) throws(RuntimeClientError) -> RelayEnd {
        var peer = try AttachPeer(self)
        return try Relay(options, signals: signals).run(&peer)
    }
}

/// A monitor as the other side of a relay.
struct AttachPeer: RelayPeer, ~Copyable {
    private var reader: AttachReader
    private var outbound: [UInt8] = []
    private(set) var end: RelayEnd?

    init(_ connection: consuming AttachConnection) throws(RuntimeClientError) { reader = try AttachReader(connection) }

    var acceptsInput: Bool { end == nil && outbound.count < 64 << 10 }

    var hasSentAll: Bool { outbound.isEmpty }

    func entries(acceptingOutput: Bool) -> [PollEntry] {
        var interest: PollEntry.Interest = []
        if acceptingOutput, end == nil { interest.insert(.readable) }
        if !outbound.isEmpty { interest.insert(.writable) }
        // Without interest it is left out: poll tells a hang-up unasked, and would spin while output waits.
        return [PollEntry(interest.isEmpty ? -1 : reader.number, interest)]
    }

    mutating func serve(_ entries: ArraySlice<PollEntry>, output: inout RelayOutput) throws(RuntimeClientError) {
        flush()
        guard let entry = entries.first, entry.interest.contains(.readable),
            !entry.ready.isDisjoint(with: [.readable, .hangUp, .failed])
        else { return }
        var end: RelayEnd?
        try reader.read { piece in
            switch piece {
            case .output(let bytes, let isError): output.append(bytes[...], toError: isError)
            // An end that can't be read is an end all the same; state.json has it too.
            case .end(let exit): end = exit.map(RelayEnd.exited) ?? .monitorLost
            }
        }
        self.end = self.end ?? end
    }

    private mutating func flush() {
        guard !outbound.isEmpty else { return }
        do throws(SystemCallError) {
            outbound.removeFirst(try reader.connection.socket.send(outbound[...]))
        } catch {
            // A monitor that is gone is noticed by the end of its stream, after the output that it still sent.
            if error.errno != .wouldBlock { outbound.removeAll() }
        }
    }

    mutating func send(_ input: ArraySlice<UInt8>) {
        AttachFrame.append(.stdin, input, to: &outbound)
        flush()
    }

    mutating func endInput() {
        AttachFrame.append(.stdinEnd, [], to: &outbound)
        flush()
    }

    mutating func resize(_ size: WindowSize) {
        outbound.append(contentsOf: AttachFrame.resize(rows: size.rows, columns: size.columns).bytes)
        flush()
    }
}
