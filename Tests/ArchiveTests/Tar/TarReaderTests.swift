import Archive
import Linux
import Testing
import TestSupport

@Suite("Reading tar streams")
struct TarReaderTests {
    private func entries(_ bytes: [UInt8], chunkSize: Int = .max) throws -> [TarEntry] {
        let reader = TarReader(MemorySource(bytes, chunkSize: chunkSize))
        var entries: [TarEntry] = []
        while var entry = try reader.next() {
            entry.offset = 0
            entries.append(entry)
        }
        return entries
    }

    private let sample = TarEntry(
        .regular, "name", size: 0, mode: 0o4711, userID: 4_000_000_000, groupID: 3_000_000,
        modified: FileTime(seconds: -2, nanoseconds: 500_000_000), accessed: FileTime(seconds: 1 << 40, nanoseconds: 1),
        attributes: [ExtendedAttribute("user.a", [0, 10, 61]), ExtendedAttribute("user.b", [])])

    @Test("gives back what was written, whatever the pieces it comes in", arguments: [1, 511, 512, 513, .max])
    func roundTrip(chunkSize: Int) throws {
        var long = sample
        long.name = PathBytes(stringLiteral: String(repeating: "é/", count: 300) + "x")
        var link = TarEntry(.symlink, "l", linkTarget: PathBytes(stringLiteral: String(repeating: "t", count: 3000)), mode: 0o777)
        link.modified = FileTime(seconds: 1, nanoseconds: 10)
        let written = [sample, long, link, TarEntry(.characterDevice(major: 4095, minor: 1_048_575), "c")]
        let bytes = try tar(written.map { Entry($0) })
        #expect(try entries(bytes, chunkSize: chunkSize) == written)
    }

    @Test("gives bodies whole, in parts, or not at all")
    func bodies() throws {
        let body = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        let files = ["a", "b", "c", "d"].map { Entry(TarEntry(.regular, PathBytes(stringLiteral: $0)), body) }
        let reader = TarReader(MemorySource(try tar(files), chunkSize: 333))
        #expect(try reader.next()?.size == 5000)
        #expect(try reader.readBody(limit: 5000) == body)
        _ = try reader.next()
        var part = [UInt8](repeating: 0, count: 10)
        let count = try reader.readBody(into: &part)
        #expect(Array(part[..<count]) == Array(body[..<count]))
        _ = try reader.next()
        let stale = TarBodySource(reader)
        #expect(throws: ArchiveError.self) { try reader.readBody(limit: 4999) }
        #expect(try reader.next()?.name == "d")
        #expect(throws: ArchiveError.self) { try stale.read(into: &part) }
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
    }

    @Test("reads an archive inside of an archive")
    func nested() throws {
        let inner = try tar([.file("deep", "inside")])
        let reader = TarReader(MemorySource(try tar([Entry(TarEntry(.regular, "layer.tar"), inner)]), chunkSize: 100))
        _ = try reader.next()
        let nested = TarReader(TarBodySource(reader))
        #expect(try nested.next()?.name == "deep")
        #expect(try nested.readBody(limit: 100) == Array("inside".utf8))
    }

    @Test("says where a damaged header is")
    func damaged() throws {
        var bytes = try tar([.file("a", "x"), .file("b", "y")])
        bytes[1024] = 0x7A
        let error = #expect(throws: ArchiveError.self) { _ = try entries(bytes) }
        #expect(error?.reason == .wrongChecksum)
        #expect(error?.offset == 1024)
    }

    @Test("takes a missing end marker for the end, and a missing piece for an error")
    func truncated() throws {
        let bytes = try tar([.file("a", "x"), .file("b", "y")])
        #expect(try entries(Array(bytes[..<2048])).count == 2)
        for end in [1, 100, 511, 512, 1025, 1500, 1536] {
            let error = #expect(throws: ArchiveError.self) { _ = try entries(Array(bytes[..<end])) }
            #expect(error?.reason == .truncated)
        }
    }

    @Test("takes a stream that ends with its last file's last byte, as umoci leaves some", arguments: [1, 248, 512])
    func withoutPadding(size: Int) throws {
        let body = [UInt8](repeating: 7, count: size)
        let bytes = Array(try tar([Entry(TarEntry(.regular, "last"), body)]).prefix(512 + size))
        let reader = TarReader(MemorySource(bytes))
        _ = try reader.next()
        #expect(try reader.readBody(limit: size) == body)
        #expect(try reader.next() == nil)
        try reader.finish()
    }

    @Test("accepts a checksum of signed characters")
    func signedChecksum() throws {
        var bytes = try tar([.file("a")])
        bytes[0] = 0xE9
        bytes.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
        let sum = bytes[..<512].reduce(0) { $0 + Int(Int8(bitPattern: $1)) }
        let digits = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - digits.utf8.count) + digits
        bytes.replaceSubrange(148..<156, with: Array(field.utf8) + [0, 0x20])
        #expect(try entries(bytes).first?.name.bytes == [0xE9])
    }

    @Test(
        "refuses numbers that are none or mean something else",
        arguments: [
            (100, "0000z44"), (108, "77777777"), (124, "12 34567890"), (124, "99999999999"), (136, "-0000000001"),
        ])
    func badNumbers(offset: Int, text: String) throws {
        var bytes = try tar([.file("a")])
        setField(&bytes, at: offset, to: text)
        if offset == 108 {
            #expect(try entries(bytes).first?.userID == 0o77777777)
        } else {
            #expect(throws: ArchiveError.self) { _ = try entries(bytes) }
        }
    }

    @Test("applies a global header to what follows, but for names and sizes")
    func globalHeader() throws {
        let records = "13 uid=12345\n13 path=evil\n25 SCHILY.xattr.user.g=1\n"
        var global = try tar([Entry(TarEntry(.regular, "g"), Array(records.utf8))])
        setField(&global, at: 156, to: "g")
        let read = try entries(Array(global[..<1024]) + tar([.file("a"), .file("b")]))
        #expect(read.map(\.name) == ["a", "b"])
        #expect(read.allSatisfy { $0.userID == 12345 && $0.attributes == [ExtendedAttribute("user.g", [0x31])] })
    }

    @Test("reads libarchive's attributes")
    func libarchiveAttributes() throws {
        let records = "40 LIBARCHIVE.xattr.user.sp%20ce=AAEC/w\n"
        var pax = try tar([Entry(TarEntry(.regular, "p"), Array(records.utf8))])
        setField(&pax, at: 156, to: "x")
        let read = try entries(Array(pax[..<1024]) + tar([.file("a")]))
        #expect(read.first?.attributes == [ExtendedAttribute("user.sp ce", [0, 1, 2, 255])])
    }

    @Test(
        "refuses pax records that don't add up",
        arguments: [
            "5 a=b\n", "7 a=b\n", "x a=b\n", "6 a=bc", "99999999999999999999 a=b\n", "6 =abc\n", "0 a=b\n", "14 path=a\u{0}bcd\n",
            "11 uid=-1\n", "20 uid=99999999999\n", "13 mtime=1e3\n", "22 GNU.sparse.map=1,2\n",
        ])
    func badRecords(text: String) throws {
        var pax = try tar([Entry(TarEntry(.regular, "p"), Array(text.utf8))])
        setField(&pax, at: 156, to: "x")
        #expect(throws: ArchiveError.self) { _ = try entries(Array(pax[..<1024]) + tar([.file("a")])) }
    }
}
