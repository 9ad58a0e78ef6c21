import Glibc
import Linux

/// A person's standard output and error, with what they haven't taken yet.
struct RelayOutput: ~Copyable {
    private var output: RelaySink
    private var error: RelaySink

    init(output: CInt?, error: CInt?) {
        self.output = RelaySink(output)
        self.error = RelaySink(error)
    }

    /// Whether more may be added: a slow reader holds up the container, not our memory.
    var hasRoom: Bool { output.pending.count < 64 << 10 && error.pending.count < 64 << 10 }
    var isEmpty: Bool { output.pending.isEmpty && error.pending.isEmpty }
    /// Standard output has no reader any more. Without a reader of standard error, only that is dropped.
    var isBroken: Bool { output.isBroken }

    var entries: [PollEntry] {
        [
            PollEntry(output.pending.isEmpty ? -1 : output.number, .writable),
            PollEntry(error.pending.isEmpty ? -1 : error.number, .writable),
        ]
    }

    mutating func append(_ bytes: ArraySlice<UInt8>, toError: Bool) {
        if toError { error.append(bytes) } else { output.append(bytes) }
    }

    mutating func flush() {
        output.flush()
        error.flush()
    }
}

/// One stream that is written to without ever blocking, where that can be had.
private struct RelaySink: ~Copyable {
    private(set) var pending: [UInt8] = []
    private(set) var isBroken = false
    /// Negative for a stream that isn't attached: what comes for it is dropped.
    let number: CInt
    /// A pipe or terminal opened once more, so that O_NONBLOCK is ours alone: set on the shared open file, it would
    /// surprise the shell and every other program that writes there.
    private let own: FileDescriptor?
    private let writing: CInt

    init(_ number: CInt?) {
        let number = number ?? -1
        let own = number >= 0 ? StandardDescriptor.reopenWithoutBlocking(number) : nil
        writing = own.number >= 0 ? own.number : number
        self.own = own
        self.number = number
    }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        if number >= 0, !isBroken { pending.append(contentsOf: bytes) }
    }

    mutating func flush() {
        var written = 0
        while written < pending.count {
            do throws(SystemCallError) {
                written += try StandardDescriptor.write(pending[written...], to: writing)
            } catch {
                if error.errno == .wouldBlock {
                    pending.removeFirst(written)
                    return
                }
                // EPIPE, EIO of a terminal that is gone, ENOSPC, EBADF: nothing more can be written there.
                isBroken = true
                written = pending.count
            }
        }
        pending.removeAll(keepingCapacity: true)
    }
}
