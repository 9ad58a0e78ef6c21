import Archive
import Glibc
import Linux
import Testing
import TestSupport

/// Who wrote an archive, and how it is asked to.
private struct Writer: Sendable, CustomStringConvertible {
    let program: String
    let options: [String]
    /// v7 and ustar know neither long names nor fractions of a second nor attributes.
    let isExact: Bool
    var description: String { ([program] + options).joined(separator: " ") }

    static let all = [
        Writer(program: "/usr/bin/tar", options: ["--format=v7"], isExact: false),
        Writer(program: "/usr/bin/tar", options: ["--format=oldgnu", "--sparse"], isExact: false),
        Writer(program: "/usr/bin/tar", options: ["--format=gnu", "--sparse"], isExact: false),
        Writer(program: "/usr/bin/tar", options: ["--format=ustar"], isExact: false),
        Writer(program: "/usr/bin/tar", options: ["--format=posix", "--xattrs", "--xattrs-include=*"], isExact: true),
        Writer(
            program: "/usr/bin/tar", options: ["--format=posix", "--sparse", "--sparse-version=0.0", "--xattrs"],
            isExact: true),
        Writer(
            program: "/usr/bin/tar", options: ["--format=posix", "--sparse", "--sparse-version=0.1", "--xattrs"],
            isExact: true),
        Writer(
            program: "/usr/bin/tar", options: ["--format=posix", "--sparse", "--sparse-version=1.0", "--xattrs"],
            isExact: true),
        Writer(program: "/usr/bin/bsdtar", options: ["--format=pax", "--no-acls", "--no-fflags"], isExact: true),
        Writer(program: "/usr/bin/bsdtar", options: ["--format=gnutar"], isExact: false),
        Writer(program: "/usr/bin/bsdtar", options: ["--format=ustar"], isExact: false),
    ]
}

private func isInstalled(_ program: String) -> Bool { access(program, X_OK) == 0 }

@Suite("Archives of other programs")
struct ForeignArchiveTests {
    @Test("of GNU tar unpack to the tree that they were made of", arguments: Writer.all.filter { $0.program == "/usr/bin/tar" })
    fileprivate func gnu(writer: Writer) throws { try roundTrip(writer) }

    @Test(
        "of bsdtar unpack to the tree that they were made of",
        .enabled(if: isInstalled("/usr/bin/bsdtar"), "needs bsdtar (libarchive-tools)"),
        arguments: Writer.all.filter { $0.program == "/usr/bin/bsdtar" })
    fileprivate func libarchive(writer: Writer) throws { try roundTrip(writer) }

    private func roundTrip(_ writer: Writer) throws {
        let scratch = try Scratch(["layer": .directory])
        let tree = scratch.path("tree")
        try makeTree(at: tree, isExact: writer.isExact, hasNodes: writer.options != ["--format=v7"])
        try run(writer.program, ["-c", "-f", scratch.path("a.tar"), "-C", tree] + writer.options + ["."])
        let source = FileSource(try FileDescriptor.open(scratch.path("a.tar")))
        _ = try LayerUnpacker.unpack(source, into: try FileDescriptor.directory(scratch.path("layer")))
        let (expected, unpacked) = (try snapshot(of: tree), try snapshot(of: scratch.path("layer")))
        #expect(unpacked == expected)
        if writer.description.contains("sparse") {
            let status = try FileDescriptor.status(of: scratch.path("layer/sparse"))
            #expect(status.blocks * 512 < status.size / 2)
        }
    }

    private func makeTree(at root: String, isExact: Bool, hasNodes: Bool) throws {
        try Directory.create(root + "/dir", mode: 0o750)
        let top = try FileDescriptor.directory(root)
        try FileDescriptor.open(root + "/empty", flags: O_WRONLY | O_CREAT, mode: 0o644).close()
        let file = try FileDescriptor.open(root + "/dir/file", flags: O_WRONLY | O_CREAT, mode: 0o600)
        try file.writeAll((0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7) })
        try file.changeOwner(userID: 1000, groupID: 2000)
        try file.changeMode(0o6755)
        if isExact {
            try file.setExtendedAttribute("user.test", to: [1, 0, 10, 255])
            let long = String(repeating: "long-", count: 30)
            try FileDescriptor.open("\(root)/\(long)", flags: O_WRONLY | O_CREAT, mode: 0o644).writeAll("long")
            try top.makeSymlink(to: "\(long)/\(long)", named: "long-link")
            try FileDescriptor.open("\(root)/f\u{e9}e\u{301}", flags: O_WRONLY | O_CREAT, mode: 0o644).writeAll("x")
            try top.setTimes(of: "empty", accessed: nil, modified: FileTime(seconds: 1_234_567_890, nanoseconds: 987_654_321))
        }
        try top.makeSymlink(to: "../dir/file", named: "link")
        try FileDescriptor.link("file", in: try top.openChild("dir"), as: "hard", in: top)
        if hasNodes {
            try top.makeNode(.fifo, named: "fifo", mode: 0o600)
            try top.makeNode(.characterDevice(major: 1, minor: 3), named: "null", mode: 0o600)
            try top.makeNode(.blockDevice(major: 7, minor: 200), named: "loop", mode: 0o600)
        }
        try makeSparse(root + "/sparse")
        if !isExact { try truncateTimes(below: top) }
    }

    private func makeSparse(_ path: String) throws {
        let sparse = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT, mode: 0o644)
        for index in 0..<40 {
            try sparse.seek(to: Int64(index) * 200_000)
            try sparse.writeAll("data \(index)")
        }
        try sparse.truncate(to: 9_000_001)
    }

    /// Whole seconds, for formats that have nothing else. Deepest first: names change the time of their directory.
    private func truncateTimes(below top: borrowing FileDescriptor) throws {
        let time = FileTime(seconds: 1_111_111_111)
        for name in try top.openChild("dir").names() {
            try top.openChild("dir").setTimes(of: name, accessed: nil, modified: time)
        }
        for name in try top.names() { try top.setTimes(of: name, accessed: nil, modified: time) }
    }
}
