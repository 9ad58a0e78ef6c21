import Glibc
import Linux
import MonitorProtocol

/// Our ends of what an exec'd program has as its standard streams.
struct ExecStreams: ~Copyable {
    var input: FileDescriptor?
    var output: FileDescriptor?
    var error: FileDescriptor?
    let isTerminal: Bool

    init(input: consuming FileDescriptor?, output: consuming FileDescriptor, error: consuming FileDescriptor) {
        self.input = input
        self.output = consume output
        self.error = consume error
        isTerminal = false
    }

    /// A terminal is both: it is read and written through one descriptor, kept as the output.
    init(terminal: consuming FileDescriptor) {
        input = nil
        output = consume terminal
        error = nil
        isTerminal = true
    }

    func setNonBlocking() throws(SystemCallError) {
        try input?.setNonBlocking(true)
        try output?.setNonBlocking(true)
        try error?.setNonBlocking(true)
    }

    var inputNumber: CInt { isTerminal ? output.number : input.number }
    var outputNumber: CInt { output.number }
    var errorNumber: CInt { error.number }
}

/// An exec'd program as the other side of a relay.
struct ExecPeer: RelayPeer, ~Copyable {
    private let child: ChildProcess
    private var streams: ExecStreams
    private var outbound: [UInt8] = []
    private var isInputEnding = false
    private var buffer = [UInt8](repeating: 0, count: 32 << 10)
    private var status: ExitStatus?
    private(set) var end: RelayEnd?

    init(_ child: consuming ChildProcess, _ streams: consuming ExecStreams) {
        self.child = child
        self.streams = streams
        // Failing leaves them blocking, which is slower and still right: each is only touched when poll says so.
        try? self.streams.setNonBlocking()
    }

    var hasSentAll: Bool { outbound.isEmpty }
    var acceptsInput: Bool { end == nil && outbound.count < 64 << 10 }

    func entries(acceptingOutput: Bool) -> [PollEntry] {
        [
            PollEntry(status == nil ? child.pidfd.number : -1, .readable),
            PollEntry(outbound.isEmpty ? -1 : streams.inputNumber, .writable),
            PollEntry(acceptingOutput ? streams.outputNumber : -1, .readable),
            PollEntry(acceptingOutput ? streams.errorNumber : -1, .readable),
        ]
    }

    mutating func serve(_ entries: ArraySlice<PollEntry>, output: inout RelayOutput) throws(RuntimeClientError) {
        let first = entries.startIndex
        if !entries[first].ready.isEmpty {
            do throws(SystemCallError) { status = try child.statusIfEnded() } catch { throw .system(error) }
        }
        if !entries[first + 1].ready.isEmpty { flush() }
        if !entries[first + 2].ready.isEmpty { _ = readOutput(&output) }
        if !entries[first + 3].ready.isEmpty { _ = readError(&output) }
        if let status { drain(&output, status) }
    }

    /// After the program's end: takes what is there. What its children write later is not waited for, as they may live as
    /// long as the container.
    private mutating func drain(_ output: inout RelayOutput, _ status: ExitStatus) {
        while output.hasRoom, readOutput(&output) {}
        while output.hasRoom, readError(&output) {}
        guard output.hasRoom else { return }  // called again when some of it is written
        end = .exited(ContainerExit(exitCode: status.shellCode, oomKilled: false))
    }

    /// Reads once; false if nothing is there, for now or for good.
    private mutating func readOutput(_ output: inout RelayOutput) -> Bool {
        guard streams.outputNumber >= 0,
            let count = StandardDescriptor.read(streams.outputNumber, into: &buffer)
        else { return false }
        if count == 0 { streams.output = nil }
        output.append(buffer[..<count], toError: false)
        return count > 0
    }

    private mutating func readError(_ output: inout RelayOutput) -> Bool {
        guard streams.errorNumber >= 0, let count = StandardDescriptor.read(streams.errorNumber, into: &buffer)
        else { return false }
        if count == 0 { streams.error = nil }
        output.append(buffer[..<count], toError: true)
        return count > 0
    }

    private mutating func flush() {
        while !outbound.isEmpty, streams.inputNumber >= 0 {
            do throws(SystemCallError) {
                outbound.removeFirst(try StandardDescriptor.write(outbound[...], to: streams.inputNumber))
            } catch {
                if error.errno == .wouldBlock { return }
                outbound.removeAll()  // the program reads no more; what is typed on is dropped, as by a shell's pipe
            }
        }
        if isInputEnding { streams.input = nil }
    }

    mutating func send(_ input: ArraySlice<UInt8>) {
        guard streams.inputNumber >= 0 else { return }
        outbound.append(contentsOf: input)
        flush()
    }

    mutating func endInput() {
        isInputEnding = true
        flush()
    }

    mutating func resize(_ size: WindowSize) {
        // A terminal that is gone has no size; its end is noticed elsewhere.
        if streams.isTerminal { try? streams.output?.setWindowSize(size) }
    }
}
