import Glibc
import Hashing
import Linux

/// What a regular file holds: SHA-256 of its bytes, and the capabilities that it gives who runs it.
struct FileContent: Hashable, Sendable {
    /// The digest's bytes, eight to a number, in their order in memory.
    var digest: SIMD4<UInt64> = .zero
    /// The attribute `security.capability` (capabilities(7)), packed likewise into the first three numbers; its length in bytes
    /// is the last one, 0 where the file has none.
    var capability: SIMD4<UInt64> = .zero

    /// The longest there is: `struct vfs_ns_cap_data` of linux/capability.h.
    static let capabilityLimit = 24

    init() {}

    init(digest: [UInt8], capability: [UInt8]) {
        self.digest = Self.packed(digest)
        self.capability = Self.packed(capability)
        self.capability[3] = UInt64(capability.count)
    }

    private static func packed(_ bytes: [UInt8]) -> SIMD4<UInt64> {
        var numbers = SIMD4<UInt64>.zero
        for (index, byte) in bytes.enumerated() { numbers[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
        return numbers
    }
}

/// Which state of which file: the same in all of these is the same content, for Linux gives a file a new change time whenever
/// its content, mode, owner or attributes change, and nobody can set that back.
struct FileState: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let modified: FileTime
    let changed: FileTime

    init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        size = status.size
        modified = status.modified
        changed = status.changed
    }
}

/// Reads files and hashes them, with a buffer that is kept, and grows to what the largest of them needs.
struct FileHasher {
    private var buffer: [UInt8] = []
    private static let bufferLimit: Int64 = 256 << 10

    /// The content of an open file, and the state that it has had from the first byte to the last; nil if it was changed
    /// meanwhile: what was read may then be half of one state and half of another.
    mutating func content(
        of file: borrowing FileDescriptor
    ) throws(SystemCallError) -> (content: FileContent, status: FileStatus)? {
        let before = try file.status()
        let room = Int(min(max(before.size, 4096), Self.bufferLimit))
        if room > buffer.count { buffer = [UInt8](repeating: 0, count: room) }
        var hash = SHA256()
        var size: Int64 = 0
        while true {
            let count = try file.read(into: &buffer)
            hash.update(buffer.span.extracting(0..<count).bytes)
            size += Int64(count)
            // Who makes a file longer meanwhile changes its state; who never ends doing so isn't followed.
            if count == 0 || size >= before.size { break }
        }
        let capability = try file.extendedAttribute("security.capability", limit: FileContent.capabilityLimit)
        let after = try file.status()
        guard size == before.size, FileState(before) == FileState(after) else { return nil }
        return (FileContent(digest: hash.digest(), capability: capability ?? []), after)
    }
}
