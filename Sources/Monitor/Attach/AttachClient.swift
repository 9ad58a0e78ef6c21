import Linux
import MonitorProtocol
import OCI

/// One attached client: what it wants, and what it hasn't taken yet.
final class AttachClient {
    let socket: FileDescriptor
    let token: UInt64
    /// Who started the container in the foreground: it is waited for, however slow it is.
    let isForeground: Bool
    private(set) var request: AttachRequest?
    private(set) var outbound: [UInt8] = []
    private var parser = AttachFrameParser()
    /// Since when something is left for it to take, in nanoseconds of the monotonic clock. Not since it took the last byte: one that
    /// takes a few now and then would stop the container for good.
    private(set) var stalledSince: UInt64?
    private(set) var isGone = false
    private var hasEnd = false
    /// What the queue was told to watch for.
    var interest: EventQueue.Interest = .readable

    init(_ socket: consuming FileDescriptor, token: UInt64, isForeground: Bool) {
        self.socket = socket
        self.token = token
        self.isForeground = isForeground
    }

    /// Sends the last frame, once: what comes after it is of another run, and not this client's.
    func end(_ payload: ArraySlice<UInt8>) {
        guard !hasEnd else { return }
        send(.end, payload)
        hasEnd = true
    }

    func wants(_ stream: LogStream) -> Bool {
        guard !hasEnd else { return false }
        return switch stream {
        case .stdout: request?.stdout == true
        case .stderr: request?.stderr == true
        }
    }

    func send(_ kind: AttachFrame.Kind, _ payload: ArraySlice<UInt8>) {
        guard !isGone else { return }
        AttachFrame.append(kind, payload, to: &outbound)
        flush()
    }

    func flush() {
        guard !isGone, !outbound.isEmpty else { return }
        do throws(SystemCallError) {
            while !outbound.isEmpty {
                let count = try socket.send(outbound[...])
                outbound.removeFirst(count)
            }
            stalledSince = nil
        } catch {
            if error.errno == .wouldBlock {
                stalledSince = stalledSince ?? Timings.monotonicNanoseconds()
            } else {
                leave()
            }
        }
    }

    /// Reads once what it sent; nothing if it is gone.
    func receive(into buffer: inout [UInt8]) -> [AttachFrame] {
        do throws(SystemCallError) {
            let count = try socket.read(into: &buffer)
            guard count > 0 else {
                leave()
                return []
            }
            parser.append(buffer[..<count])
        } catch {
            if error.errno != .wouldBlock { leave() }
            return []
        }
        var frames: [AttachFrame] = []
        do throws(AttachFrameParser.Fault) {
            while let frame = try parser.next() { frames.append(frame) }
        } catch { leave() }  // no client of ours: nothing it sends can be trusted to be understood
        return frames
    }

    func accept(_ request: AttachRequest) { self.request = request }

    func leave() {
        isGone = true
        outbound = []
    }
}
