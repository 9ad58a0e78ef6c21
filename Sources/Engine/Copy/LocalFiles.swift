import Glibc
import Linux

/// The host's side of a copy: paths that its user named.
enum LocalFiles {
    static func path(_ text: String) throws(EngineError) -> CopyPath {
        let text = Array(text.utf8)
        guard text.first != UInt8(ascii: "/") else { return CopyPath(text) }
        let directory = try explaining("find the working directory") { () throws(SystemCallError) in
            try FileDescriptor.directory("/proc/self").symlinkTarget(of: "cwd")
        }
        return CopyPath(text, below: directory.bytes)
    }

    static func look(_ path: CopyPath) throws(EngineError) -> CopyEnd {
        do throws(SystemCallError) {
            return try CopyEnd(FileDescriptor.open(path.whole, flags: FileDescriptor.pathOnly | O_NOFOLLOW))
        } catch {
            if error.errno == .noSuchFile { return .nothing }
            throw EngineError(.invalidArgument, "\(error)")
        }
    }

    /// The checks, and the words, of Docker's clients for a file that is to be written.
    static func requireWritable(_ path: CopyPath, as text: String) throws(EngineError) {
        guard (try? FileDescriptor.status(of: path.parent)) != nil else {
            throw EngineError(.invalidArgument, "invalid output path: directory \"\(path.parent)\" does not exist")
        }
        guard let status = try? FileDescriptor.status(of: path.whole) else { return }
        switch status.kind {
        case .characterDevice, .blockDevice:
            throw EngineError(
                .invalidArgument,
                "invalid output path: \"\(text)\" must be a directory or a regular file: got a device")
        default: return
        }
    }

    /// What is to be copied, opened by O_PATH.
    static func source(_ path: CopyPath, isFollowed: Bool) throws(EngineError) -> FileDescriptor {
        do throws(SystemCallError) {
            let isFollowed = isFollowed || path.assertsDirectory
            let found = try FileDescriptor.open(
                path.whole, flags: FileDescriptor.pathOnly | (isFollowed ? 0 : O_NOFOLLOW))
            if path.assertsDirectory, try found.status().kind != .directory {
                throw SystemCallError("lstat", on: path.whole.description, .notDirectory)
            }
            return found
        } catch { throw EngineError(.invalidArgument, "lstat \(path.whole): \(error.errno)") }
    }
}
