import Glibc
import Hashing
import Linux

/// The file of a ``FileDigestCache`` in memory, as it is on the disk: numbers of 64 bits in the machine's byte order. A header,
/// a record for each file, sorted by device and inode, and the SHA-256 of both.
struct FileDigestTable {
    struct Key: Hashable, Comparable {
        let device: UInt64
        let inode: UInt64

        init(_ state: FileState) { (device, inode) = (state.device, state.inode) }
        init(device: UInt64, inode: UInt64) { (self.device, self.inode) = (device, inode) }

        static func < (left: Key, right: Key) -> Bool {
            left.device == right.device ? left.inode < right.inode : left.device < right.device
        }
    }

    /// A ``FileState`` in numbers; times are in nanoseconds, whatever part of them 64 bits hold.
    struct State: Equatable {
        let key: Key
        let size: UInt64
        let modified: UInt64
        let changed: UInt64

        init(key: Key, size: UInt64, modified: UInt64, changed: UInt64) {
            (self.key, self.size, self.modified, self.changed) = (key, size, modified, changed)
        }

        init(_ state: FileState) {
            key = Key(state)
            size = UInt64(bitPattern: state.size)
            modified = Self.nanoseconds(state.modified)
            changed = Self.nanoseconds(state.changed)
        }

        private static func nanoseconds(_ time: FileTime) -> UInt64 {
            UInt64(bitPattern: time.seconds &* 1_000_000_000 &+ time.nanoseconds)
        }
    }

    struct Entry {
        let state: State
        let content: FileContent
        /// In days since 1970.
        var lastUse: UInt64
    }

    // Words of a record: device, inode, size, modified, changed, last use, digest (4), capability (4).
    private static let recordSize = 14
    // Words of the header: what this is, the size of a record, how many there are, 0.
    private static let headerSize = 4
    private static let checksumSize = 4
    /// `hakofdc1`: another format gets another number. A machine of the other byte order reads another one.
    private static let magic: UInt64 = 0x3163_6466_6F6B_6168
    /// Some 2 million files.
    private static let limitInBytes = 256 << 20

    private let words: [UInt64]
    let count: Int

    init() { (words, count) = ([], 0) }

    /// Nil for what can't be read, is damaged or isn't such a file: it is a cache, and remade.
    init?(contentsOf path: String) {
        guard let file = try? FileDescriptor.open(path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
            let words = try? file.readWords(limit: Self.limitInBytes)
        else { return nil }
        guard words.count >= Self.headerSize + Self.checksumSize, words[0] == Self.magic,
            words[1] == UInt64(Self.recordSize)
        else { return nil }
        let body = words.count - Self.headerSize - Self.checksumSize
        guard body % Self.recordSize == 0, words[2] == UInt64(body / Self.recordSize) else { return nil }
        guard Self.checksum(words, count: words.count - Self.checksumSize) == Array(words.suffix(Self.checksumSize))
        else {
            return nil
        }
        self.words = words
        count = body / Self.recordSize
    }

    var indices: Range<Int> { 0..<count }

    subscript(index: Int) -> Entry {
        let start = Self.headerSize + index * Self.recordSize
        let word = { (offset: Int) in self.words[start + offset] }
        var content = FileContent()
        content.digest = SIMD4(word(6), word(7), word(8), word(9))
        content.capability = SIMD4(word(10), word(11), word(12), word(13))
        return Entry(
            state: State(
                key: Key(device: word(0), inode: word(1)), size: word(2), modified: word(3), changed: word(4)),
            content: content, lastUse: word(5))
    }

    func index(of key: Key) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self.key(at: middle) < key { low = middle + 1 } else { high = middle }
        }
        return low < count && self.key(at: low) == key ? low : nil
    }

    private func key(at index: Int) -> Key {
        let start = Self.headerSize + index * Self.recordSize
        return Key(device: words[start], inode: words[start + 1])
    }

    /// The file's words for entries that come sorted, from two sides that have none in common.
    static func words(of old: some Sequence<Entry>, and new: [Entry]) -> [UInt64] {
        var words: [UInt64] = [magic, UInt64(recordSize), 0, 0]
        var rest = new[...]
        for entry in old {
            while let next = rest.first, next.state.key < entry.state.key { append(rest.removeFirst(), to: &words) }
            append(entry, to: &words)
        }
        for entry in rest { append(entry, to: &words) }
        words[2] = UInt64((words.count - headerSize) / recordSize)
        words += checksum(words, count: words.count)
        return words
    }

    private static func append(_ entry: Entry, to words: inout [UInt64]) {
        let state = entry.state
        words.append(state.key.device)
        words.append(state.key.inode)
        words.append(state.size)
        words.append(state.modified)
        words.append(state.changed)
        words.append(entry.lastUse)
        for index in 0..<4 { words.append(entry.content.digest[index]) }
        for index in 0..<4 { words.append(entry.content.capability[index]) }
    }

    private static func checksum(_ words: [UInt64], count: Int) -> [UInt64] {
        var hash = SHA256()
        hash.update(words.span.extracting(0..<count).bytes)
        let digest = FileContent(digest: hash.digest(), capability: []).digest
        return [digest[0], digest[1], digest[2], digest[3]]
    }
}
