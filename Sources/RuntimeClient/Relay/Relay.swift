import Glibc
import Linux
import MonitorProtocol

/// How a relay between a person's streams and a container's ended.
public enum RelayEnd: Hashable, Sendable {
    /// The container, or the program in it, ended; all its output has been written.
    case exited(ContainerExit)
    /// The detach keys were typed.
    case detached
    /// Nobody reads standard output any more (EPIPE). The container runs on.
    case outputClosed
    /// A signal came that nobody forwards. The container runs on.
    case interrupted(signal: CInt)
    /// The monitor ended before the container.
    case monitorLost
}

/// What a relay connects: which descriptors are the person's, and how keys and signals are treated.
public struct RelayOptions {
    /// Nil for a stream that isn't attached.
    public var input: CInt? = StandardDescriptor.input
    public var output: CInt? = StandardDescriptor.output
    public var error: CInt? = StandardDescriptor.error
    /// Whether the container's program has a terminal: then ours is put into raw mode meanwhile, and its size is passed on.
    public var terminal = false
    /// Looked for only with a terminal, as Docker does.
    public var detachKeys: DetachKeys? = .standard
    /// Takes a signal that came to us, SIGINT say, to the container. Nil, or an answer of false, ends the relay with it.
    public var forwardSignal: ((CInt) -> Bool)?
    /// Told of each size that is passed on.
    public var onResize: ((WindowSize) -> Void)?
    /// Ends the relay, as if the detach keys were typed, once all of the input has gone to the container: for who has no
    /// output to wait for.
    public var endsWithInput = false

    public init() {}
}

/// What a relay talks to: a monitor, or a program started by `exec`.
protocol RelayPeer: ~Copyable {
    /// What it waits for now. Output is only asked for while there is room for it.
    func entries(acceptingOutput: Bool) -> [PollEntry]
    /// Does what those entries are ready for, in the same order; puts what came into `output`.
    mutating func serve(_ entries: ArraySlice<PollEntry>, output: inout RelayOutput) throws(RuntimeClientError)
    /// Set once no more output will come.
    var end: RelayEnd? { get }
    /// Whether there is room for input.
    var acceptsInput: Bool { get }
    /// Whether all that was sent has left this process.
    var hasSentAll: Bool { get }
    mutating func send(_ input: ArraySlice<UInt8>)
    mutating func endInput()
    mutating func resize(_ size: WindowSize)
}

/// The loop: one thread, no buffer that grows with the stream, and neither side can block the other.
struct Relay: ~Copyable {
    private let options: RelayOptions
    private let signals: SignalDescriptor
    private var output: RelayOutput
    private var matcher: DetachKeyMatcher?
    private var isInputOpen: Bool
    private var buffer = [UInt8](repeating: 0, count: AttachFrame.payloadLimit)

    init(_ options: RelayOptions, signals: consuming SignalDescriptor) {
        self.options = options
        self.signals = signals
        output = RelayOutput(output: options.output, error: options.error)
        isInputOpen = options.input != nil
        if options.terminal, let keys = options.detachKeys { matcher = DetachKeyMatcher(keys) }
        // A reader that goes away is an answer to write(2) here, not the end of this process.
        SignalAction.ignore([SIGPIPE])
    }

    consuming func run(_ peer: inout some RelayPeer & ~Copyable) throws(RuntimeClientError) -> RelayEnd {
        let rawMode = try enterRawMode()
        let end = try loop(&peer)
        _ = consume rawMode  // not before the last output: newlines would be translated twice
        return end
    }

    private mutating func loop(_ peer: inout some RelayPeer & ~Copyable) throws(RuntimeClientError) -> RelayEnd {
        if options.terminal { passSize(to: &peer) }
        if !isInputOpen { peer.endInput() }
        if options.endsWithInput, !isInputOpen, peer.hasSentAll { return .detached }
        while true {
            var entries = [
                PollEntry(signals.descriptor.number, .readable),
                PollEntry(isInputOpen && peer.acceptsInput ? options.input ?? -1 : -1, .readable),
            ]
            entries += output.entries
            let first = entries.count
            entries += peer.entries(acceptingOutput: output.hasRoom)
            do throws(SystemCallError) { try PollEntry.wait(&entries) } catch { throw .system(error) }

            if let end = try takeSignals(&peer) { return end }
            if !entries[1].ready.isEmpty, takeInput(&peer) { return .detached }
            try peer.serve(entries[first...], output: &output)
            output.flush()
            if output.isBroken { return .outputClosed }
            if let end = peer.end, output.isEmpty { return end }
            if options.endsWithInput, !isInputOpen, peer.hasSentAll { return .detached }
        }
    }

    /// Only a terminal that is typed at is made raw: with input from a file, Ctrl-C keeps its meaning.
    private borrowing func enterRawMode() throws(RuntimeClientError) -> RawMode? {
        guard options.terminal, let input = options.input, RawMode.isTerminal(input) else { return nil }
        do throws(SystemCallError) { return try RawMode(input) } catch { throw .system(error) }
    }

    private borrowing func passSize(to peer: inout some RelayPeer & ~Copyable) {
        let terminal = options.output.flatMap(WindowSize.of) ?? options.input.flatMap(WindowSize.of)
        guard let terminal else { return }
        peer.resize(terminal)
        options.onResize?(terminal)
    }

    private borrowing func takeSignals(
        _ peer: inout some RelayPeer & ~Copyable
    ) throws(RuntimeClientError) -> RelayEnd? {
        do throws(SystemCallError) {
            while let signal = try signals.next() {
                if signal == SIGWINCH {
                    if options.terminal { passSize(to: &peer) }
                } else if options.forwardSignal?(signal) != true {
                    return .interrupted(signal: signal)
                }
            }
        } catch { throw .system(error) }
        return nil
    }

    /// Takes what was typed; true if the detach keys were among it.
    private mutating func takeInput(_ peer: inout some RelayPeer & ~Copyable) -> Bool {
        let count = options.input.map { StandardDescriptor.read($0, into: &buffer) } ?? 0
        guard let count else { return false }  // nothing there after all
        guard count > 0 else {
            isInputOpen = false
            peer.endInput()
            return false
        }
        guard var matcher else {
            peer.send(buffer[..<count])
            return false
        }
        let (passed, isDetached) = matcher.filter(buffer[..<count])
        self.matcher = matcher
        if !passed.isEmpty { peer.send(passed[...]) }
        return isDetached
    }
}

/// The signals that a relay takes instead of dying by them. Make it before the container starts: what comes earlier waits.
public enum RelaySignals {
    public static func block() throws(RuntimeClientError) -> SignalDescriptor {
        do throws(SystemCallError) {
            return try SignalDescriptor([SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])
        } catch { throw .system(error) }
    }
}
