import Glibc
import Linux

/// The files of an image, to be read. They are mounted in no mount namespace, and gone with this value.
final class ImageTree {
    private let mount: Mount

    /// - Parameter lowers: At least two, the topmost first.
    init(lowers: [String]) throws(SystemCallError) {
        mount = try Self.mount(lowers, userNamespace: nil)
    }

    /// An image's files with their own owners, or as those of a user namespace's root.
    static func mount(
        _ lowers: [String], userNamespace: borrowing FileDescriptor?
    ) throws(SystemCallError) -> Mount {
        try apart { () throws(SystemCallError) in
            try OverlayMount(lowers: lowers, upper: nil, work: nil).mount(userNamespace: userNamespace)
        }
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

    /// Older kernels have to attach an overlay's layers for a moment: not where anybody sees them. This process has one thread.
    private static func apart(_ body: () throws(SystemCallError) -> Mount) throws(SystemCallError) -> Mount {
        let home = try Namespace.current(.mount)
        let here = try FileDescriptor.open(".", flags: FileDescriptor.pathOnly)
        try Namespace.unshare(.mount)
        let mount: Mount
        do throws(SystemCallError) {
            try MountTree.setPropagation(.private)
            mount = try body()
        } catch {
            try comeBack(to: home, here)
            throw error
        }
        try comeBack(to: home, here)
        return mount
    }

    private static func comeBack(
        to home: borrowing FileDescriptor, _ directory: borrowing FileDescriptor
    ) throws(SystemCallError) {
        try Namespace.join(home, .mount)
        try directory.becomeWorkingDirectory()
    }
}
