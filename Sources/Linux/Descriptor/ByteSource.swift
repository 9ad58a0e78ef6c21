/// A stream of bytes that is read from, a buffer at a time: a file, a download, a decoder in front of one.
public protocol ByteSource: AnyObject {
    /// Writes the stream's next bytes to the start of `buffer`, waiting for at least one.
    ///
    /// - Returns: How many; at most the buffer's count. 0 is the end of the stream, also on every later call.
    func read(into buffer: inout [UInt8]) throws -> Int
}

extension ByteSource {
    /// Reads to the stream's end and hands on what comes, a buffer at a time.
    public func forEachBuffer(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = try read(into: &buffer)
            guard count > 0 else { return }
            try body(buffer[..<count])
        }
    }
}

/// A file, pipe or socket as a stream.
public final class FileSource: ByteSource {
    private let file: FileDescriptor

    /// Reads from the file's offset on and closes it when this value goes.
    public init(_ file: consuming FileDescriptor) { self.file = file }

    public func read(into buffer: inout [UInt8]) throws -> Int { try file.read(into: &buffer) }
}

/// Bytes in memory as a stream.
public final class MemorySource: ByteSource {
    private let bytes: [UInt8]
    private let chunkSize: Int
    private var position = 0

    /// - Parameter chunkSize: The most that one read gives, in bytes.
    public init(_ bytes: [UInt8], chunkSize: Int = .max) {
        self.bytes = bytes
        self.chunkSize = chunkSize
    }

    public func read(into buffer: inout [UInt8]) throws -> Int {
        let count = min(buffer.count, bytes.count - position, chunkSize)
        buffer.replaceSubrange(..<count, with: bytes[position..<position + count])
        position += count
        return count
    }
}

/// Where a stream of bytes goes to.
public protocol ByteSink: AnyObject {
    /// Takes all of `bytes`.
    func write(_ bytes: Span<UInt8>) throws
}

/// A file, pipe or socket that a stream is written to.
public final class FileSink: ByteSink {
    private let file: FileDescriptor

    /// Writes at the file's offset and closes it when this value goes.
    public init(_ file: consuming FileDescriptor) { self.file = file }

    public func write(_ bytes: Span<UInt8>) throws { try file.writeAll(bytes) }
}

/// A stream that is kept in memory.
public final class MemorySink: ByteSink {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public func write(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { self.bytes.append(contentsOf: $0) }
    }
}

/// Gathers small writes into big ones for another sink.
public final class BufferedSink: ByteSink {
    private let sink: any ByteSink
    private let capacity: Int
    private var buffer: [UInt8] = []

    /// - Parameter capacity: In bytes; a longer piece is passed on as it is.
    public init(_ sink: any ByteSink, capacity: Int = 256 << 10) {
        self.sink = sink
        self.capacity = capacity
        buffer.reserveCapacity(capacity)
    }

    public func write(_ bytes: Span<UInt8>) throws {
        if buffer.count + bytes.count > capacity { try flush() }
        guard bytes.count < capacity else { return try sink.write(bytes) }
        bytes.withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
    }

    /// Passes on what is gathered. Without it, the last of it never comes.
    public func flush() throws {
        guard !buffer.isEmpty else { return }
        // A span is of a value that nobody else can change meanwhile.
        var gathered: [UInt8] = []
        swap(&gathered, &buffer)
        try sink.write(gathered.span)
        gathered.removeAll(keepingCapacity: true)
        swap(&gathered, &buffer)
    }
}
