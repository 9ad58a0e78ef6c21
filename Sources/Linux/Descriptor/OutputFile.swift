import Glibc

/// A file that a command writes as a whole or not at all, as Docker's client does.
public enum OutputFile {
    /// A path that no file can be written to; in the words of Docker's client.
    public struct Refusal: Error, CustomStringConvertible {
        public let description: String
    }

    /// Writes it under another name beside it first.
    ///
    /// - Parameter mode: Before the umask.
    public static func write(_ path: String, mode: mode_t = 0o600, _ body: (any ByteSink) throws -> Void) throws {
        try replace(path, mode: mode) { try body(FileSink($0)) }
    }

    /// The same for who writes to a descriptor.
    public static func replace(
        _ path: String, mode: mode_t = 0o600, _ body: (consuming FileDescriptor) throws -> Void
    ) throws {
        try requireWritable(path)
        let temporary = "\(directory(of: path))/.hako_temp_\(RandomID.make().prefix(16))"
        let file = try FileDescriptor.open(temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        do {
            try body(file)
            try FileDescriptor.rename(temporary, to: path)
        } catch {
            // The first error is the one to tell.
            try? FileDescriptor.removeIfThere(temporary)
            throw error
        }
    }

    private static func requireWritable(_ path: String) throws {
        let directory = directory(of: path)
        guard (try? FileDescriptor.status(of: directory)) != nil else {
            throw Refusal(description: "invalid output path: directory \"\(directory)\" does not exist")
        }
        guard let status = try? FileDescriptor.status(of: path) else { return }
        switch status.kind {
        case .characterDevice, .blockDevice:
            throw Refusal(
                description: "invalid output path: \"\(path)\" must be a directory or a regular file: got a device")
        case .directory: throw Refusal(description: "\"\(path)\" is a directory")
        default: return
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Standard output, for bytes that are no text.
public final class StandardOutputSink: ByteSink {
    public init() {}

    public func write(_ bytes: Span<UInt8>) throws {
        let stream = FileDescriptor(adopting: StandardDescriptor.output)
        let failure: SystemCallError?
        do throws(SystemCallError) {
            try stream.writeAll(bytes)
            failure = nil
        } catch { failure = error }
        // It is nobody's to close.
        _ = stream.relinquish()
        if let failure { throw failure }
    }
}
