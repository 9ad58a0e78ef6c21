import Glibc
import Linux
import Testing
import TestSupport

/// Contexts that are no directory.
@Suite("A build's context from elsewhere", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildContextSourceTests: ~Copyable {
    let scratch: Scratch

    init() throws {
        let scratch = try Scratch([
            "web/c/Dockerfile": "FROM busybox\nCOPY f /f\n", "web/c/f": "content\n", "web/c/other": "FROM busybox\nCOPY f /other\n",
            "web/Dockerfile": "FROM busybox\nCOPY <<E /alone\nalone\nE\n",
        ])
        let made = try ProgramRun.of("/bin/sh", ["-c", "cd '\(scratch.path("web"))'; tar cf c.tar -C c . && gzip -k c.tar && xz -k c.tar && bzip2 -k c.tar && zstd -q c.tar"])
        #expect(made.status == 0, "\(made)")
        self.scratch = scratch
    }

    private func file(_ name: String) throws -> [UInt8] { try FileDescriptor.contents(of: scratch.path("web/" + name)) }

    @Test("may be an archive on standard input, compressed or not", arguments: ["c.tar", "c.tar.gz", "c.tar.xz", "c.tar.bz2", "c.tar.zst"])
    func archive(name: String) throws {
        let store = try TestStore()
        try store.hako(["build", "-q", "-t", "made", "-"], input: try file(name)).expectSuccess()
        #expect(try store.made("cat /f") == ["content"])
        try store.hako(["build", "-q", "-t", "made", "-f", "./other", "-"], input: try file(name)).expectSuccess()
        #expect(try store.made("cat /other") == ["content"])
        #expect(try FileDescriptor.directory(store.root + "/layers/.ingest").names().isEmpty)
    }

    @Test("may be a Dockerfile alone, on standard input or at an address, or an archive there")
    func dockerfile() throws {
        let server = try FileServer(scratch.path("web"))
        let store = try TestStore()
        try store.hako(["build", "-q", "-t", "made", "-"], input: try file("Dockerfile")).expectSuccess()
        #expect(try store.made("cat /alone") == ["alone"])
        try store.hako("build", "-q", "-t", "made", "\(server.address)/Dockerfile").expectSuccess()
        #expect(try store.made("cat /alone") == ["alone"])
        try store.hako("build", "-q", "-t", "made", "-f", "other", "\(server.address)/c.tar.gz").expectSuccess()
        #expect(try store.made("cat /other") == ["content"])
        for (words, message) in [
            (["-f", "x", "-"], "ambiguous Dockerfile source"), (["-f", "-", "-"], "can't use stdin for both"), (["\(server.address)/none"], "invalid response status 404"),
            (["-f", "none", "\(server.address)/c.tar"], "open none: no such file or directory"), (["ftp://host/x"], "unsupported protocol"),
        ] {
            let run = try store.hako(["build"] + words, input: try file("Dockerfile"))
            #expect(run.status == 1 && run.error.contains(message), "\(words): \(run)")
        }
    }

    @Test("is refused where an archive would leave it, and shows nothing of the host (T-B1)")
    func hostile() throws {
        let script = """
            import io, sys, tarfile
            def add(t, name, **k):
                i = tarfile.TarInfo(name)
                for a, v in k.items():
                    if a != "data": setattr(i, a, v)
                d = k.get("data", b""); i.size = len(d); t.addfile(i, io.BytesIO(d))
            canary = sys.argv[1]
            for number, entries in enumerate([
                [("../escaped", {})], [("link", dict(type=tarfile.SYMTYPE, linkname="/")), ("link" + canary + ".new", {})],
                [("hard", dict(type=tarfile.LNKTYPE, linkname=canary))],
                [("f", dict(type=tarfile.SYMTYPE, linkname=canary))],
            ]):
                with tarfile.open("%s/%d.tar" % (sys.argv[2], number), "w") as t:
                    add(t, "Dockerfile", data=b"FROM busybox\\nCOPY f* hard* /seen/\\n")
                    for name, k in entries: add(t, name, **k)
            """
        try scratch.add("canary", .file(Array("secret of the host".utf8)))
        let made = try ProgramRun.of("/usr/bin/python3", ["-c", script, scratch.path("canary"), scratch.path("web")])
        #expect(made.status == 0, "\(made)")
        let store = try TestStore()
        for number in 0..<4 {
            let run = try store.hako(["build", "-t", "made", "-"], input: try file("\(number).tar"))
            guard run.status == 0 else { continue }
            #expect(try !store.made("cat /seen/* 2>/dev/null; true").joined().contains("secret"), "archive \(number)")
        }
        #expect(access(scratch.path("canary.new"), F_OK) != 0)
        #expect(try FileDescriptor.contents(of: scratch.path("canary")) == Array("secret of the host".utf8))
    }

    @Test(
        "may be a git repository, or a part of one, and others have a name",
        .enabled(if: Program.isInstalled("git", "/usr/lib/git-core/git-http-backend"), "git is not installed"))
    func repository() throws {
        try FileServer.repositories(
            in: scratch.path("web"),
            """
            git init -q -b main a; cd a; mkdir sub; printf 'FROM busybox\\nCOPY . /c\\n' > sub/Dockerfile; echo one > sub/f; git add .; git commit -qm one
            cd ..; git clone -q --bare a "$R/a.git"
            """)
        let server = try FileServer(scratch.path("web"), isSmart: true)
        let store = try TestStore()
        try store.hako("build", "-q", "-t", "made", "\(server.address)/a.git#main:sub").expectSuccess()
        #expect(try store.made("ls -A /c; cat /c/f") == ["Dockerfile", "f", "one"])
        let words = [
            "build", "-q", "-t", "made", "--build-context", "git=\(server.address)/a.git#:sub", "--build-context", "tar=\(server.address)/c.tar.gz",
            "--build-context", "dir=\(scratch.path("web/c"))", "--build-context", "img=docker-image://busybox", "-",
        ]
        let dockerfile = "FROM img\nCOPY --from=git f /git\nCOPY --from=tar f /tar\nCOPY --from=dir f /dir\n"
        try store.hako(words, input: Array(dockerfile.utf8)).expectSuccess()
        #expect(try store.made("cat /git /tar /dir") == ["one", "content", "content"])
    }

    @Test("may name an image of an OCI layout")
    func layout() throws {
        let store = try TestStore()
        let saved = scratch.path("saved.tar")
        try store.hako("save", "-o", saved, "busybox").expectSuccess()
        let unpacked = try ProgramRun.of("/bin/sh", ["-c", "mkdir '\(scratch.path("layout"))' && tar xf '\(saved)' -C '\(scratch.path("layout"))'"])
        #expect(unpacked.status == 0, "\(unpacked)")
        let other = try TestStore(images: [])
        try other.hako(
            ["build", "-q", "-t", "made", "--build-context", "base=oci-layout://\(scratch.path("layout")):latest", "-"],
            input: Array("FROM base\nCOPY <<E /f\nx\nE\n".utf8)
        ).expectSuccess()
        #expect(try other.made("cat /f") == ["x"])
        let missing = try other.hako(
            ["build", "--build-context", "base=oci-layout://\(scratch.path("layout")):none", "-"], input: Array("FROM base\n".utf8))
        #expect(missing.status == 1 && missing.error.contains("no image tagged none"), "\(missing)")
    }
}
