import Glibc
import Linux

/// Fills an empty volume with what an image has, as a whole or not at all.
///
/// The copy is made beside the volume's files, as `copying`, is then called `copied`, and its entries are moved. Whoever was
/// killed at it is found by the next: `copying` is dropped, `copied` is moved to its end.
struct VolumeContent: ~Copyable {
    /// The volume's directory, locked: one at a time fills it.
    private let directory: FileDescriptor

    private static let copying = "copying"
    private static let copied = "copied"

    /// Waits for whoever fills the volume, and ends what a killed one began.
    ///
    /// - Throws: `ENOENT` if it was removed meanwhile.
    init(_ path: String) throws(SystemCallError) {
        let directory = try FileDescriptor.directory(path)
        try directory.lockWhole()
        guard try FileDescriptor.status(of: path).inode == directory.status().inode else {
            throw SystemCallError("open", on: path, .noSuchFile)
        }
        try Self.settle(directory)
        self.directory = directory
    }

    private static func settle(_ directory: borrowing FileDescriptor) throws(SystemCallError) {
        try directory.removeTree(copying)
        do throws(SystemCallError) {
            let done = try directory.openChild(copied, flags: O_RDONLY | O_DIRECTORY)
            try move(done, to: data("", in: directory))
            try directory.removeDirectory(copied)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
        }
    }

    /// Whether a killed process left something to be settled; nil where somebody is at work.
    static func isUnsettled(_ path: String) throws(SystemCallError) -> Bool? {
        let directory = try FileDescriptor.directory(path)
        guard try directory.tryLockWhole() else { return nil }
        return try directory.names().contains {
            $0 == PathBytes(stringLiteral: copying) || $0 == PathBytes(stringLiteral: copied)
        }
    }

    /// Copies the image's directory into the volume, or into a directory in it, if that is there and empty.
    borrowing func fill(from source: borrowing FileDescriptor, subpath: String) throws(SystemCallError) {
        let target: FileDescriptor
        do throws(SystemCallError) { target = try Self.data(subpath, in: directory) } catch {
            // What isn't there is told when the container is started.
            if !subpath.isEmpty, error.errno == .noSuchFile || error.errno == .notDirectory { return }
            throw error
        }
        guard try target.names().isEmpty else { return }
        do throws(SystemCallError) {
            try directory.makeDirectory(Self.copying)
            let copy = try directory.openChild(Self.copying, flags: O_RDONLY | O_DIRECTORY)
            try source.copyTree(to: copy)
            try source.copyAttributes(to: copy)
            // What is meant for a directory in the volume must not be moved to its root by who finds it.
            if subpath.isEmpty {
                try FileDescriptor.rename(Self.copying, in: directory, to: Self.copied, in: directory)
            }
            try Self.move(copy, to: target)
            try directory.removeDirectory(subpath.isEmpty ? Self.copied : Self.copying)
        } catch {
            // A full disk is the usual reason: the first error is the one to tell.
            try? directory.removeTree(Self.copying)
            throw error
        }
    }

    /// Containers may use the volume already: what they have made in it stays.
    private static func move(
        _ copied: borrowing FileDescriptor, to data: borrowing FileDescriptor
    ) throws(SystemCallError) {
        try copied.copyAttributes(to: data)
        for name in try copied.names() {
            do throws(SystemCallError) {
                try FileDescriptor.rename(name, in: copied, to: name, in: data, flags: VolumeDirectories.exclusively)
            } catch {
                guard error.errno == .exists else { throw error }
                try copied.removeTree(name)
            }
        }
    }

    /// The container has written what is in the volume: a symlink there leads nowhere outside.
    private static func data(
        _ subpath: String, in directory: borrowing FileDescriptor
    ) throws(SystemCallError) -> FileDescriptor {
        let data = try directory.openChild(VolumeDirectories.data, flags: O_RDONLY | O_DIRECTORY)
        guard !subpath.isEmpty else { return data }
        return try FileDescriptor.open(subpath, in: data, .beneath, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Copies straight into what nobody else uses, if it is empty.
    static func fillDirectly(
        _ target: borrowing FileDescriptor, from source: borrowing FileDescriptor
    ) throws(SystemCallError) {
        guard try target.names().isEmpty else { return }
        try source.copyTree(to: target)
        try source.copyAttributes(to: target)
    }
}
