import Builder
import Glibc
import Linux
import TestSupport
import Testing

@Suite("A layer that comes to be on top of others", .enabled(if: geteuid() == 0, "sets owners, which only root can"))
struct StagedLayerTests {
    private static let time = FileTime(seconds: 1_000_000)
    private static let new = StagedLayer.Attributes(modified: FileTime(seconds: 2_000_000))
    private static let file = StagedLayer.Attributes(userID: 5, groupID: 6, mode: 0o4711, modified: FileTime(seconds: 3_000_000))

    private func names(_ path: String) -> [PathBytes] { path.utf8.split(separator: UInt8(ascii: "/")).compactMap { PathBytes($0) } }

    private func lower(_ scratch: borrowing Scratch) throws {
        try Directory.create(scratch.path("lower/etc/app"))
        try Directory.create(scratch.path("top"))
        _ = try FileDescriptor.openEmpty(scratch.path("lower/etc/file"), mode: 0o600)
        let lower = try FileDescriptor.directory(scratch.path("lower"))
        try lower.makeSymlink(to: "etc", named: "link")
        for (path, mode) in [("lower/etc/app", 0o1777), ("lower/etc", 0o711), ("lower", 0o755)] as [(String, mode_t)] {
            let directory = try FileDescriptor.directory(scratch.path(path))
            try directory.changeOwner(userID: 3, groupID: 4)
            try directory.changeMode(mode)
            try directory.setTimes(accessed: nil, modified: Self.time)
        }
    }

    private func staged(_ scratch: borrowing Scratch) throws -> StagedLayer {
        try lower(scratch)
        return try StagedLayer(
            in: try FileDescriptor.directory(scratch.path("top")), over: try LayeredTree([scratch.path("lower")]), missing: Self.new)
    }

    private func listing(_ scratch: borrowing Scratch) throws -> [String] {
        let run = try ProgramRun.of("/bin/sh", ["-c", "cd '\(scratch.path("top"))' && find . -printf '%p %y %U:%G %m %T@ %l\\n' | sort"])
        return run.text.split(separator: "\n").map { line in
            line.split(separator: " ").map { $0.hasSuffix(".0000000000") ? String($0.dropLast(11)) : String($0) }.joined(separator: " ")
        }
    }

    @Test("has directories on the way as they are below, new ones as they are to be, and files with all they have")
    func contents() throws {
        let scratch = try Scratch()
        let staged = try staged(scratch)
        try staged.putFile(names("/etc/app/x"), Self.file) { try $0.writeAll("content") }
        try staged.putFile(names("/new/y"), Self.file) { _ in }
        try staged.putSymlink(names("/etc/s"), to: "/anywhere", Self.file)
        try staged.putNode(names("/etc/fifo"), .fifo, Self.file)
        try staged.putLink(names("/etc/z"), to: names("/etc/app/x"))
        try staged.putDirectory(names("/etc/own"), Self.file)
        try staged.putDirectory(names("/etc/app"), nil)
        try staged.finish()
        let expected = [
            ". d 3:4 755 1000000", "./etc d 3:4 711 1000000", "./etc/app d 3:4 1777 1000000", "./etc/app/x f 5:6 4711 3000000",
            "./etc/fifo p 5:6 4711 3000000", "./etc/own d 5:6 4711 3000000", "./etc/s l 5:6 777 3000000 /anywhere", "./etc/z f 5:6 4711 3000000",
            "./new d 0:0 755 2000000", "./new/y f 5:6 4711 3000000",
        ]
        #expect(try listing(scratch) == expected)
        #expect(try FileDescriptor.status(of: scratch.path("top/etc/z")).inode == FileDescriptor.status(of: scratch.path("top/etc/app/x")).inode)
    }

    @Test("what was put is put again in its place; a file is no directory's place, nor a directory a file's")
    func conflicts() throws {
        let scratch = try Scratch()
        let staged = try staged(scratch)
        try staged.putFile(names("/a"), Self.file) { try $0.writeAll("one") }
        try staged.putFile(names("/a"), Self.file) { try $0.writeAll("two") }
        #expect(try FileDescriptor.contents(of: scratch.path("top/a")) == Array("two".utf8))
        try staged.putFile(names("/etc/file"), Self.file) { _ in }
        try staged.putFile(names("/link"), Self.file) { _ in }
        #expect(throws: StagingError.isDirectory("/etc")) { try staged.putFile(names("/etc"), Self.file) { _ in } }
        #expect(throws: StagingError.notDirectory("/etc/file")) { try staged.putDirectory(names("/etc/file/x"), nil) }
        #expect(throws: StagingError.notDirectory("/a")) { try staged.putDirectory(names("/a"), Self.file) }
        let fresh = try Scratch()
        let other = try self.staged(fresh)
        #expect(throws: StagingError.notDirectory("/link")) { try other.putDirectory(names("/link"), nil) }
        #expect(throws: StagingError.isDirectory("/")) { try other.putFile([], Self.file) { _ in } }
    }
}
