import Archive
import Glibc
import Linux
import Metadata

// From a container to the host. The container's side reads beneath the container's root and opens nothing but files and
// directories; the host's side makes what comes beneath the destination.
extension Engine {
    /// Writes a file, or a directory with what is in it, as a tar stream.
    public func copy(
        _ path: String, of name: String, into sink: any ByteSink, _ options: CopyOptions
    ) throws(EngineError) {
        let files = try files(of: name)
        let source = CopyPath(Array(path.utf8))
        let found = try files.source(source, path, name, options)
        note("archive-path", of: files.record.id)
        do {
            try files.pack(found, source.meansContents ? nil : source.name, into: sink)
        } catch { throw EngineError(packing: error, cannot: "copy \(path) of container \(files.record.name)") }
    }

    /// Copies a file, or a directory with what is in it, to the host.
    public func copy(
        _ path: String, of name: String, to local: String, _ options: CopyOptions
    ) throws(EngineError) -> CopiedFiles {
        let destination = try LocalFiles.path(local)
        try LocalFiles.requireWritable(destination, as: local)
        let files = try files(of: name)
        let source = CopyPath(Array(path.utf8))
        let found = try files.source(source, path, name, options)
        let isDirectory = try explaining("copy \(path)") { () throws(SystemCallError) in try found.status().kind == .directory }
        let target = try CopyTarget(of: source, isDirectory: isDirectory, to: destination) { path throws(EngineError) in
            try LocalFiles.look(path)
        }
        let action = "copy \(path) of container \(files.record.name)"
        let directory = try explaining(action) { () throws(SystemCallError) in try FileDescriptor.directory(target.directory) }
        note("archive-path", of: files.record.id)
        let count = try receive(into: directory, options, action) { sink in try files.pack(found, target.name, into: sink) }
        return CopiedFiles(streamBytes: count, destination: destination.whole.description)
    }

    /// Unpacks what a copy of this process packs.
    private func receive(
        into directory: borrowing FileDescriptor, _ options: CopyOptions, _ action: String,
        _ pack: (any ByteSink) throws -> Void
    ) throws(EngineError) -> Int64 {
        let stream = try explaining(action) { () throws(SystemCallError) in try Pipe() }
        let packer = try explaining(action) { () throws(SystemCallError) in
            try CopyProcess {
                _ = CopyProcess.take(stream.reading.number)
                try pack(FileSink(CopyProcess.take(stream.writing.number)))
            }
        }
        var source: CountingSource? = CountingSource(FileSource(stream.keepingReading()))
        var failure: (any Error)?
        do {
            if let source { try unpack(source, into: directory, options) }
        } catch { failure = error }
        let count = source?.byteCount ?? 0
        // Who still writes has nobody to read it from now on.
        source = nil
        let text = try explaining(action) { () throws(SystemCallError) in try packer.failure() }
        if let text, !text.isEmpty { throw EngineError(.system, cannot: action, because: text) }
        if let failure { throw EngineError(packing: failure, cannot: action) }
        guard text == nil else { throw EngineError(.system, cannot: action, because: "the process that reads the files was killed") }
        return count
    }

    /// What a container has chosen must not give anybody rights on the host: without `-a`, files are the caller's, set no ids and
    /// have no capabilities, and devices are left out.
    private func unpack(_ source: any ByteSource, into directory: borrowing FileDescriptor, _ options: CopyOptions) throws {
        var rules = ExtractionRules.copy
        var deviceCount = 0
        if !options.keepsOwners {
            let (userID, groupID) = (geteuid(), getegid())
            rules.adjust = { entry in
                switch entry.kind {
                case .characterDevice, .blockDevice:
                    deviceCount += 1
                    return false
                default: break
                }
                (entry.userID, entry.groupID) = (userID, groupID)
                entry.mode &= entry.kind == .directory ? 0o1777 : 0o777
                entry.attributes.removeAll { $0.name.bytes.starts(with: "security.".utf8) }
                return true
            }
        }
        _ = try LayerUnpacker.unpack(source, into: directory, rules: rules, limits: .copy)
        if deviceCount > 0 { warnings.append("devices are left out without -a: \(deviceCount)") }
    }
}

extension ContainerRoot {
    /// What is to be copied, opened by O_PATH.
    fileprivate func source(
        _ path: CopyPath, _ text: String, _ name: String, _ options: CopyOptions
    ) throws(EngineError) -> FileDescriptor {
        guard let found = try find(path.whole, isFollowed: options.followsLink || path.assertsDirectory) else {
            throw EngineError(.notFound, "Could not find the file \(text) in container \(name)")
        }
        let isDirectory = try explaining("copy \(text)") { () throws(SystemCallError) in try found.status().kind == .directory }
        guard isDirectory || !path.assertsDirectory else {
            throw EngineError(.invalidArgument, "\(text) in container \(name) is not a directory")
        }
        return found
    }

    /// - Parameter entry: The entry's name; nil for the content of a directory.
    fileprivate func pack(_ file: borrowing FileDescriptor, _ entry: PathBytes?, into sink: any ByteSink) throws {
        var rules = PackingRules(.files, owner: owner)
        rules.crossesMounts = true
        let packer = TreePacker(sink, rules)
        if let entry { try packer.pack(file, as: entry) } else { try packer.packContents(of: file) }
        _ = try packer.finish()
    }
}
