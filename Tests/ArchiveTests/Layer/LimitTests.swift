import Archive
import Linux
import Testing

@Suite("Limits of what a layer may ask for (T-I8)")
struct LimitTests {
    private func limit(
        _ limits: ExtractionLimits, _ entries: [Entry]
    ) throws -> ArchiveError.Reason? {
        let error = #expect(throws: ArchiveError.self) { try LayerScratch().unpack(entries, limits: limits) }
        return error?.reason
    }

    @Test("name themselves in the error")
    func named() throws {
        var attributes = Entry.file("f")
        attributes.entry.attributes = [ExtendedAttribute("user.a", [UInt8](repeating: 0, count: 500))]
        let long = PathBytes(stringLiteral: String(repeating: "n", count: 201))
        #expect(try limit(ExtractionLimits(totalInBytes: 9), [.file("f", "0123456789")]) == .limit(.totalInBytes, 9))
        #expect(try limit(ExtractionLimits(totalInBytes: 9), [.file("f", "01234"), .file("g", "01234")]) == .limit(.totalInBytes, 9))
        #expect(try limit(ExtractionLimits(entries: 2), [.file("a"), .file("b"), .file("c")]) == .limit(.entries, 2))
        #expect(try limit(ExtractionLimits(headerInBytes: 100), [.file(long)]) == .limit(.headerInBytes, 100))
        #expect(try limit(ExtractionLimits(pathInBytes: 200), [.file(long)]) == .limit(.pathInBytes, 200))
        #expect(try limit(ExtractionLimits(depth: 3), [.file("a/b/c/d")]) == .limit(.depth, 3))
        #expect(try limit(ExtractionLimits(attributesInBytes: 400), [attributes]) == .limit(.attributesInBytes, 400))
        #expect(try limit(ExtractionLimits(implicitDirectories: 2), [.file("a/b/c/d")]) == .limit(.implicitDirectories, 2))
    }

    @Test("stop a name that is deeper than any tree, also by way of symlinks")
    func depth() throws {
        let deep = PathBytes(stringLiteral: String(repeating: "a/", count: 2000) + "f")
        #expect(try limit(ExtractionLimits(), [.file(deep)]) == .limit(.depth, 512))
        // Each link leads through 300 directories, the second from where the first ended.
        let step = String(repeating: "b/", count: 300)
        let entries: [Entry] = [
            .symlink("l", PathBytes(stringLiteral: step)), .file("l/x"),
            .symlink(PathBytes(stringLiteral: step + "m"), PathBytes(stringLiteral: step)),
            .file(PathBytes(stringLiteral: step + "m/x")),
        ]
        #expect(try limit(ExtractionLimits(), entries) == .limit(.depth, 512))
    }

    @Test("refuse a header of a gigabyte before reading it")
    func hugeHeader() throws {
        var archive = try tar([.file(PathBytes(stringLiteral: String(repeating: "n", count: 200)))])
        // The size of the pax header, with the checksum to match.
        setField(&archive, at: 124, to: "10000000000")
        let error = #expect(throws: ArchiveError.self) { try LayerScratch().unpack(archive) }
        #expect(error?.reason == .limit(.headerInBytes, 1 << 20))
    }

    @Test("stop a stream of empty files, whose names take no memory")
    func manyEntries() throws {
        let source = RepeatingSource(try Array(tar([.file("f")]).prefix(512)))
        let reader = TarReader(source, limits: ExtractionLimits(entries: 20_000))
        let error = #expect(throws: ArchiveError.self) { while try reader.next() != nil {} }
        #expect(error?.reason == .limit(.entries, 20_000))
    }
}

/// Writes text at an offset of the first block and makes its checksum right.
func setField(_ archive: inout [UInt8], at offset: Int, to text: String) {
    archive.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    archive.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
    let sum = archive[..<512].reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    archive.replaceSubrange(148..<156, with: Array((String(repeating: "0", count: 6 - digits.utf8.count) + digits).utf8) + [0, 0x20])
}

/// The same block for ever.
private final class RepeatingSource: ByteSource {
    private let block: [UInt8]
    init(_ block: [UInt8]) { self.block = block }
    func read(into buffer: inout [UInt8]) -> Int {
        var filled = 0
        while filled + block.count <= buffer.count {
            buffer.replaceSubrange(filled..<filled + block.count, with: block)
            filled += block.count
        }
        return filled
    }
}
