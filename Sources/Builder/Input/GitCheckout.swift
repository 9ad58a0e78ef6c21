import BuildContext
import Glibc
import ImageStore
import Linux

/// Gets a commit of a repository into a directory of the store.
struct GitCheckout {
    private let source: GitSource
    private let git: GitProgram
    private let draft: LayerDraft

    /// - Parameter draft: Empty; it has the files afterwards.
    init(_ source: GitSource, in draft: LayerDraft, _ credentials: GitProgram.Credentials, interruption: CInt) throws {
        (self.source, self.draft) = (source, draft)
        git = try GitProgram(in: draft.path, credentials, interruption: interruption)
    }

    private var files: String { draft.path + "/fs" }
    private var name: String { source.redactedURL }

    /// The digest of the commit that the reference leads to now.
    func resolve() throws -> GitCommit {
        if let reference = source.reference, GitReferenceName.isCommit(reference) {
            let commit = GitCommit(digest: reference, name: nil)
            try check(commit.digest)
            return commit
        }
        let wanted = source.reference ?? "HEAD"
        // A pattern of git's: it finds branches and tags of that name, too. Behind `^{}` stands an annotated tag's commit.
        let text = try git.run(
            ["ls-remote", "--", source.url, wanted, wanted + "^{}"], in: draft.path, "resolve \(wanted) of \(name)")
        guard let commit = GitCommit(wanted, in: text) else {
            throw BuildError("repository \(name) does not contain ref \(wanted)")
        }
        try check(commit.digest)
        return commit
    }

    private func check(_ commit: String) throws {
        guard let checksum = source.checksum, !commit.hasPrefix(checksum) else { return }
        throw BuildError("expected checksum to match \(checksum), got \(commit)")
    }

    /// Fetches the commit and lays its files out.
    func fetch(_ commit: GitCommit) throws -> ContextTree {
        try git.run(["init", "-q"], in: files, "make a repository")
        try git.run(["config", "remote.origin.url", name], in: files, "make a repository")
        try fetchObjects(commit)
        try git.run(["checkout", "-q", "--force", "--detach", commit.digest], in: files, "check out \(commit.digest) of \(name)")
        if source.fetchesSubmodules { try fetchSubmodules() }
        let root = try draft.openFiles()
        if source.keepsGitDirectory != true { try root.removeTree(".git") }
        return ContextTree(root: try subdirectory(of: root))
    }

    /// With its history where a server can't do without.
    private func fetchObjects(_ commit: GitCommit) throws {
        let fetch = ["fetch", "-q", "--no-tags", "--no-recurse-submodules"]
        do {
            try git.run(fetch + ["--depth=1", "--", source.url, commit.name ?? commit.digest], in: files, "fetch \(name)")
        } catch let shallow as BuildError {
            guard shallow.message != "context canceled" else { throw shallow }
            try git.run(fetch + ["--", source.url] + (commit.name.map { [$0] } ?? ["+refs/*:refs/fetched/*"]), in: files, "fetch \(name)")
        }
        do {
            try git.run(["cat-file", "-e", commit.digest + "^{commit}"], in: files, "find commit \(commit.digest) in \(name)")
        } catch let error as BuildError {
            var changed = error
            changed.advice = "Its references may have changed meanwhile: build again."
            throw changed
        }
    }

    private func fetchSubmodules() throws {
        let root = try draft.openFiles()
        guard let status = try? root.status(of: ".gitmodules"), status.kind == .regular else { return }
        let update = ["submodule", "--quiet", "update", "--init", "--recursive"]
        do { try git.run(update + ["--depth=1"], in: files, "fetch the submodules of \(name)") } catch let shallow as BuildError {
            guard shallow.message != "context canceled" else { throw shallow }
            try git.run(update, in: files, "fetch the submodules of \(name)")
        }
        if source.keepsGitDirectory != true { try removeGitFiles(in: root) }
    }

    /// By which submodules find the repository that goes.
    private func removeGitFiles(in root: borrowing FileDescriptor) throws(SystemCallError) {
        var pending: [PathBytes] = ["."]
        while let path = pending.popLast() {
            let directory = try FileDescriptor.open(path, in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
            for name in try directory.names() {
                let kind = try directory.status(of: name).kind
                if name == ".git" {
                    if kind == .regular { try directory.unlink(name) }
                } else if kind == .directory, let child = PathBytes(path.bytes + [UInt8(ascii: "/")] + name.bytes) {
                    pending.append(child)
                }
            }
        }
    }

    /// Opened with no symlink on the way: a repository chooses what its names are (threat: CVE-2026-33748).
    private func subdirectory(of root: consuming FileDescriptor) throws -> FileDescriptor {
        guard let path = source.subdirectory else { return root }
        do throws(SystemCallError) {
            return try FileDescriptor.open(path, in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            let reason = error.errno == .symlinkLoop ? "a symbolic link is on the way" : "\(error.errno)"
            throw BuildError("subdirectory \(path) of \(name): \(reason)")
        }
    }
}

/// A commit of a repository, and how it was found.
struct GitCommit: Hashable {
    let digest: String
    /// The reference that leads to it, in full; nil where the digest was given.
    let name: String?

    init(digest: String, name: String?) { (self.digest, self.name) = (digest, name) }

    /// Finds what a name means among the lines of `git ls-remote`: itself, a branch, then a tag.
    ///
    /// - SeeAlso: BuildKit, source/git/source.go: a branch comes first where both are there.
    init?(_ wanted: String, in listing: String) {
        var found: [String: String] = [:]
        for line in listing.split(separator: "\n") {
            let (digest, name) = String(line).split(atFirst: "\t")
            if let name, GitReferenceName.isCommit(digest) { found[name] = digest }
        }
        for name in [wanted, "refs/heads/" + wanted, "refs/" + wanted, "refs/tags/" + wanted] {
            // Of an annotated tag the commit, not the tag.
            guard let digest = found[name + "^{}"] ?? found[name] else { continue }
            self.init(digest: digest, name: name)
            return
        }
        return nil
    }
}
