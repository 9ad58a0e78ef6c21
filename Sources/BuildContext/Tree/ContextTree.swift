import Glibc
import Linux

/// The directory that an instruction's sources are in: a build's context, or the root of a stage or an image.
///
/// Whatever a source is called and whatever symlinks are there, nothing outside of the directory is looked at, also while
/// somebody changes it (threat: context escape, CVE-2022-4122): a symlink is followed by reading it, and each directory is
/// opened beneath the root with no symlink on the way.
public final class ContextTree: Sendable {
    let root: FileDescriptor
    /// What isn't there as far as instructions are concerned.
    public let ignored: PatternList

    /// Takes over an open directory.
    public init(root: consuming FileDescriptor, ignoring ignored: PatternList = PatternList()) {
        self.root = root
        self.ignored = ignored
    }

    /// Reads the ignore file of a context: `<Dockerfile>.dockerignore` where it is there, else `.dockerignore`; without
    /// either, nothing is ignored.
    ///
    /// - Parameter dockerfile: Below the root; nil where it comes from elsewhere.
    public static func ignorePatterns(
        in root: borrowing FileDescriptor, dockerfile: PathBytes?
    ) throws(ContextError) -> PatternList {
        var names: [PathBytes] = [".dockerignore"]
        if let dockerfile { names.insert(PathBytes(known: dockerfile.bytes + Array(".dockerignore".utf8)), at: 0) }
        for name in names {
            guard let bytes = try contents(of: name, in: root) else { continue }
            do throws(PatternError) { return try PatternList(ignoreFile: bytes) } catch { throw .invalidPattern(error) }
        }
        return PatternList()
    }

    /// Reads a file below the root, symlinks followed inside of it, ignored or not: a Dockerfile. Nil where there is none.
    ///
    /// - Throws: `EFBIG` for more than 16 MiB, `EISDIR` for a directory, `EINVAL` for a device, FIFO or socket.
    public static func contents(
        of path: PathBytes, in root: borrowing FileDescriptor
    ) throws(ContextError) -> [UInt8]? {
        do throws(SystemCallError) {
            // Looked at before it is opened: an archive may hold a device, and some do things when they are opened (a watchdog
            // begins to count); a FIFO with nobody at its other end must not be waited for.
            let place = try FileDescriptor.open(
                PathBytes(joining: path.componentsBelowRoot), in: root, .inRoot, flags: FileDescriptor.pathOnly)
            let kind = try place.status().kind
            guard kind == .regular else {
                throw SystemCallError(
                    "openat2", on: path.description, kind == .directory ? .isDirectory : .invalidArgument)
            }
            return try FileDescriptor.open(place.procPath).readAll(limit: 16 << 20)
        } catch {
            guard [.noSuchFile, .notDirectory].contains(error.errno) else { throw .unreadable(path, error) }
            return nil
        }
    }

    /// The same in this tree.
    public func contents(of path: PathBytes) throws(ContextError) -> [UInt8]? { try Self.contents(of: path, in: root) }

    /// Whether the ignore file hides a path below the root, itself or by a parent.
    public func isIgnored(_ path: PathBytes) -> Bool { ignored.matches(path) }
}

extension ContextTree {
    /// Something in the tree, by a path without symlinks.
    struct Place: Sendable {
        var components: [PathBytes]
        var status: FileStatus
    }

    enum Resolution {
        case found(Place)
        case missing
        /// A symlink on the way is ignored.
        case ignored
        case tooManyLinks
    }

    /// Follows every symlink of a path, the last one too; absolute ones begin at the root, and `..` stops there.
    func resolve(_ path: [PathBytes]) throws(ContextError) -> Resolution {
        var pending = Array(path.reversed())
        var resolved: [PathBytes] = []
        var linkCount = 0
        while let name = pending.popLast() {
            if name == ".." {
                _ = resolved.popLast()
                continue
            }
            guard let (status, link) = try look(at: name, in: resolved) else { return .missing }
            guard let target = link else {
                // A file has nothing below it. `..` behind one would be an error to the kernel, too.
                guard pending.isEmpty || status.kind == .directory else { return .missing }
                resolved.append(name)
                continue
            }
            if isIgnored(PathBytes(joining: resolved + [name])) { return .ignored }
            linkCount += 1
            // The kernel's own limit (path_resolution(7)).
            guard linkCount <= 40 else { return .tooManyLinks }
            if target.bytes.first == UInt8(ascii: "/") { resolved = [] }
            pending += target.bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
                .map { PathBytes(known: Array($0)) }.reversed()
        }
        guard let status = try status(of: resolved) else { return .missing }
        return .found(Place(components: resolved, status: status))
    }

    /// A name in a directory, and what it says if it is a symlink; nil where there is none.
    func look(
        at name: PathBytes, in directory: [PathBytes]
    ) throws(ContextError) -> (status: FileStatus, target: PathBytes?)? {
        do throws(SystemCallError) {
            let parent = try open(directory, flags: FileDescriptor.pathOnly | O_DIRECTORY)
            let status = try parent.status(of: name)
            let target = try status.kind == .symlink ? parent.symlinkTarget(of: name) : nil
            return (status, target)
        } catch {
            guard error.isOfAbsence else { throw .unreadable(PathBytes(joining: directory + [name]), error) }
            return nil
        }
    }

    private func status(of path: [PathBytes]) throws(ContextError) -> FileStatus? {
        do throws(SystemCallError) {
            return try open(path, flags: FileDescriptor.pathOnly | O_NOFOLLOW).status()
        } catch {
            guard error.isOfAbsence else { throw .unreadable(PathBytes(joining: path), error) }
            return nil
        }
    }

    /// Opens a resolved path; one that has come to have a symlink on its way is an error.
    func open(_ components: [PathBytes], flags: CInt) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open(PathBytes(joining: components), in: root, .beneathWithoutSymlinks, flags: flags)
    }
}

extension SystemCallError {
    /// Whether there is nothing of that name, also as a parent is no directory, or none any more.
    var isOfAbsence: Bool { [.noSuchFile, .notDirectory, .symlinkLoop].contains(errno) }
}
