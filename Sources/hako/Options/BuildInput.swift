import BuildContext
import CommandLineTables
import Glibc
import Linux

/// Where the Dockerfile and the context of a build come from: `PATH | URL | -`, and `--file`.
struct BuildInput {
    /// Of the Dockerfile.
    var file: [UInt8]
    /// What a build calls it: its name alone, as BuildKit does.
    var fileName: String
    /// What a check calls it: its path, as it was given.
    var filePath: String
    var context: ContextTree?
    /// Tells this build from those of other directories and Dockerfiles.
    var origin = ""

    static let usualName = "Dockerfile"
    private static let largestFile = 16 << 20

    /// A directory, and a Dockerfile in it or, where `file` names one, anywhere.
    static func ofDirectory(_ path: String, file: String?) throws -> BuildInput {
        guard let root = try? FileDescriptor.directory(path) else {
            throw BuildRefusal.building("unable to prepare context: path \(path.inQuotes) not found")
        }
        var input: BuildInput
        let ignored: PatternList
        if let file, let inner = Self.path(of: file, below: path) {
            input = try read(inner, in: root, as: file)
            ignored = try ignoring(in: root, beside: nil, named: inner)
        } else {
            input = try file.map { try read($0) } ?? usual(in: root, of: path)
            ignored = try ignoring(in: root, beside: file, named: file == nil ? input.fileName : nil)
        }
        // What isn't known is nobody's; such a build has no one before it.
        input.origin = ((try? root.path()) ?? path) + "\n" + input.filePath
        input.context = ContextTree(root: root, ignoring: ignored)
        return input
    }

    /// `Dockerfile` in the context, or `dockerfile` where there is no other.
    private static func usual(in root: borrowing FileDescriptor, of path: String) throws -> BuildInput {
        for name in [usualName, "dockerfile"] {
            guard let bytes = try contents(of: name, in: root) else { continue }
            let directory = path.hasSuffix("/") ? path : path + "/"
            return BuildInput(file: bytes, fileName: name, filePath: path == "." ? name : directory + name)
        }
        throw unreadable(usualName, Errno.noSuchFile)
    }

    private static func contents(of name: String, in root: borrowing FileDescriptor) throws -> [UInt8]? {
        do throws(ContextError) {
            return try ContextTree.contents(of: PathBytes(name.utf8) ?? "", in: root)
        } catch {
            guard case .unreadable(_, let failure) = error else { throw error }
            throw unreadable(lastName(of: name), failure.errno)
        }
    }

    /// The path of a file from the context on, where it is written as one below the context: there, a link of a stranger's must lead
    /// nowhere else (threat: CVE-2022-4122). What another path leads to is the user's own choice; nil for that.
    private static func path(of file: String, below context: String) -> String? {
        guard file != "-", let current = try? FileDescriptor.directory("/proc/self").symlinkTarget(of: "cwd") else { return nil }
        let slash = UInt8(ascii: "/")
        let names = { (path: String) in
            ((path.utf8.first == slash ? [] : current.bytes + [slash]) + Array(path.utf8))
                .split(separator: slash).filter { !$0.elementsEqual(".".utf8) }
        }
        let (whole, start) = (names(file), names(context))
        let rest = whole.dropFirst(start.count)
        guard !rest.isEmpty, whole.starts(with: start), !rest.contains(where: { $0.elementsEqual("..".utf8) }) else { return nil }
        return String(decoding: Array(rest.joined(separator: [slash])), as: UTF8.self)
    }

    private static func read(_ path: String, in root: borrowing FileDescriptor, as file: String) throws -> BuildInput {
        let name = lastName(of: path)
        guard let bytes = try contents(of: path, in: root) else { throw unreadable(name, Errno.noSuchFile) }
        return BuildInput(file: bytes, fileName: name, filePath: file)
    }

    private static func lastName(of path: String) -> String {
        path.utf8.split(separator: UInt8(ascii: "/")).last.flatMap { String($0) } ?? path
    }

    /// A path of the working directory, or `-`.
    private static func read(_ path: String) throws -> BuildInput {
        let name = lastName(of: path)
        do throws(SystemCallError) {
            if path == "-" { return BuildInput(file: try standardInput(), fileName: usualName, filePath: "stdin") }
            return BuildInput(file: try FileDescriptor.contents(of: path, limit: largestFile), fileName: name, filePath: path)
        } catch { throw unreadable(name, error.errno) }
    }

    private static func standardInput() throws(SystemCallError) -> [UInt8] {
        let input = FileDescriptor(adopting: StandardDescriptor.input)
        let bytes: Result<[UInt8], SystemCallError>
        do throws(SystemCallError) { bytes = .success(try input.readAll(limit: largestFile)) } catch { bytes = .failure(error) }
        // It is nobody's to close.
        _ = input.relinquish()
        return try bytes.get()
    }

    private static func unreadable(_ name: String, _ errno: Errno) -> BuildRefusal {
        BuildRefusal.building("failed to solve: failed to read dockerfile: open \(name): \(errno)")
    }

    /// What the ignore file beside the Dockerfile says, else that of the context.
    ///
    /// - Parameters:
    ///   - file: Named by itself, as a path of the working directory.
    ///   - name: Of the Dockerfile in the context, where it wasn't.
    private static func ignoring(in root: borrowing FileDescriptor, beside file: String?, named name: String?) throws -> PatternList {
        do {
            if let file, file != "-", let bytes = try own(file + ".dockerignore") { return try PatternList(ignoreFile: bytes) }
            return try ContextTree.ignorePatterns(in: root, dockerfile: name.flatMap { PathBytes($0.utf8) })
        } catch { throw BuildRefusal.building("failed to solve: failed to read .dockerignore: \(error)") }
    }

    private static func own(_ path: String) throws(SystemCallError) -> [UInt8]? {
        do throws(SystemCallError) { return try FileDescriptor.contents(of: path, limit: largestFile) } catch {
            guard error.errno == .noSuchFile else { throw error }
            return nil
        }
    }

    /// A directory as a context of its own, with what its `.dockerignore` says.
    ///
    /// - Parameter action: What its errors begin with.
    static func tree(_ path: String, refusing action: String) throws -> ContextTree {
        let root: FileDescriptor
        do throws(SystemCallError) { root = try FileDescriptor.directory(path) } catch {
            let reason = error.errno == .notDirectory ? "\(path): not a directory" : "stat \(path): \(error.errno)"
            throw BuildRefusal.building("\(action): \(reason)")
        }
        let ignored = try ignoring(in: root, beside: nil, named: nil)
        return ContextTree(root: root, ignoring: ignored)
    }
}
