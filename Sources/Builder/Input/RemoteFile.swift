import Archive
import BuildContext
import Engine
import Glibc
import Hashing
import ImageClient
import ImageStore
import Linux
import OCI

/// A file that ADD has from an http or https address.
///
/// Its content is asked for by the tag under which it came the last time (`ETag`): where that is still the same, nothing is sent,
/// and a step that is cached needs no more.
final class RemoteFile {
    private let url: String
    private let store: ImageStore
    private let engine: Engine
    private let wanted: Digest?
    private let known: DownloadRecord
    private var facts: DownloadResult?
    private var draft: LayerDraft?
    /// What the file is called: the last part of the address's path.
    let name: PathBytes

    /// - Parameter checksum: `--checksum`: `sha256:…`.
    init(_ url: String, checksum: String?, engine: Engine, store: ImageStore) throws {
        (self.url, self.engine, self.store) = (url, engine, store)
        name = try Self.name(of: url)
        wanted = try checksum.map(Self.digest)
        known = DownloadRecord(of: url, in: engine.paths.buildCache)
    }

    static func isRemote(_ text: String) -> Bool {
        let start = String(text.prefix(8)).lowercased()
        return start.hasPrefix("http://") || start.hasPrefix("https://")
    }

    private static func digest(_ text: String) throws -> Digest {
        do throws(DigestError) {
            let digest = try Digest(text)
            if digest.algorithm == .sha256 { return digest }
        } catch { throw BuildError("invalid checksum \"\(text)\": \(error)") }
        throw BuildError("invalid checksum \"\(text)\": only sha256 is supported for http and https")
    }

    /// One component, whatever the address's percent signs hide (threat: `%2e%2e%2f`).
    ///
    /// - SeeAlso: BuildKit, frontend/dockerfile/dockerfile2llb/convert.go: `path.Base(u.Path)`, else `__unnamed__`.
    static func name(of url: String) throws -> PathBytes {
        let (place, _) = url.split(atFirst: "#").0.split(atFirst: "?")
        let authority = place.range(of: "://").map { String(place[place.index($0, offsetBy: 3)...]) } ?? place
        let path = GitSource.decoded(authority.split(atFirst: "/").1 ?? "")
        let last = path.utf8.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? Array("__unnamed__".utf8)
        guard let name = PathBytes(last), name != ".", name != "..", last.count <= 255 else {
            throw BuildError("ADD \(url): the address ends with no name that a file can have")
        }
        return name
    }

    /// What identifies content and name, 32 bytes. The time that the server says is none of it.
    func digest() throws -> [UInt8] {
        let content: String
        if let wanted { content = wanted.hex } else { content = try ask().sha256 }
        return SHA256.digest(of: Array("hako url 1\n\(content)\n".utf8) + name.bytes)
    }

    private func ask() throws -> DownloadResult {
        if let facts { return facts }
        guard let tag = known.facts?.tag, let before = known.facts else { return try download() }
        let draft = try store.layerDraft()
        let answer = try download(into: draft, unlessTagged: tag)
        guard !answer.isModified else { return try keep(answer, draft) }
        facts = before
        return before
    }

    /// The file, as a source of its own: 0600, root's, of the time that the server says, else 1970.
    func selection() throws -> Selection {
        if draft == nil { _ = try download() }
        guard let draft else { throw BuildError("ADD \(url): nothing was downloaded") }
        return try ContextTree(root: try draft.openFiles()).select([name.asPattern])
    }

    private func download() throws -> DownloadResult {
        let draft = try store.layerDraft()
        return try keep(try download(into: draft, unlessTagged: nil), draft)
    }

    private func download(into draft: LayerDraft, unlessTagged tag: String?) throws -> DownloadResult {
        let file = try draft.openFiles().openChild(name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        let answer = try engine.download(url, to: file.number, unlessTagged: tag)
        try file.changeMode(0o600)
        try file.setTimes(accessed: nil, modified: FileTime(seconds: answer.modified ?? 0))
        return answer
    }

    private func keep(_ answer: DownloadResult, _ draft: LayerDraft) throws -> DownloadResult {
        if let wanted, wanted.hex != answer.sha256 {
            throw BuildError("digest mismatch sha256:\(answer.sha256): \(wanted)")
        }
        if let facts, facts.sha256 != answer.sha256 {
            throw BuildError("the content of \(url) changed while it was read: build again")
        }
        known.replace(with: answer)
        (facts, self.draft) = (answer, draft)
        return answer
    }
}

extension PathBytes {
    /// A pattern that this name alone matches.
    var asPattern: PathBytes {
        let special = Set("*?[]\\".utf8)
        let escaped = bytes.flatMap { special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
        return PathBytes(escaped) ?? self
    }
}

/// What is remembered of a download: a small file of the build cache for each address.
struct DownloadRecord {
    private let directory: String
    private let path: String
    let facts: DownloadResult?

    /// Seconds after which an address that nobody asks for is forgotten: 30 days.
    private static let lifetime: Int64 = 30 * 86_400

    init(of url: String, in root: String) {
        directory = root + "/downloads"
        path = directory + "/" + SHA256.hexDigest(of: url.utf8)
        // Without it, or where it can't be read, everything is downloaded again.
        facts = (try? FileDescriptor.contents(of: path, limit: 64 << 10)).flatMap { try? JSON(parsing: $0) }.flatMap { DownloadResult($0) }
    }

    /// One that can't be written costs the next build a download, and nothing else.
    func replace(with facts: DownloadResult) {
        guard facts.tag != nil else { return }
        _ = try? Directory.create(directory)
        forgetOld()
        try? FileDescriptor.replaceContents(of: path, with: facts.json.bytes())
    }

    private func forgetOld() {
        guard let opened = try? FileDescriptor.directory(directory), let names = try? opened.names() else { return }
        let oldest = RealTime.now / 1_000_000_000 - Self.lifetime
        for name in names {
            guard let status = try? opened.status(of: name), status.modified.seconds < oldest else { continue }
            try? opened.unlink(name)
        }
    }
}
