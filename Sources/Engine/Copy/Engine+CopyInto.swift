import Archive
import Glibc
import Linux
import Metadata

// From the host into a container. The host's side reads what its user named; the container's side is a copy of this process that
// may do what the container's root may, and makes what comes beneath the destination.
extension Engine {
    /// Copies a file, or a directory with what is in it, into a container.
    public func copy(
        _ local: String, to path: String, of name: String, _ options: CopyOptions
    ) throws(EngineError) -> CopiedFiles {
        let source = try LocalFiles.path(local)
        let found = try LocalFiles.source(source, isFollowed: options.followsLink)
        let isDirectory = try explaining("copy \(local)") { () throws(SystemCallError) in try found.status().kind == .directory }
        let files = try files(of: name)
        let target = try CopyTarget(of: source, isDirectory: isDirectory, to: CopyPath(Array(path.utf8))) { path throws(EngineError) in
            try files.look(path)
        }
        try files.requireFile(target.destination, path, name)
        let action = "copy \(local) into container \(files.record.name)"
        let directory = try files.writableDirectory(target.directory, name)
        let count = try send(into: directory, of: files, action) { sink in
            var rules = PackingRules(.files, owner: options.keepsOwners ? .asFound : .fixed(userID: 0, groupID: 0))
            rules.crossesMounts = true
            let packer = TreePacker(sink, rules)
            if let name = target.name { try packer.pack(found, as: name) } else { try packer.packContents(of: found) }
            _ = try packer.finish()
        }
        note("extract-to-dir", of: files.record.id)
        return CopiedFiles(streamBytes: count, destination: target.destination.whole.description)
    }

    /// Unpacks a tar stream into a directory of a container, with the owners that it has.
    ///
    /// - Parameter number: Of a descriptor that is read to its end: standard input.
    public func extract(_ number: CInt, to path: String, of name: String) throws(EngineError) {
        let files = try files(of: name)
        let destination = CopyPath(Array(path.utf8))
        guard let found = try files.find(destination.whole, isFollowed: true),
            try explaining("copy to \(path)", { () throws(SystemCallError) in try found.status().kind == .directory })
        else { throw EngineError(.invalidArgument, "destination \"\(name):\(path)\" must be a directory") }
        let directory = try files.writableDirectory(destination.whole, name)
        let action = "unpack the archive into container \(files.record.name)"
        let unpacker = try explaining(action) { () throws(SystemCallError) in
            try CopyProcess { try files.unpack(FileSource(CopyProcess.take(number)), into: directory) }
        }
        if let text = try explaining(action, { () throws(SystemCallError) in try unpacker.failure() }) {
            throw EngineError(.system, cannot: action, because: Self.explained(text))
        }
        note("extract-to-dir", of: files.record.id)
    }

    /// Packs what a copy of this process unpacks.
    private func send(
        into directory: borrowing FileDescriptor, of files: ContainerRoot, _ action: String,
        _ pack: (any ByteSink) throws -> Void
    ) throws(EngineError) -> Int64 {
        // The copy's failure is the one to tell, and not that it reads no more.
        SignalAction.ignore([SIGPIPE])
        let stream = try explaining(action) { () throws(SystemCallError) in try Pipe() }
        let unpacker = try explaining(action) { () throws(SystemCallError) in
            try CopyProcess {
                _ = CopyProcess.take(stream.writing.number)
                try files.unpack(FileSource(CopyProcess.take(stream.reading.number)), into: directory)
            }
        }
        var sink: CountingSink? = CountingSink(FileSink(stream.keepingWriting()))
        var failure: (any Error)?
        do {
            if let sink { try pack(sink) }
        } catch { failure = error }
        let count = sink?.byteCount ?? 0
        // The stream's end, for who reads it.
        sink = nil
        let text = try explaining(action) { () throws(SystemCallError) in try unpacker.failure() }
        // A source that can't be read leaves a stream that ends too early.
        if let failure, (failure as? SystemCallError)?.errno != .brokenPipe { throw EngineError(packing: failure, cannot: action) }
        if let text { throw EngineError(.system, cannot: action, because: Self.explained(text)) }
        return count
    }

    private static func explained(_ text: String) -> String {
        text.isEmpty ? "the process that writes the files was killed" : text
    }
}

extension ContainerRoot {
    fileprivate func look(_ path: CopyPath) throws(EngineError) -> CopyEnd {
        guard let found = try find(path.whole, isFollowed: false) else { return .nothing }
        return try explaining("look at \(path.whole)") { () throws(SystemCallError) in try CopyEnd(found) }
    }

    fileprivate func requireFile(_ path: CopyPath, _ text: String, _ name: String) throws(EngineError) {
        guard case .device = try look(path) else { return }
        throw EngineError(
            .invalidArgument, "destination \"\(name):\(text)\" must be a directory or a regular file: got a device")
    }

    /// A directory to unpack into. Docker's words for what is not there, or can't be written to.
    fileprivate func writableDirectory(_ path: PathBytes, _ name: String) throws(EngineError) -> FileDescriptor {
        var refusal: String?
        do throws(SystemCallError) {
            let opened = try FileDescriptor.open(path, in: directory, flags: O_RDONLY | O_DIRECTORY)
            refusal = try self.refusal(of: opened)
            if refusal == nil { return opened }
        } catch {
            guard error.errno == .noSuchFile || error.errno == .notDirectory else {
                throw EngineError(.system, cannot: "open \(path) in container \(record.name)", because: "\(error)", cause: error)
            }
            throw EngineError(.notFound, "Could not find the file \(path) in container \(name)")
        }
        throw EngineError(.invalidArgument, refusal ?? "")
    }

    /// Why nothing can be written into a directory, if so.
    private func refusal(of opened: borrowing FileDescriptor) throws(SystemCallError) -> String? {
        guard try opened.isOnReadOnlyMount() else { return nil }
        let isRoot = try opened.status().device == directory.status().device
        return isRoot ? "container rootfs is marked read-only" : "mounted volume is marked read-only"
    }

    /// Unpacks a stream, in a copy of this process.
    fileprivate func unpack(_ source: any ByteSource, into directory: borrowing FileDescriptor) throws {
        let target = try directory.duplicate()
        try enter { _ = try LayerUnpacker.unpack(source, into: target, rules: .copy, limits: .copy) }
    }
}
