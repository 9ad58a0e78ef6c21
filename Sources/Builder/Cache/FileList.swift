import BuildContext
import Hashing
import Linux

/// The files that a step has read, one by one, in a few bytes each: what tells a later build which of them has changed.
///
/// Of very many the deeper directories are told of as a whole, so that it stays small.
public struct FileList: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        /// Relative to the destination.
        var path: [UInt8]
        /// Permission bits; 0 of what has none that say something.
        var mode: UInt32
        /// 0 where owners don't count.
        var userID: UInt32
        var groupID: UInt32
        /// Of what it holds; of a directory that is told of as a whole, of everything below it.
        var digest: [UInt8]

        static let digestSize = 8
    }

    private(set) var entries: [Entry] = []
    /// How many components the paths have at most; nil where each file is told of.
    private(set) var depth: Int?

    public init() {}

    init(_ entries: [Entry], depth: Int? = nil) {
        self.entries = entries
        self.depth = depth
    }

    /// Walks the selection once more; contents that are in `cache` aren't read again.
    public init(_ selection: Selection, withOwners: Bool, cache: FileDigestCache) throws(ContextError) {
        var entries: [Entry] = []
        _ = try selection.digest(withOwners: withOwners, cache: cache) { entry, digest in
            let status = entry.status
            entries.append(
                Entry(
                    path: entry.path.bytes, mode: status.kind == .symlink ? 0 : UInt32(status.permissions),
                    userID: withOwners ? status.userID : 0, groupID: withOwners ? status.groupID : 0,
                    digest: Array(digest.prefix(Entry.digestSize))))
        }
        self.entries = entries
    }

    // MARK: Fewer entries

    /// Files below more than `depth` directories become one entry for each of those.
    func cut(to depth: Int) -> FileList {
        var result: [Entry] = []
        var hashes: [[UInt8]: Int] = [:]
        for entry in entries {
            guard let end = entry.path.end(ofComponents: depth) else {
                result.append(entry)
                continue
            }
            let parent = Array(entry.path[..<end])
            let index = hashes[parent] ?? result.count
            if index == result.count {
                hashes[parent] = index
                result.append(Entry(path: parent + [UInt8(ascii: "/")], mode: 0, userID: 0, groupID: 0, digest: []))
            }
            var bytes = ByteWriter()
            bytes.append(entry, after: [])
            result[index].digest = Array(SHA256.digest(of: result[index].digest + bytes.bytes).prefix(Entry.digestSize))
        }
        return FileList(result, depth: depth)
    }

    /// As much of it as fits in so many bytes; nil where the top directory alone is more.
    func fitting(_ limit: Int) -> FileList? {
        guard encodedSize > limit else { return self }
        var depth = entries.lazy.map { $0.path.count { $0 == UInt8(ascii: "/") } }.max() ?? 0
        while depth > 0 {
            let list = cut(to: depth)
            if list.encodedSize <= limit { return list }
            depth -= 1
        }
        return nil
    }

    private var encodedSize: Int {
        var bytes = ByteWriter()
        bytes.append(self)
        return bytes.bytes.count
    }
}

extension [UInt8] {
    /// Where the first components of a path end; nil if it has no more than these.
    fileprivate func end(ofComponents number: Int) -> Int? {
        var rest = number
        for (index, byte) in enumerated() where byte == UInt8(ascii: "/") {
            rest -= 1
            if rest == 0 { return index }
        }
        return nil
    }
}

extension ByteWriter {
    mutating func append(_ list: FileList) {
        append(number: list.entries.count)
        append(number: list.depth ?? 0)
        var previous: [UInt8] = []
        for entry in list.entries {
            append(entry, after: previous)
            previous = entry.path
        }
    }

    /// The part of the path that the one before has too isn't written again.
    fileprivate mutating func append(_ entry: FileList.Entry, after previous: [UInt8]) {
        let common = zip(entry.path, previous).prefix { $0 == $1 }.count
        append(number: common)
        append(entry.path.dropFirst(common))
        append(number: Int(entry.mode))
        append(number: Int(entry.userID))
        append(number: Int(entry.groupID))
        append(fixed: entry.digest)
    }
}

extension ByteReader {
    mutating func fileList() -> FileList? {
        guard let count = number(), let depth = number() else { return nil }
        var entries: [FileList.Entry] = []
        var previous: [UInt8] = []
        for _ in 0..<max(0, count) {
            guard let common = number(), common >= 0, common <= previous.count, let suffix = content(),
                let mode = number().flatMap(UInt32.init(exactly:)), let userID = number().flatMap(UInt32.init(exactly:)),
                let groupID = number().flatMap(UInt32.init(exactly:)), let digest = fixed(FileList.Entry.digestSize)
            else { return nil }
            previous = Array(previous[..<common]) + suffix
            entries.append(.init(path: previous, mode: mode, userID: userID, groupID: groupID, digest: Array(digest)))
        }
        return FileList(entries, depth: depth > 0 ? depth : nil)
    }
}
