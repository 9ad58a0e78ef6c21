import Archive
import Linux
import Testing

@Suite("Whiteouts")
struct WhiteoutTests {
    @Test("become overlay's own")
    func becomeOverlays() throws {
        let scratch = try LayerScratch()
        try scratch.unpack([
            .directory("a", modified: 7), .file("a/.wh.gone"), .directory("b"), .file("b/kept", "x"), .file("b/.wh..wh..opq"),
            .file(".wh.top"), .file(".wh..wh.plnk/123"), .file("a/.wh..wh.aufs"), .file("c/.wh..opq"),
        ])
        #expect(try scratch.status("a/gone").isWhiteout)
        #expect(try scratch.status("top").isWhiteout)
        #expect(try scratch.status("c/.opq").isWhiteout)
        #expect(try scratch.attribute("trusted.overlay.opaque", of: "b") == Array("y".utf8))
        #expect(try scratch.contents("b/kept") == Array("x".utf8))
        #expect(try scratch.status("a").modified.seconds == 7)
        #expect(try scratch.tree().map { $0.split(separator: " ")[0] } == ["a", "a/gone", "b", "b/kept", "c", "c/.opq", "top"])
    }

    @Test(
        "that name nothing, a parent, or more than one component are refused",
        arguments: [".wh.", ".wh..", ".wh...", "d/.wh...", "d/.wh..", ".wh.a/b", "d/.wh.x/y/z"])
    func refused(name: String) throws {
        let scratch = try LayerScratch()
        let before = try snapshot(of: scratch.canary)
        let error = #expect(throws: ArchiveError.self) {
            try scratch.unpack([.file("d/f", "x"), .file(PathBytes(stringLiteral: name))])
        }
        #expect(error?.reason == .refusedWhiteout)
        #expect(try scratch.contents("d/f") == Array("x".utf8))
        #expect(try snapshot(of: scratch.canary) == before)
    }

    @Test("can't be made by a device or a second name of one")
    func noDevices() throws {
        let device = Entry(TarEntry(.characterDevice(major: 0, minor: 0), "etc"))
        let error = #expect(throws: ArchiveError.self) { try LayerScratch().unpack([device]) }
        #expect(error?.reason == .refusedWhiteout)
        let link = #expect(throws: ArchiveError.self) {
            try LayerScratch().unpack([.file(".wh.a"), .hardLink("etc", "a")])
        }
        #expect(link?.reason == .missingHardLinkTarget("a"))
    }

    @Test("leave alone what their own layer has", arguments: [true, false])
    func ownLayer(whiteoutFirst: Bool) throws {
        let scratch = try LayerScratch()
        let whiteouts: [Entry] = [.file(".wh.f"), .file(".wh.d"), .file(".wh.l"), .file(".wh.i")]
        let files: [Entry] = [.file("f", "x"), .directory("d"), .file("d/x", "y"), .symlink("l", "f"), .file("i/x", "z")]
        try scratch.unpack(whiteoutFirst ? whiteouts + files : files + whiteouts)
        #expect(try scratch.contents("f") == Array("x".utf8))
        #expect(try scratch.contents("d/x") == Array("y".utf8))
        #expect(try scratch.status("l").kind == .symlink)
        // The directory below is hidden, the one of this layer shows.
        #expect(try scratch.attribute("trusted.overlay.opaque", of: "d") == Array("y".utf8))
        #expect(try scratch.attribute("trusted.overlay.opaque", of: "i") == Array("y".utf8))
        #expect(try scratch.contents("i/x") == Array("z".utf8))
    }

    @Test("under a symlink hide only what is inside of the layer")
    func underSymlink() throws {
        let scratch = try LayerScratch()
        let before = try snapshot(of: scratch.canary)
        try scratch.unpack([
            .directory("real"), .file("real/x", "x"), .symlink("link", "real"), .file("link/.wh.y"), .file("link/.wh.x"),
            .symlink("out", PathBytes(stringLiteral: scratch.canary)), .file("out/.wh.secret"),
        ])
        #expect(try scratch.status("real/y").isWhiteout)
        #expect(try scratch.contents("real/x") == Array("x".utf8))
        #expect(try snapshot(of: scratch.canary) == before)
    }

    @Test("a directory in the place of a file of the same layer starts empty")
    func directoryOverFile() throws {
        let scratch = try LayerScratch()
        try scratch.unpack([.file("a", "x"), .directory("a"), .directory("b"), .directory("b")])
        #expect(try scratch.attribute("trusted.overlay.opaque", of: "a") == Array("y".utf8))
        #expect(try scratch.attribute("trusted.overlay.opaque", of: "b") == nil)
    }
}
