import Glibc
import Linux

/// A directory of a test's own, below `/tmp`, gone with everything in it when this value goes, also after a failed `#expect`.
public struct Scratch: ~Copyable, Sendable {
    public enum Entry: Sendable, ExpressibleByStringLiteral {
        case file([UInt8])
        case directory
        case symlink(String)

        public init(stringLiteral value: String) { self = .file(Array(value.utf8)) }
    }

    /// Its absolute path, without a slash at the end.
    public let root: String

    /// Makes the directory and in it each entry; parents that are missing are made too.
    public init(_ entries: KeyValuePairs<String, Entry> = [:]) throws {
        let root = try Scratch.makeDirectory()
        for (path, entry) in entries { try Scratch.add(root + "/" + path, entry) }
        self.root = root
    }

    deinit {
        do {
            try FileDescriptor.directory("/tmp").removeTree(String(root.dropFirst("/tmp/".count)))
        } catch {
            print("scratch directory \(root) stays: \(error)")
        }
    }

    private static func makeDirectory() throws -> String {
        var template = Array("/tmp/hako-test-XXXXXX".utf8CString)
        guard let made = template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) else {
            throw SystemCallError("mkdtemp", on: "/tmp", Errno(rawValue: errno))
        }
        return String(cString: made)
    }

    public func path(_ relative: String) -> String { root + "/" + relative }

    public func add(_ relative: String, _ entry: Entry) throws { try Scratch.add(path(relative), entry) }

    private static func add(_ path: String, _ entry: Entry) throws {
        if let slash = path.lastIndex(of: "/") { try Directory.create(String(path[..<slash])) }
        switch entry {
        case .file(let bytes):
            try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(bytes)
        case .directory: try Directory.create(path)
        case .symlink(let target):
            guard Glibc.symlink(target, path) == 0 else {
                throw SystemCallError("symlink", on: path, Errno(rawValue: errno))
            }
        }
    }
}
