import Hashing
import Linux

/// What identifies the files that an instruction reads.
public struct SelectionDigest: Hashable, Sendable {
    /// SHA-256, 32 bytes.
    public let bytes: [UInt8]
    /// Files, directories and all others.
    public let entryCount: Int
    /// Of the regular files' contents, in bytes.
    public let size: Int64

    /// In hexadecimal.
    public var hex: String { hexadecimal(bytes) }
}

extension Selection {
    /// The digest of all that a copy of the selection would have: paths in the destination, kinds, modes (directories' too),
    /// contents, symlinks' targets, device numbers, hard links among the files of one source, `security.capability`. Not times,
    /// nor where the tree lies; and owners only where they are asked for.
    ///
    /// The same files give the same digest, in whatever order the file system has them.
    ///
    /// - Parameters:
    ///   - withOwners: For `COPY --from`, which keeps them.
    ///   - cache: What earlier builds have read; it isn't saved here.
    ///   - observe: Is told of each entry, and the digest of what it holds, without mode and owner: what one build has kept of
    ///     these tells the next one which file has changed, and what of it.
    /// - Throws: ``ContextError/changed(_:)`` for a file that is changed again and again while it is read.
    public func digest(
        withOwners: Bool, cache: FileDigestCache, observe: ((SelectedEntry, [UInt8]) -> Void)? = nil
    ) throws(ContextError) -> SelectionDigest {
        var hash = SHA256()
        var header = EntryHeader(withOwners: withOwners)
        hash.update(header.bytes.span.bytes)
        var (count, size, source): (Int, Int64, Int) = (0, 0, -1)
        var walk = try walk()
        while let entry = try walk.next() {
            let isNewSource = entry.source != source
            source = entry.source
            if entry.status.kind == .regular, entry.hardLink == nil {
                let (content, status) = try walk.content(of: entry, cache)
                header.set(entry, status, content, isNewSource: isNewSource)
                size += status.size
            } else {
                header.set(entry, entry.status, nil, isNewSource: isNewSource)
            }
            header.add(to: &hash)
            count += 1
            observe?(entry, header.digest)
        }
        return SelectionDigest(bytes: hash.digest(), entryCount: count, size: size)
    }
}

extension SelectionWalk {
    /// Of the entry that was returned last: from the cache, or read. A file that is changed or replaced meanwhile is read
    /// again, a few times.
    fileprivate borrowing func content(
        of entry: SelectedEntry, _ cache: FileDigestCache
    ) throws(ContextError) -> (FileContent, FileStatus) {
        var status = entry.status
        for _ in 0..<5 {
            if let content = cache.known(status) { return (content, status) }
            let file = try file.open()
            do throws(SystemCallError) {
                // Mode and owner have to be those of the file that was read, not of one that was there before it.
                if let (content, read) = try cache.read(file) { return (content, read) }
            } catch {
                throw failure(error)
            }
            status = try currentStatus()
            guard status.kind == .regular else { break }
        }
        throw failure(SystemCallError("read", on: "", .noSuchFile))
    }
}

/// An entry in the form that is hashed: each part has its length before it or is of a fixed one, so that two different
/// entries, or rows of entries, never have the same bytes.
private struct EntryHeader {
    private(set) var bytes: [UInt8]
    /// Of a regular file: its size and content. Little-endian, as all numbers.
    private var content: [UInt64] = []
    private let withOwners: Bool
    /// Where path and target begin in ``bytes``.
    private var attributesEnd = 0

    /// Begins with what comes before all entries.
    init(withOwners: Bool) {
        self.withOwners = withOwners
        bytes = Array("hako selection 1 \(withOwners ? "owners" : "no owners")\n".utf8)
    }

    mutating func set(_ entry: SelectedEntry, _ status: FileStatus, _ content: FileContent?, isNewSource: Bool) {
        bytes.removeAll(keepingCapacity: true)
        // Files of two sources with one path: the later one wins, so the order of sources counts.
        bytes.append(UInt8(ascii: isNewSource ? "S" : "s"))
        let hasCapability = content.map { $0.capability[3] > 0 } ?? false
        bytes.append(UInt8(ascii: entry.hardLink != nil ? "h" : hasCapability ? "F" : Self.letter(status.kind)))
        // A symlink's mode is always the same, or means nothing.
        append(status.kind == .symlink ? 0 : status.permissions)
        if withOwners {
            append(status.userID)
            append(status.groupID)
        }
        attributesEnd = bytes.count
        append(entry.path.bytes)
        if let other = entry.hardLink ?? entry.linkTarget { append(other.bytes) }
        if status.kind == .characterDevice || status.kind == .blockDevice {
            append(status.deviceMajor)
            append(status.deviceMinor)
        }
        self.content.removeAll(keepingCapacity: true)
        guard let content else { return }
        self.content.append(UInt64(bitPattern: status.size).littleEndian)
        for index in 0..<4 { self.content.append(content.digest[index].littleEndian) }
        guard hasCapability else { return }
        for index in 0..<4 { self.content.append(content.capability[index].littleEndian) }
    }

    func add(to hash: inout SHA256) {
        hash.update(bytes.span.bytes)
        hash.update(content.span.bytes)
    }

    /// Of what this entry is and holds, whatever its mode, its owner and the entries before it are.
    var digest: [UInt8] {
        var hash = SHA256()
        hash.update(bytes.span.extracting(1..<2).bytes)
        hash.update(bytes.span.extracting(attributesEnd..<bytes.count).bytes)
        hash.update(content.span.bytes)
        return hash.digest()
    }

    private static func letter(_ kind: FileStatus.Kind) -> Unicode.Scalar {
        switch kind {
        case .regular: "f"
        case .directory: "d"
        case .symlink: "l"
        case .characterDevice: "c"
        case .blockDevice: "b"
        case .fifo: "p"
        case .socket: "k"
        case .unknown: "u"
        }
    }

    private mutating func append(_ text: [UInt8]) {
        append(UInt32(text.count))
        bytes += text
    }

    private mutating func append(_ number: some FixedWidthInteger & UnsignedInteger) {
        var rest = UInt64(number)
        for _ in 0..<(number.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}
