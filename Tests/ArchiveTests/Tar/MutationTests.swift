import Archive
import Glibc
import Linux
import TestSupport
import Testing

/// T-I9: Swift ends the process on overflow and on a bad index, so every byte that can be wrong has to be tried.
@Suite("Mangled archives")
struct MutationTests {
    /// All with HAKO_TEST_ALL=1, else a part.
    private static let count = getenv("HAKO_TEST_ALL") != nil ? 100_000 : 1_000

    /// Entries of all kinds, with pax headers, sparse maps in every version and GNU headers.
    private static func seeds() throws -> [[UInt8]] {
        var rich = Entry.file("name", "body")
        rich.entry.attributes = [ExtendedAttribute("user.a", [1, 2, 3])]
        rich.entry.modified = FileTime(seconds: 5, nanoseconds: 6)
        let plain = try tar([
            rich, .directory("d"), .symlink("l", "d"), .hardLink("h", "name"), .file("d/.wh.x"),
            Entry(TarEntry(.characterDevice(major: 1, minor: 2), "c")), .file(PathBytes(stringLiteral: String(repeating: "n", count: 150))),
        ])
        let sparse = [
            ("x", "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n27 GNU.sparse.realsize=99\n", "1\n10\n5\n" + String(repeating: "\0", count: 504) + "hello"),
            ("x", "23 GNU.sparse.size=99\n23 GNU.sparse.map=10,5\n", "hello"),
            (
                "x",
                "23 GNU.sparse.size=99\n26 GNU.sparse.numblocks=1\n24 GNU.sparse.offset=10\n25 GNU.sparse.numbytes=5\n",
                "hello"
            ),
            ("L", "long-name\0", "x"),
        ]
        let extended = try sparse.flatMap { flag, records, body -> [UInt8] in
            var header = try tar([Entry(TarEntry(.regular, "p"), Array(records.utf8))])
            setField(&header, at: 156, to: flag)
            return try Array(header[..<1024]) + tar([.file("sparse", body)]).dropLast(1024)
        }
        return [plain, extended + [UInt8](repeating: 0, count: 1024)]
    }

    @Test("give an error or a tree, never a crash")
    func mutations() throws {
        let scratch = try LayerScratch()
        let before = try snapshot(of: scratch.canary)
        let seeds = try Self.seeds()
        var random = SplitMix(state: 42)
        for round in 0..<Self.count {
            var bytes = seeds[round % seeds.count]
            mutate(&bytes, &random)
            let reader = TarReader(MemorySource(bytes, chunkSize: 1 + Int(random.next() % 2000)))
            var buffer = [UInt8](repeating: 0, count: 256)
            do {
                while try reader.next() != nil {
                    // A sparse file may claim 2⁶² zeros.
                    for _ in 0..<64 where try reader.readBody(into: &buffer) > 0 {}
                }
                try reader.finish()
            } catch is ArchiveError {}
            // Unpacking costs more than reading: a tenth of them.
            guard round % 10 == 0 else { continue }
            do { try scratch.unpack(bytes) } catch is ArchiveError {}
        }
        #expect(try snapshot(of: scratch.canary) == before)
    }

    /// Changes some bytes and makes all checksums right again, as else hardly one would come further.
    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        let interesting: [UInt8] = [0, 0x20, 0x30, 0x37, 0x39, 0x7F, 0x80, 0xFF, 0x0A, 0x2F, 0x2E, 0x3D, 0x78, 0x67, 0x53]
        for _ in 0..<(1 + random.next() % 6) {
            let index = Int(random.next() % UInt64(bytes.count))
            bytes[index] =
                random.next() % 2 == 0
                ? interesting[Int(random.next() % UInt64(interesting.count))] : UInt8(truncatingIfNeeded: random.next())
        }
        if random.next() % 8 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
        guard random.next() % 4 != 0 else { return }
        for start in stride(from: 0, to: bytes.count - 511, by: 512) where bytes[start + 257] == UInt8(ascii: "u") {
            var block = Array(bytes[start..<start + 512])
            setField(&block, at: 0, to: "")
            bytes.replaceSubrange(start..<start + 512, with: block)
        }
    }
}
