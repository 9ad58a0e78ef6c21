import Archive
import Glibc
import Linux

/// How `cp` copies.
public struct CopyOptions: Sendable {
    /// A source that is a symlink is what it leads to.
    public var followsLink = false
    /// With the owners that the files have, and with what their owner can do only (set-id bits, capabilities, devices).
    public var keepsOwners = false

    public init() {}
}

/// What a copy came to.
public struct CopiedFiles: Sendable {
    /// Of the tar stream between the two ends, in bytes: what Docker tells, too.
    public var streamBytes: Int64
    /// As it was found, with symlinks followed.
    public var destination: String
}

/// The half of a copy that a copy of this process does. Its failure comes back as text.
struct CopyProcess: ~Copyable {
    private let child: ChildProcess
    private let answer: FileDescriptor

    /// Only for a process with one thread.
    init(_ body: () throws -> Void) throws(SystemCallError) {
        let pipe = try Pipe()
        child = try ChildProcess.fork {
            do {
                try body()
                return 0
            } catch {
                // Who doesn't read it any more has failed, too.
                try? pipe.writing.writeAll("\(error)")
                return 1
            }
        }
        answer = pipe.keepingReading()
    }

    /// Waits for its end. Nil if it did what it was to do; empty if it didn't come to say why.
    borrowing func failure() throws(SystemCallError) -> String? {
        let text = try answer.readAll(limit: 1 << 20)
        let status = try child.wait()
        return status == .exited(code: 0) ? nil : String(decoding: text, as: UTF8.self)
    }

    /// Takes a descriptor for its own in the process that this is called in: a copy of this one, whose end closes it.
    static func take(_ number: CInt) -> FileDescriptor { FileDescriptor(adopting: number) }
}

/// Counts what passes.
final class CountingSource: ByteSource {
    private let source: any ByteSource
    private(set) var byteCount: Int64 = 0

    init(_ source: any ByteSource) { self.source = source }

    func read(into buffer: inout [UInt8]) throws -> Int {
        let count = try source.read(into: &buffer)
        byteCount += Int64(count)
        return count
    }
}

/// Counts what passes.
final class CountingSink: ByteSink {
    private let sink: any ByteSink
    private(set) var byteCount: Int64 = 0

    init(_ sink: any ByteSink) { self.sink = sink }

    func write(_ bytes: Span<UInt8>) throws {
        byteCount += Int64(bytes.count)
        try sink.write(bytes)
    }
}

extension ExtractionRules {
    /// What is copied is no layer, and takes no other kind's place, as with Docker.
    static var copy: ExtractionRules {
        var rules = ExtractionRules()
        rules.readsWhiteouts = false
        rules.replacesOtherKinds = false
        return rules
    }
}

extension ExtractionLimits {
    /// A copy is as big as its source; how deep and how long its paths may be stays.
    static var copy: ExtractionLimits { ExtractionLimits(totalInBytes: .max, entries: .max) }
}
