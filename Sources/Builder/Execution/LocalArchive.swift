import Archive
import BuildContext
import Glibc
import Linux

/// A file of the context that ADD unpacks: a tar, plain or compressed, whatever it is called.
enum LocalArchive {
    private enum Format {
        case tar
        /// What a child process turns into a tar.
        case compressed(by: String)
    }

    /// The tar stream of a source; nil for any other file. An empty archive is a file, as is a compressed file that holds none.
    ///
    /// - Parameter decoder: The path of `hako-image`.
    static func open(_ selection: Selection, _ index: Int, decoder: String) throws -> (any ByteSource)? {
        let source = selection.sources[index]
        guard source.status.kind == .regular, source.status.size >= 6 else { return nil }
        return try stream(of: try selection.openSource(index), decoder: decoder)
    }

    /// The same of an open file, which is read from its beginning.
    static func stream(of file: consuming FileDescriptor, decoder: String) throws -> (any ByteSource)? {
        let start = try file.read(upTo: 512)
        guard let format = format(of: start) else { return nil }
        try file.seek(to: 0)
        guard case .compressed(let name) = format else { return FileSource(file) }
        let decoded = try DecoderProcess(name, decoder: decoder, input: file)
        let first = try decoded.first(512)
        return TarReader.beginsArchive(first) ? decoded : nil
    }

    private static func format(of start: [UInt8]) -> Format? {
        if TarReader.beginsArchive(start) { return .tar }
        let magics: [([UInt8], String)] = [
            ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), (Array("BZh".utf8), "bzip2"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz"),
        ]
        return magics.first { start.starts(with: $0.0) }.map { .compressed(by: $0.1) }
    }
}

/// What a decoder makes of a file. It is a process of its own, so that this program has no decoders in it.
final class DecoderProcess: ByteSource {
    private let name: String
    private let output: FileDescriptor
    private let errors: FileDescriptor
    private let child: ChildProcess
    private var start: [UInt8] = []
    private var hasEnded = false

    /// - Parameters:
    ///   - name: `gzip`, `zstd`: of Hako's own; `xz`, `bzip2`: of the host's programs.
    ///   - input: From where it stands.
    init(_ name: String, decoder: String, input: borrowing FileDescriptor) throws {
        let isOwn = ["gzip", "zstd"].contains(name)
        guard let path = isOwn ? decoder : HostProgram.path(of: name) else {
            throw BuildError("the archive is compressed by \(name), and this host has no program \(name): install it, or unpack the archive")
        }
        let outputs = try Pipe()
        let errors = try Pipe()
        var spawn = Spawn(path, isOwn ? ["hako-image", "decompress"] : [name, "-dcq"])
        spawn.pass(input, as: StandardDescriptor.input)
        spawn.pass(outputs.writing, as: StandardDescriptor.output)
        spawn.pass(errors.writing, as: StandardDescriptor.error)
        self.name = name
        child = try spawn.start()
        output = outputs.keepingReading()
        self.errors = errors.keepingReading()
    }

    deinit {
        guard !hasEnded else { return }
        // Nobody reads what it still has to say.
        try? child.send(signal: SIGKILL)
        _ = try? child.wait()
    }

    /// The first bytes, which are read again afterwards. Fewer where there are no more, or where the file can't be decoded.
    func first(_ count: Int) throws -> [UInt8] {
        while start.count < count {
            let piece = try output.read(upTo: count - start.count)
            if piece.isEmpty { break }
            start += piece
        }
        return start
    }

    func read(into buffer: inout [UInt8]) throws -> Int {
        guard start.isEmpty else {
            let count = min(start.count, buffer.count)
            buffer.replaceSubrange(..<count, with: start[..<count])
            start.removeFirst(count)
            return count
        }
        guard !hasEnded else { return 0 }
        let count = try output.read(into: &buffer)
        if count == 0 { try finish() }
        return count
    }

    private func finish() throws {
        hasEnded = true
        let status = try child.wait()
        guard status != .exited(code: 0) else { return }
        let said = String(decoding: try errors.readAll(limit: 4096), as: UTF8.self)
        throw BuildError("cannot decode the archive (\(name)): \(said.isEmpty ? "exit code \(status.shellCode)" : said)")
    }
}
