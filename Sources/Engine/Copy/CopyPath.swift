import Linux

/// A path of `cp` as somebody wrote it: what it ends with says something, too.
///
/// - SeeAlso: <https://docs.docker.com/reference/cli/docker/container/cp/>
struct CopyPath {
    /// Absolute; without `.`, `..`, doubled slashes and a slash at its end.
    let whole: PathBytes
    /// It ends with a slash, or with `/.`: what isn't a directory is not meant.
    let assertsDirectory: Bool
    /// It ends with `/.`, or is the root: what is in the directory is copied, and not the directory with its name.
    let meansContents: Bool

    /// - Parameter directory: What a relative path starts from.
    init(_ text: [UInt8], below directory: [UInt8] = [UInt8(ascii: "/")]) {
        let slash = UInt8(ascii: "/")
        let parts = (text.first == slash ? text : directory + [slash] + text).split(separator: slash)
        var kept: [ArraySlice<UInt8>] = []
        for part in parts where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) { _ = kept.popLast() } else { kept.append(part) }
        }
        // A NUL never comes from a command line.
        whole = PathBytes([slash] + Array(kept.joined(separator: [slash]))) ?? "/"
        let endsWithDot = text.split(separator: slash).last?.elementsEqual(".".utf8) ?? false
        meansContents = kept.isEmpty || endsWithDot
        assertsDirectory = meansContents || text.last == slash
    }

    /// Empty for the root.
    var name: PathBytes {
        let bytes = whole.bytes
        return PathBytes(bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]) ?? ""
    }

    var parent: PathBytes {
        let slash = whole.bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return slash == 0 ? "/" : PathBytes(whole.bytes[..<slash]) ?? "/"
    }
}

/// What is at a path.
enum CopyEnd {
    case nothing, directory, symlink(PathBytes), device, other

    /// - Parameter file: Opened by O_PATH, without following it.
    init(_ file: borrowing FileDescriptor) throws(SystemCallError) {
        switch try file.status().kind {
        case .directory: self = .directory
        case .symlink: self = .symlink(try file.symlinkTarget(of: ""))
        case .characterDevice, .blockDevice: self = .device
        default: self = .other
        }
    }
}

/// Where a copy goes to: a directory, and the name that the copied file has there.
struct CopyTarget {
    let directory: PathBytes
    /// Nil for the content of a directory.
    let name: PathBytes?
    /// The destination, with symlinks followed.
    let destination: CopyPath

    /// What a destination of that kind means for a source, as Docker's clients have it.
    ///
    /// - Parameter look: What is at an absolute path. A symlink is not followed there.
    init(
        of source: CopyPath, isDirectory: Bool, to destination: CopyPath,
        _ look: (CopyPath) throws(EngineError) -> CopyEnd
    ) throws(EngineError) {
        var (path, end) = (destination, try look(destination))
        var linkCount = 0
        while case .symlink(let target) = end {
            linkCount += 1
            guard linkCount <= 40 else {
                throw EngineError(.invalidArgument, "too many symlinks in \(destination.whole)")
            }
            path = CopyPath(target.bytes, below: path.parent.bytes)
            end = try look(path)
        }
        self.destination = path
        switch end {
        case .directory:
            directory = path.whole
            name = source.meansContents ? nil : source.name
        case .nothing where !isDirectory && destination.assertsDirectory:
            throw EngineError(.invalidArgument, "no such directory")
        case .nothing:
            (directory, name) = (path.parent, path.name)
        case .other, .device, .symlink:
            guard !isDirectory else { throw EngineError(.invalidArgument, "cannot copy directory") }
            guard !destination.assertsDirectory else { throw EngineError(.invalidArgument, "no such directory") }
            (directory, name) = (path.parent, path.name)
        }
    }
}
