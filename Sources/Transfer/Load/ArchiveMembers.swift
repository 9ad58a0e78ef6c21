import Archive
import Compression
import ImageStore
import Linux
import OCI

/// What an image archive holds, taken from its stream in whatever order it comes: contents go into the store as they
/// pass, as blobs that nothing refers to yet, so that the stream need not be sought in.
///
/// Members are found by names that the archive itself has; no name from it ever becomes a path of this machine.
struct ArchiveMembers {
    /// A file of the archive, now a blob of the store.
    struct Content: Hashable, Sendable {
        let digest: Digest
        /// In bytes.
        let size: Int64
        let compression: CompressionFormat
    }

    private enum Member {
        case content(Content)
        /// The name of another member.
        case link(String)
    }

    /// Of the files that say what an archive holds.
    private static let documentLimit = 16 << 20
    private static let documentNames: Set<String> = ["manifest.json", "index.json", "oci-layout", "repositories"]

    private var members: [String: Member] = [:]
    private(set) var documents: [String: [UInt8]] = [:]

    /// Reads the whole archive.
    init(reading source: any ByteSource, into store: ImageStore, lease: Lease, interruption: Interruption) throws {
        let reader = TarReader(LazyDecoder(source))
        while let entry = try reader.next() {
            try interruption.check()
            // What has no proper name can't be referred to, and needs no error unless it is.
            guard let name = Self.name(entry.name.bytes) else { continue }
            switch entry.kind {
            case .regular where Self.documentNames.contains(name):
                documents[name] = try reader.readBody(limit: Self.documentLimit)
            case .regular where !Self.isLegacyMetadata(name):
                members[name] = .content(
                    try Self.store(TarBodySource(reader), name: name, size: entry.size, store, lease))
            // A symlink's target is seen from the directory that it lies in, a hard link's from the root (tar(5)).
            case .symlink: members[name] = Self.resolve(entry.linkTarget.bytes, from: name).map { .link($0) }
            case .hardLink: members[name] = Self.name(entry.linkTarget.bytes).map { .link($0) }
            default: continue
            }
        }
        try reader.finish()
    }

    /// The content under a name, through at most one link, as `docker save` once wrote layers that two images share.
    ///
    /// - Throws: ``TransferError`` where the archive has no such member.
    func content(named text: String) throws(TransferError) -> Content {
        guard let name = Self.name(Array(text.utf8)) else {
            throw TransferError(.invalid, "invalid archive: \"\(Self.shown(text))\" is no name of a member")
        }
        switch members[name] {
        case .content(let content): return content
        case .link(let target):
            if case .content(let content)? = members[target] { return content }
            throw TransferError(.invalid, "invalid archive: \(name) is a link to what is not in the archive")
        case nil: throw TransferError(.invalid, "invalid archive: \(name) is missing")
        }
    }

    /// The content that a layout keeps under its digest.
    func content(of descriptor: Descriptor) throws(TransferError) -> Content {
        let content = try content(named: OCILayout.blobPath(descriptor.digest))
        guard content.size == descriptor.size else {
            throw TransferError(
                .invalid,
                "invalid archive: \(descriptor.digest) has \(content.size) bytes instead of \(descriptor.size)")
        }
        return content
    }

    private static func store(
        _ body: TarBodySource, name: String, size: Int64, _ store: ImageStore, _ lease: Lease
    ) throws -> Content {
        let expected = digest(from: name)
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var count = try body.read(into: &buffer)
        let compression = CompressionFormat(magic: buffer[..<min(count, CompressionFormat.magicSize)])
        switch try store.ingestBlob(expecting: expected, size: size, lease: lease, waiting: true) {
        case .present, .inProgress:
            guard let expected else { throw TransferError(.system, "\(name) can't be stored") }
            return Content(digest: expected, size: size, compression: compression)
        case .writer(let writer):
            if writer.resumeOffset > 0 { try writer.restart() }
            while count > 0 {
                try writer.write(buffer[..<count])
                count = try body.read(into: &buffer)
            }
            return Content(digest: try writer.finish(), size: size, compression: compression)
        }
    }

    /// `blobs/sha256/…` has to hold what its name says.
    private static func digest(from name: String) -> Digest? {
        let parts = name.split(separator: "/")
        guard parts.count == 3, parts[0] == "blobs" else { return nil }
        // Other names are no digests, and what they hold is found out.
        return try? Digest("\(parts[1]):\(parts[2])")
    }

    /// Docker 1.9 and before kept a file of each for every layer; nothing refers to them.
    private static func isLegacyMetadata(_ name: String) -> Bool {
        name.hasSuffix("/VERSION") || name.hasSuffix("/json")
    }

    /// A relative path of visible ASCII without `..`; a `./` before it is taken away. Nil for anything else.
    static func name(_ bytes: [UInt8]) -> String? {
        var parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        while parts.count > 1, parts[0].elementsEqual(".".utf8) { parts.removeFirst() }
        let isValid = parts.allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
                && part.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }
        }
        return isValid ? parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/") : nil
    }

    /// Where a link in the directory of `name` leads, by its text alone; nil if out of the archive.
    private static func resolve(_ target: [UInt8], from name: String) -> String? {
        guard target.first != UInt8(ascii: "/") else { return nil }
        var parts = name.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual(".".utf8) { continue }
            if part.elementsEqual("..".utf8) {
                if parts.popLast() == nil { return nil }
            } else {
                parts.append(String(decoding: part, as: UTF8.self))
            }
        }
        return Self.name(Array(parts.joined(separator: "/").utf8))
    }

    private static func shown(_ text: String) -> String { PathBytes(text.utf8.filter { $0 != 0 })?.description ?? "" }
}
