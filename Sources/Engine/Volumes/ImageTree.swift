import Glibc
import Linux

/// The files of an image, to be read. They are mounted in no mount namespace, and gone with this value.
final class ImageTree {
    private let mount: Mount

    /// - Parameters:
    ///   - lowers: The topmost first; two at least, those above counted.
    ///   - written: What a container has written over them, with the ids of its user namespace.
    ///   - userNamespace: Whose root the image's files are shown as belonging to; nil leaves ids as they are.
    init(
        lowers: [String], below written: String? = nil, userNamespace: borrowing FileDescriptor? = nil
    ) throws(SystemCallError) {
        mount = try Self.mount(lowers, below: written, userNamespace: userNamespace)
    }

    /// An image's files with their own owners, or as those of a user namespace's root.
    static func mount(
        _ lowers: [String], below written: String? = nil, userNamespace: borrowing FileDescriptor?
    ) throws(SystemCallError) -> Mount {
        var overlay = OverlayMount(lowers: lowers, upper: nil, work: nil)
        overlay.written = written
        return try MountNamespaceVisit.apart { () throws(SystemCallError) in try overlay.mount(userNamespace: userNamespace) }
    }

    /// The root directory, to be read.
    func root() throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open(".", in: mount.root, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Where `path` leads in the image, whose symlinks are its own: a directory, or nil where nothing is.
    func directory(_ path: String) throws(EngineError) -> FileDescriptor? {
        do throws(SystemCallError) {
            let found = try FileDescriptor.open(path, in: mount.root, flags: FileDescriptor.pathOnly)
            if try found.status().kind == .directory {
                return try FileDescriptor.open(".", in: found, flags: O_RDONLY | O_DIRECTORY)
            }
        } catch {
            if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
            throw EngineError(.system, cannot: "read \(path) of the image", because: "\(error)", cause: error)
        }
        throw EngineError(.invalidArgument, "cannot mount volume over existing file, file exists \(path)")
    }

    /// What `path` leads to in the image; nil where nothing is.
    func programFile(_ path: String) -> ProgramFile? {
        try? ProgramFile(FileDescriptor.open(path, in: mount.root, flags: FileDescriptor.pathOnly))
    }
}
