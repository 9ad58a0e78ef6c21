import Glibc
import Linux
import Testing
import TestSupport

/// ADD of what is elsewhere.
@Suite("A build that adds files of the web", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildRemoteFileTests: ~Copyable {
    let scratch: Scratch

    init() throws { scratch = try Scratch(["web/file.txt": "content\n", "web/a [x]*.txt": "odd\n"]) }

    @Test("has them under the address's name, for their owner alone, of the server's time")
    func file() throws {
        let server = try FileServer(scratch.path("web"))
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            ADD \(server.address)/file.txt /dir/
            ADD \(server.address)/file.txt?x=/y /named
            ADD --chmod=644 --chown=5:6 \(server.address)/file.txt /own
            """)
        #expect(try store.files("/dir /named /own") == ["/dir d 755 0:0", "/dir/file.txt f 600 0:0", "/named f 600 0:0", "/own f 644 5:6"])
        #expect(try store.made("cat /named; stat -c %Y /named") == ["content", "784111777"])
        #expect(try store.history(of: "made").last == "ADD --chown=5:6 --chmod=644 \(server.address)/file.txt /own # buildkit +")
    }

    @Test("puts files of the context and of the web into one directory, and unpacks archives of the web only where that is said")
    func mixed() throws {
        let made = try ProgramRun.of("/bin/sh", ["-c", "cd '\(scratch.root)' && mkdir t && echo in > t/inside && tar czf web/t.tgz -C t inside"])
        #expect(made.status == 0, "\(made)")
        let server = try FileServer(scratch.path("web"))
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            ADD a \(server.address)/t.tgz b <<C /dir/
            here
            C
            ADD --unpack \(server.address)/t.tgz /unpacked
            """, context: "echo a > a; echo b > b")
        #expect(try store.made("ls /dir /unpacked; cat /unpacked/inside") == ["/dir:", "C", "a", "b", "t.tgz", "", "/unpacked:", "inside", "in"])
    }

    @Test("asks by the tag that the server gave, and has the content that is there then")
    func revalidation() throws {
        let server = try FileServer(scratch.path("web"), tag: "\"one\"")
        let store = try TestStore()
        let dockerfile = "FROM busybox\nADD \(server.address)/file.txt /f\n"
        try store.make(dockerfile)
        try store.make(dockerfile)
        #expect(server.headers("if-none-match").compactMap { $0 }.first == "\"one\"", "\(server.requests)")
        #expect(try store.made("cat /f") == ["content"])
    }

    @Test("fails where the content isn't what --checksum says, and where the server has none (T-B9)")
    func refused() throws {
        let server = try FileServer(scratch.path("web"))
        let store = try TestStore()
        let right = "sha256:" + (try ProgramRun.of("/usr/bin/sha256sum", [scratch.path("web/file.txt")]).text.prefix(64))
        try store.make("FROM busybox\nADD --checksum=\(right) \(server.address)/file.txt /f\n")
        let wrong = try store.build("FROM busybox\nADD --checksum=sha256:\(String(repeating: "0", count: 64)) \(server.address)/file.txt /f\n")
        #expect(wrong.status == 1 && wrong.error.contains("digest mismatch \(right): sha256:0000"), "\(wrong)")
        let missing = try store.build("FROM busybox\nADD \(server.address)/none /f\n")
        #expect(missing.status == 1 && missing.error.contains("invalid response status 404"), "\(missing)")
        for (source, message) in [("--checksum=\(right) Dockerfile", "checksum"), ("\(server.address)/%2e%2e%2f", "no name"), ("file:///etc/passwd", "unsupported protocol")] {
            let run = try store.build("FROM busybox\nADD \(source) /f\n")
            #expect(run.status == 1 && run.error.contains(message), "\(source): \(run)")
        }
    }
}

/// ADD of repositories.
@Suite(
    "A build that adds a git repository", .enabled(if: TestStore.isRunnable, TestStore.reason),
    .enabled(if: Program.isInstalled("git", "/usr/lib/git-core/git-http-backend"), "git is not installed"))
struct BuildRepositoryTests: ~Copyable {
    let scratch: Scratch

    init() throws { scratch = try Scratch(["web": .directory]) }

    private static let twoCommits = """
        git init -q -b main a; cd a; echo one > f; mkdir -p sub/d; echo x > sub/d/x; chmod 755 sub/d/x; git add .; git commit -qm one
        git tag -a -m t v1; echo two > f; git commit -qam two; git branch side HEAD; cd ..
        git clone -q --bare a "$R/a.git"; git -C "$R/a.git" update-server-info
        """

    @Test("has the files of a branch, a tag, a commit or a subdirectory, from servers of both kinds", arguments: [true, false])
    func references(isSmart: Bool) throws {
        try FileServer.repositories(in: scratch.path("web"), Self.twoCommits)
        let server = try FileServer(scratch.path("web"), isSmart: isSmart)
        let first = try ProgramRun.of("/usr/bin/git", ["-C", scratch.path("web/a.git"), "rev-parse", "v1^{commit}"]).text
        let store = try TestStore()
        let url = "\(server.address)/a.git"
        try store.make(
            """
            FROM busybox
            ADD \(url) /head
            ADD \(url)#v1 /tag
            ADD \(url)#\(first) /commit
            ADD \(url)#side:sub /sub
            ADD --keep-git-dir=true --checksum=\(first) \(url)?tag=v1 /kept
            """)
        #expect(try store.made("cat /head/f /tag/f /commit/f; ls -A /head /sub") == ["two", "one", "one", "/head:", "f", "sub", "", "/sub:", "d"])
        #expect(try store.files("/sub") == ["/sub d 755 0:0", "/sub/d d 755 0:0", "/sub/d/x f 755 0:0"])
        #expect(try store.made("cat /kept/f; cat /kept/.git/HEAD") == ["one", first])
    }

    @Test("has submodules from the web, and none of this host's files (T-B2)")
    func submodules() throws {
        let server = try FileServer(scratch.path("web"), isSmart: true)
        try FileServer.repositories(
            in: scratch.path("web"), Self.twoCommits + """

                git init -q -b main b; cd b; git -c protocol.file.allow=always submodule --quiet add "$R/a.git" inner
                git config -f .gitmodules submodule.inner.url ../a.git; git add .; git commit -qm b
                git checkout -q -b evil; git config -f .gitmodules submodule.inner.url "file://$R/a.git"; git commit -qam evil
                git checkout -q -b ext; git config -f .gitmodules submodule.inner.url "ext::touch $R/mark"; git commit -qam ext; git checkout -q main; cd ..
                git clone -q --bare b "$R/b.git"
                """)
        let store = try TestStore()
        try store.make("FROM busybox\nADD \(server.address)/b.git /b\n")
        #expect(try store.made("ls -A /b /b/inner") == ["/b:", ".gitmodules", "inner", "", "/b/inner:", "f", "sub"])
        try store.make("FROM busybox\nADD \(server.address)/b.git?submodules=false /b\n")
        #expect(try store.made("ls -A /b/inner") == [""])
        for branch in ["evil", "ext"] {
            let run = try store.build("FROM busybox\nADD \(server.address)/b.git#\(branch) /b\n")
            #expect(run.status == 1 && run.error.contains("failed to fetch the submodules"), "\(run)")
        }
        #expect(access(scratch.path("web/mark"), F_OK) != 0)
    }

    @Test("heeds no configuration of the user's, and nothing in the repository that asks for a program (T-B2)")
    func configuration() throws {
        try FileServer.repositories(
            in: scratch.path("web"), Self.twoCommits + """

                cd a; echo '* filter=evil diff=evil' > .gitattributes; mkdir hooks; echo "#!/bin/sh\ntouch $R/mark" > hooks/post-checkout
                chmod 755 hooks/post-checkout; git add .; git commit -qm evil; git push -q "$R/a.git" main; cd ..
                """)
        let server = try FileServer(scratch.path("web"), isSmart: true)
        let mark = scratch.path("web/mark")
        let settings = """
            [core]
            hooksPath = hooks
            [filter "evil"]
            smudge = touch \(mark)
            [url "file://\(scratch.path("web"))/"]
            insteadOf = http://
            """
        try scratch.add("home/.gitconfig", .file(Array(settings.utf8)))
        let store = try TestStore(environment: ["HOME": scratch.path("home"), "GIT_CONFIG_GLOBAL": scratch.path("home/.gitconfig")])
        let run = try store.build("FROM busybox\nADD \(server.address)/a.git /a\n", "-q", "-t", "made")
        #expect(run.status == 0, "\(run)")
        #expect(try store.made("cat /a/f") == ["two"])
        #expect(access(mark, F_OK) != 0)
        #expect(!server.requests.isEmpty)
    }

    @Test("fails where there is no such reference, commit or subdirectory, and where a link leads out of it (T-B2)")
    func refused() throws {
        try FileServer.repositories(
            in: scratch.path("web"), Self.twoCommits + """

                cd a; ln -s /etc out; ln -s sub in; git add .; git commit -qm links; git push -q "$R/a.git" main; cd ..
                """)
        let server = try FileServer(scratch.path("web"), isSmart: true)
        let store = try TestStore()
        for (suffix, message) in [
            ("#nothing", "does not contain ref nothing"), ("#\(String(repeating: "1", count: 40))", "failed to"), ("#main:none", "subdirectory none"),
            ("#main:out", "symbolic link"), ("#main:in/d", "symbolic link"), ("#main:../..", "leads out"), ("#--upload-pack=x", "invalid git reference"),
            ("?checksum=1234567", "expected checksum to match 1234567"),
        ] {
            let run = try store.build("FROM busybox\nADD \(server.address)/a.git\(suffix) /a\n")
            #expect(run.status == 1 && run.error.contains(message), "\(suffix): \(run)")
        }
        // Nothing of them stays.
        #expect(try FileDescriptor.directory(store.root + "/layers/.ingest").names().isEmpty)
    }
}
