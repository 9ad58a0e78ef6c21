import Archive
import BuildContext
import Engine
import Glibc
import ImageStore
import Linux

/// What a build begins with.
public struct LoadedContext: Sendable {
    /// The Dockerfile's bytes.
    public var file: [UInt8]
    public var fileName: String
    /// Nil where there are no files: a Dockerfile alone.
    public var tree: ContextTree?

    public init(file: [UInt8], fileName: String, tree: ContextTree?) {
        (self.file, self.fileName, self.tree) = (file, fileName, tree)
    }
}

/// Fetches contexts that are no directory of the host's: from standard input, the web, a git repository.
///
/// They lie in the store while this value is there; of a process that is killed, a collection removes them. No ignore file counts
/// in them, as for BuildKit.
public final class ContextLoader {
    private let access: RemoteAccess
    private let note: (String) -> Void
    private var drafts: [LayerDraft] = []
    private var repositories: [RemoteRepository] = []

    /// - Parameters:
    ///   - secrets: GIT_AUTH_TOKEN and GIT_AUTH_HEADER are for repositories.
    ///   - agents: Sockets of ssh agents, by id; `default` is the user's own where none is given.
    ///   - interruption: A descriptor that is readable once the build is to stop; -1 for none.
    ///   - note: Is told what takes time.
    public init(
        engine: Engine, secrets: [String: BuildSecret] = [:], agents: [String: String] = [:], interruption: CInt = -1,
        note: @escaping (String) -> Void = { _ in }
    ) throws(BuildError) {
        do {
            var access = RemoteAccess(engine: engine, store: try engine.images(), secrets: secrets, agents: agents)
            access.interruption = interruption
            engine.interruption = interruption
            // A context of one's own is fetched with one's own keys, as Docker's client has it.
            if access.agents["default"] == nil { access.agents["default"] = Environment.current["SSH_AUTH_SOCK"] }
            self.access = access
        } catch { throw BuildError(error) }
        self.note = note
    }

    /// Removes what was fetched.
    public func removeAll() {
        drafts = []
        repositories = []
    }

    /// Fetches a context with its Dockerfile.
    ///
    /// - Parameters:
    ///   - source: No directory.
    ///   - file: `-f`, below the context; nil for `Dockerfile`.
    ///   - arguments: `--build-arg`: BUILDKIT_CONTEXT_KEEP_GIT_DIR counts.
    public func load(_ source: ContextSource, file: String?, arguments: [String: String] = [:]) throws(BuildError) -> LoadedContext {
        do {
            switch source {
            case .standardInput: return try context(of: try spooled(), file: file, isStandardInput: true)
            case .file(let url): return try context(of: try downloaded(url), file: file, isStandardInput: false)
            case .repository(let source):
                let keeps = arguments["BUILDKIT_CONTEXT_KEEP_GIT_DIR"].map { ["1", "true"].contains($0.lowercased()) }
                return try context(in: try tree(of: source.with(keepsGitDirectory: keeps, checksum: nil)), file: file)
            case .directory(let path): throw BuildError("path \"\(path)\" not found")
            case .image(let name): throw BuildError("\(name) is an image, and no build context: name it with --build-context")
            case .layout(let path): throw BuildError("\(path) is an image, and no build context: name it with --build-context")
            }
        } catch { throw BuildError(error) }
    }

    /// Fetches what `--build-context` names.
    public func named(_ source: ContextSource) throws(BuildError) -> NamedContext {
        do {
            switch source {
            case .image(let name): return .image(name)
            case .layout(let text): return .image(try LayoutImage(text, access).load())
            case .repository(let source): return .tree(try tree(of: source))
            case .directory(let path): return .tree(try Self.directory(path))
            case .file(let url):
                guard let tree = try unpacked(try downloaded(url)) else { throw BuildError("\(url) is no archive") }
                return .tree(tree)
            case .standardInput: throw BuildError("standard input can't be a named context")
            }
        } catch { throw BuildError(error) }
    }

    private static func directory(_ path: String) throws -> ContextTree {
        let root: FileDescriptor
        do throws(SystemCallError) { root = try FileDescriptor.directory(path) } catch {
            guard [.noSuchFile, .notDirectory].contains(error.errno) else { throw error }
            throw BuildError("path \"\(path)\" not found")
        }
        return ContextTree(root: root, ignoring: try ContextTree.ignorePatterns(in: root, dockerfile: nil))
    }

    // MARK: Sources

    private func tree(of source: GitSource) throws -> ContextTree {
        note("load git source \(source.redactedURL)")
        let repository = RemoteRepository(source, access)
        repositories.append(repository)
        return try repository.tree()
    }

    private func draft() throws -> LayerDraft {
        let draft = try access.store.layerDraft()
        drafts.append(draft)
        return draft
    }

    private func downloaded(_ url: String) throws -> LayerDraft {
        note("load remote build context \(url)")
        let draft = try draft()
        let file = try FileDescriptor.open(draft.path + Self.spoolName, flags: O_WRONLY | O_CREAT | O_EXCL)
        _ = try access.engine.download(url, to: file.number, unlessTagged: nil)
        return draft
    }

    private func spooled() throws -> LayerDraft {
        let draft = try draft()
        let file = try FileDescriptor.open(draft.path + Self.spoolName, flags: O_WRONLY | O_CREAT | O_EXCL)
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = try FileDescriptor.read(number: StandardDescriptor.input, into: &buffer)
            guard count > 0 else { return draft }
            try file.writeAll(buffer[..<count])
        }
    }

    /// Beside the draft's files.
    private static let spoolName = "/context"

    // MARK: Contents

    /// An archive has its Dockerfile in it; anything else is one.
    private func context(of draft: LayerDraft, file: String?, isStandardInput: Bool) throws -> LoadedContext {
        if let tree = try unpacked(draft) { return try context(in: tree, file: file) }
        let bytes = try FileDescriptor.contents(of: draft.path + Self.spoolName, limit: 16 << 20)
        guard file == nil else {
            throw BuildError("ambiguous Dockerfile source: both \(isStandardInput ? "stdin" : "the address") and flag correspond to Dockerfiles")
        }
        return LoadedContext(file: bytes, fileName: "Dockerfile", tree: nil)
    }

    /// The files of a draft's archive; nil where it is none.
    private func unpacked(_ draft: LayerDraft) throws -> ContextTree? {
        let path = draft.path + Self.spoolName
        let archive = try FileDescriptor.open(path)
        guard let stream = try LocalArchive.stream(of: archive, decoder: access.engine.programs.image) else { return nil }
        var rules = ExtractionRules()
        rules.readsWhiteouts = false
        do { _ = try LayerUnpacker.unpack(stream, into: try draft.openFiles(), rules: rules) } catch let error as ArchiveError {
            throw BuildError("failed to unpack the build context: \(error)")
        }
        try FileDescriptor.removeIfThere(path)
        return ContextTree(root: try draft.openFiles())
    }

    private func context(in tree: ContextTree, file: String?) throws -> LoadedContext {
        let name = file ?? "Dockerfile"
        guard let path = PathBytes(name.utf8), let bytes = try tree.contents(of: path) else {
            var error = BuildError("failed to read dockerfile: open \(name): no such file or directory")
            error.advice = "It has to be in the context; -f names another file there."
            throw error
        }
        return LoadedContext(file: bytes, fileName: String(name.split(separator: "/").last ?? "Dockerfile"), tree: tree)
    }
}
