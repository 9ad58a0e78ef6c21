import BuildContext
import Engine
import Hashing
import ImageStore
import Linux
import OCI

/// A source of ADD that is not in the build context: a file of the web, or a git repository.
///
/// Of both it is asked what they are now (``digest()``), and only where the step isn't cached for the files themselves
/// (``selection()``). These go with this value.
final class RemoteSource {
    private enum Kind {
        case file(RemoteFile)
        case repository(RemoteRepository)
    }

    private let kind: Kind

    /// Nil for what is in the build context.
    ///
    /// - Parameters:
    ///   - text: A source as it is written, expanded.
    ///   - keepsGitDirectory: `--keep-git-dir`.
    ///   - checksum: `--checksum`.
    init?(_ text: String, checksum: String?, keepsGitDirectory: Bool?, _ access: RemoteAccess) throws {
        do throws(GitSource.Failure) {
            if let source = try GitSource(text)?.with(keepsGitDirectory: keepsGitDirectory, checksum: checksum) {
                kind = .repository(RemoteRepository(source, access))
                return
            }
        } catch { throw BuildError(error.description) }
        guard RemoteFile.isRemote(text) else { return nil }
        kind = .file(try RemoteFile(text, checksum: checksum, engine: access.engine, store: access.store))
    }

    /// What identifies what is there now: 32 bytes.
    func digest() throws -> [UInt8] {
        switch kind {
        case .file(let file): try file.digest()
        case .repository(let repository): try repository.digest()
        }
    }

    /// Its files, as a source of an instruction.
    func selection() throws -> Selection {
        switch kind {
        case .file(let file): try file.selection()
        case .repository(let repository): try repository.tree().select(["."])
        }
    }
}

/// A repository that ADD or a context reads.
final class RemoteRepository {
    private let source: GitSource
    private let access: RemoteAccess
    private var checkout: (GitCheckout, LayerDraft)?
    private var commit: GitCommit?
    private var fetched: ContextTree?

    init(_ source: GitSource, _ access: RemoteAccess) { (self.source, self.access) = (source, access) }

    func digest() throws -> [UInt8] {
        let commit = try resolved()
        let parts = [
            "hako git 1", commit.digest, source.subdirectory ?? "", source.keepsGitDirectory == true ? commit.name ?? "." : "",
            "\(source.fetchesSubmodules)", source.redactedURL,
        ]
        return SHA256.digest(of: parts.joined(separator: "\n").utf8)
    }

    func tree() throws -> ContextTree {
        if let fetched { return fetched }
        let commit = try resolved()
        let tree = try opened().fetch(commit)
        fetched = tree
        return tree
    }

    private func resolved() throws -> GitCommit {
        if let commit { return commit }
        let found = try opened().resolve()
        commit = found
        return found
    }

    private func opened() throws -> GitCheckout {
        if let checkout { return checkout.0 }
        let draft = try access.store.layerDraft()
        let made = try GitCheckout(source, in: draft, try access.credentials(for: source), interruption: access.interruption)
        checkout = (made, draft)
        return made
    }
}
