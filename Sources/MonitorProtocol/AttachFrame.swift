import OCI

/// A frame of the stream between a monitor and an attached client: 1 byte type, 3 zero bytes, 4 bytes length (big-endian),
/// payload. Types 0 to 2 are Docker's.
public struct AttachFrame: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable {
        /// To the monitor: bytes for stdin.
        case stdin = 0
        /// To the client. A terminal's output is all of this kind.
        case stdout = 1
        case stderr = 2
        /// To the client, the last one, after all output: a ``ContainerExit``.
        case end = 4
        /// To the monitor: stdin ends. Empty.
        case stdinEnd = 5
        /// To the monitor: rows, columns, 2 bytes each, big-endian.
        case resize = 6
        /// To the monitor, the first one: an ``AttachRequest``.
        case request = 7
        /// To the monitor: 1 byte, a signal for the container's first process, and, where the container is meant to end by it
        /// and not to be started again, a second one that is 1. Answered by 1 byte, the errno or 0.
        case signal = 8
        /// To the monitor: a ``RestartPolicy``, from now on. Answered by 1 byte, the errno or 0.
        case policy = 9
    }

    public var kind: Kind
    public var payload: [UInt8]

    public init(_ kind: Kind, _ payload: [UInt8] = []) {
        self.kind = kind
        self.payload = payload
    }

    public static let headerSize = 8
    /// The longest payload that either side sends, in bytes. A longer one is a fault.
    public static let payloadLimit = 16 << 10

    public static func resize(rows: UInt16, columns: UInt16) -> AttachFrame {
        AttachFrame(.resize, [UInt8(rows >> 8), UInt8(rows & 0xFF), UInt8(columns >> 8), UInt8(columns & 0xFF)])
    }

    /// Of a ``Kind/resize`` frame.
    public var size: (rows: UInt16, columns: UInt16)? {
        guard kind == .resize, payload.count == 4 else { return nil }
        return (UInt16(payload[0]) << 8 | UInt16(payload[1]), UInt16(payload[2]) << 8 | UInt16(payload[3]))
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        Self.append(kind, payload[...], to: &bytes)
        return bytes
    }

    /// Appends a frame to a buffer that is kept.
    public static func append(_ kind: Kind, _ payload: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        let length = UInt32(clamping: payload.count)
        bytes.reserveCapacity(bytes.count + headerSize + payload.count)
        bytes.append(kind.rawValue)
        bytes.append(contentsOf: [0, 0, 0])
        for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
        bytes.append(contentsOf: payload)
    }
}

/// What a client wants of a container's streams; with all false it is only told the end.
public struct AttachRequest: Hashable, Sendable {
    public var stdin: Bool
    public var stdout: Bool
    public var stderr: Bool

    public init(stdin: Bool, stdout: Bool, stderr: Bool) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }

    public init(json: JSON) throws(FieldError) {
        self.init(stdin: try json.flag("stdin"), stdout: try json.flag("stdout"), stderr: try json.flag("stderr"))
    }

    public var json: JSON { ["stdin": .bool(stdin), "stdout": .bool(stdout), "stderr": .bool(stderr)] }
}

/// Cuts a stream of bytes into frames. It holds one frame at most.
public struct AttachFrameParser: Sendable {
    /// Bytes that no frame can begin with, or a payload that is too long: the stream is of no more use.
    public struct Fault: Error, Hashable, Sendable { public let reason: String }

    private var buffer: [UInt8] = []
    private var consumed = 0

    public init() {}

    public mutating func append(_ bytes: ArraySlice<UInt8>) {
        if consumed > 0 {
            buffer.removeFirst(consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, nil until more bytes have come.
    public mutating func next() throws(Fault) -> AttachFrame? {
        guard buffer.count - consumed >= AttachFrame.headerSize else { return nil }
        let header = buffer[consumed..<consumed + AttachFrame.headerSize]
        guard let kind = AttachFrame.Kind(rawValue: header[consumed]) else { throw Fault(reason: "unknown type") }
        let length = header[(consumed + 4)...].reduce(0) { $0 << 8 | Int($1) }
        guard length <= AttachFrame.payloadLimit else { throw Fault(reason: "a payload of \(length) bytes") }
        let start = consumed + AttachFrame.headerSize
        guard buffer.count - start >= length else { return nil }
        consumed = start + length
        return AttachFrame(kind, Array(buffer[start..<consumed]))
    }
}
