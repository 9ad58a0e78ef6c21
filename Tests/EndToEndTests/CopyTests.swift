import Glibc
import Linux
import Testing
import TestSupport

/// A container with some files, and a directory of the host's beside it.
private final class CopyScene {
    let store: TestStore
    let host: String

    /// - Parameter words: Options of `run`.
    init(isRunning: Bool, _ words: [String] = []) throws {
        store = try TestStore()
        host = store.scratch.path("host")
        let script = """
            mkdir -p /src/sub /dst; echo file > /src/f; echo deep > /src/sub/g; ln -s f /src/link; ln -s /src /way; chown 5:6 /src/f
            chmod 6755 /src/f; touch /ready
            """
        let end = isRunning ? "exec sleep 1000" : ""
        try store.hako(["run", isRunning ? "-d" : "-i", "--name", "box"] + words + ["busybox", "sh", "-c", script + "\n" + end]).expectSuccess()
        if isRunning { try waitUntil { try store.hako("exec", "box", "test", "-e", "/ready").status == 0 } }
        try Directory.create(host + "/dir/sub", mode: 0o755)
        let files = "cd \(host); echo one > f; echo two > dir/a; echo three > dir/sub/b; ln -s a dir/l; ln -s dir way; chown 1234:1235 f; chmod 640 f; touch -d @1000000000 f"
        #expect(try store.shell(files).status == 0)
    }

    func cp(_ words: String...) throws -> ProgramRun {
        try store.shell("cd \(host) && exec \"$HAKO\" cp " + words.map { "'\($0)'" }.joined(separator: " "))
    }

    /// A command's output in the container's files, running or not.
    func inside(_ script: String) throws -> String {
        try store.hako("commit", "box", "seen").expectSuccess()
        return try store.output("run", "--rm", "--entrypoint", "", "seen", "sh", "-c", script)
    }

    func onHost(_ script: String) throws -> String {
        let run = try store.shell("cd \(host) && " + script)
        #expect(run.status == 0, "\(run)")
        return run.text
    }
}

@Suite("Copying into a container", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct CopyIntoTests {
    @Test("follows Docker's rules for what is there and what is not", arguments: [true, false])
    func rules(isRunning: Bool) throws {
        let scene = try CopyScene(isRunning: isRunning)
        for (source, destination) in [
            ("f", "/dst"), ("f", "/dst/new"), ("f", "/way/f2"), ("dir", "/dst"), ("dir", "/dst/made"), ("dir/.", "/dst/all"), ("dir/.", "/dst/all"),
            ("way", "/dst/link"), ("way/", "/dst/named"), ("f", "dst/relative"), ("f", "/dst/../dst/./up"), ("dir/l", "/dst/l"),
        ] {
            let run = try scene.cp(source, "box:" + destination)
            #expect(run.status == 0 && run.output == "" && run.error == "", "\(source) \(destination): \(run)")
        }
        #expect(try scene.cp("-L", "way", "box:/dst/followed").status == 0)
        let expected = """
            /dst
            /dst/all
            /dst/all/a
            /dst/all/l
            /dst/all/sub
            /dst/all/sub/b
            /dst/dir
            /dst/dir/a
            /dst/dir/l
            /dst/dir/sub
            /dst/dir/sub/b
            /dst/f
            /dst/followed
            /dst/followed/a
            /dst/followed/l
            /dst/followed/sub
            /dst/followed/sub/b
            /dst/l
            /dst/link
            /dst/made
            /dst/made/a
            /dst/made/l
            /dst/made/sub
            /dst/made/sub/b
            /dst/named
            /dst/named/a
            /dst/named/l
            /dst/named/sub
            /dst/named/sub/b
            /dst/new
            /dst/relative
            /dst/up
            """
        #expect(try scene.inside("find /dst | sort") == expected)
        #expect(try scene.inside("cat /src/f2 /dst/f /dst/dir/l; readlink /dst/link; readlink /dst/l; stat -c '%u:%g %a %Y' /dst/f") == "one\none\ntwo\ndir\na\n0:0 640 1000000000")
    }

    @Test("refuses what can't be, in Docker's words", arguments: [true, false])
    func refusals(isRunning: Bool) throws {
        let scene = try CopyScene(isRunning: isRunning)
        for (words, text) in [
            (["dir", "box:/src/f"], "cannot copy directory"), (["f", "box:/nowhere/"], "no such directory"),
            (["f", "box:/nowhere/x"], "Could not find the file /nowhere in container box"),
            (["missing", "box:/dst"], "lstat \(scene.host)/missing: no such file or directory"),
            (["f/", "box:/dst"], "lstat \(scene.host)/f: not a directory"), (["f", "nobody:/"], "No such container: nobody"),
            (["f", "g"], "must specify at least one container source"), (["box:/src", "box:/dst"], "copying between containers is not supported"),
            (["", "box:/dst"], "source can not be empty"), (["f", ""], "destination can not be empty"),
        ] {
            let run = try scene.store.shell("cd \(scene.host) && exec \"$HAKO\" cp " + words.map { "'\($0)'" }.joined(separator: " "))
            #expect(run.status == 1 && run.error == "hako: \(text)\n", "\(words): \(run)")
        }
        _ = try scene.cp("f", "box:/dst/dir")
        let kind = try scene.cp("dir", "box:/dst")
        #expect(kind.status == 1 && kind.error.contains("cannot overwrite non-directory with directory"), "\(kind)")
    }

    @Test("gives root what it copies, with -a the owners that it had (T-C4)", arguments: ["auto", "host"])
    func owners(users: String) throws {
        let scene = try CopyScene(isRunning: true, ["--userns", users])
        try scene.cp("f", "box:/dst/plain").expectSuccess()
        try scene.cp("-a", "f", "box:/dst/kept").expectSuccess()
        let shown = "stat -c '%u:%g' /dst/plain /dst/kept"
        #expect(try scene.store.output("exec", "box", "sh", "-c", shown) == "0:0\n1234:1235")
        #expect(try scene.store.output("exec", "box", "sh", "-c", "echo more >> /dst/plain; cat /dst/plain") == "one\nmore")
    }

    @Test("takes a tar archive from standard input, with its owners", arguments: [true, false])
    func archive(isRunning: Bool) throws {
        let scene = try CopyScene(isRunning: isRunning)
        #expect(try scene.onHost("tar c --owner=7 --group=8 dir f | $HAKO cp - box:/dst") == "")
        #expect(try scene.inside("find /dst | sort; stat -c '%u:%g' /dst/f") == "/dst\n/dst/dir\n/dst/dir/a\n/dst/dir/l\n/dst/dir/sub\n/dst/dir/sub/b\n/dst/f\n7:8")
        let notDirectory = try scene.store.shell("cd \(scene.host); tar c f | $HAKO cp - box:/src/f")
        #expect(notDirectory.status == 1 && notDirectory.error == "hako: destination \"box:/src/f\" must be a directory\n", "\(notDirectory)")
        let junk = try scene.store.shell("head -c 2000 /dev/urandom | $HAKO cp - box:/dst")
        #expect(junk.status == 1 && junk.error.contains("wrong header checksum"), "\(junk)")
    }

    @Test("reaches volumes and binds as the container does, and no read-only ones", arguments: [true, false])
    func mounts(isRunning: Bool) throws {
        let store = try TestStore()
        let bound = store.scratch.path("bound")
        try Directory.create(bound, mode: 0o755)
        let words = ["-v", "data:/data", "-v", "data:/ro:ro", "-v", "\(bound):/bound", "--read-only"]
        try store.hako(["run", isRunning ? "-d" : "-i", "--name", "box"] + words + ["busybox"] + (isRunning ? ["sleep", "1000"] : ["true"])).expectSuccess()
        let file = store.scratch.path("f")
        try FileDescriptor.replaceContents(of: file, with: Array("one".utf8))
        try store.hako("cp", file, "box:/data").expectSuccess()
        try store.hako("cp", file, "box:/bound/there").expectSuccess()
        #expect(try FileDescriptor.contents(of: store.root + "/volumes/data/_data/f") == Array("one".utf8))
        let status = try FileDescriptor.status(of: bound + "/there")
        #expect(status.userID == 0 && status.groupID == 0)
        #expect(try store.hako("cp", file, "box:/ro").error == "hako: mounted volume is marked read-only\n")
        #expect(try store.hako("cp", file, "box:/tmp").error == "hako: container rootfs is marked read-only\n")
        #expect(try store.hako("cp", "box:/ro/f", "-").output.contains("one"))
        #expect(try store.output("run", "--rm", "-v", "data:/d", "busybox", "stat", "-c", "%u:%g", "/d/f") == "0:0")
    }

    @Test("before the first start shows what it copied to the container; its own mounts stay")
    func created() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "-v", "data:/data", "busybox", "sh", "-c", "cat /conf/a /data/b; grep -c localhost /etc/hosts; sleep 1000").expectSuccess()
        let host = store.scratch.path("host")
        try Directory.create(host + "/conf", mode: 0o755)
        for name in ["conf/a", "b", "hosts"] { try FileDescriptor.replaceContents(of: "\(host)/\(name)", with: Array("\(name)\n".utf8)) }
        try store.hako("cp", host + "/conf", "box:/").expectSuccess()
        try store.hako("cp", host + "/b", "box:/data/").expectSuccess()
        #expect(try store.inspect("box", "{{.State.Status}}") == "created")
        try store.hako("start", "box").expectSuccess()
        try waitUntil { try store.output("logs", "box").split(separator: "\n").count >= 3 }
        #expect(try store.output("logs", "box").hasPrefix("conf/a\nb\n"))
        // A mount point can't be replaced, and is not lost by the attempt.
        let busy = try store.hako("cp", host + "/hosts", "box:/etc/hosts")
        #expect(busy.status == 1 && busy.error.contains("busy"), "\(busy)")
        #expect(try store.output("exec", "box", "grep", "-c", "localhost", "/etc/hosts") != "0")
    }

    @Test("on a terminal says how much was copied, unless it is to be quiet")
    func summary() throws {
        let scene = try CopyScene(isRunning: false)
        let command = "cd \(scene.host); $P cp f box:/dst; $P cp -q f box:/dst; $P cp box:/dst/f got; $P events --since 1h --until 0s --format '{{.Action}}' -f event=extract-to-dir -f event=archive-path"
        let shown = try TerminalRun.of(command.replacing("$P", with: "\(TestStore.programs ?? "")/hako"), environment: scene.store.environment)
        #expect(
            shown.output == "Successfully copied 2.05kB to box:/dst\r\nSuccessfully copied 2.05kB to \(scene.host)/got\r\nextract-to-dir\r\nextract-to-dir\r\narchive-path\r\n",
            "\(shown)")
    }
}

@Suite("Copying from a container", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct CopyFromTests {
    @Test("follows Docker's rules for what is there and what is not", arguments: [true, false])
    func rules(isRunning: Bool) throws {
        let scene = try CopyScene(isRunning: isRunning)
        for (source, destination) in [
            ("/src/f", "dir"), ("/src/f", "new"), ("/src/f", "f"), ("/src", "dir"), ("/src", "made"), ("/src/.", "all"), ("/src/link", "link"), ("/way", "way2"),
            ("/way/", "named"), ("src/sub/", "."),
        ] {
            let run = try scene.cp("box:" + source, destination)
            #expect(run.status == 0 && run.output == "" && run.error == "", "\(source) \(destination): \(run)")
        }
        #expect(try scene.cp("-L", "box:/src/link", "followed").status == 0)
        let expected = """
            all all/f all/link all/sub all/sub/g dir dir/a dir/f dir/l dir/src dir/src/f dir/src/link dir/src/sub dir/src/sub/g dir/sub \
            dir/sub/b f followed link made made/f made/link made/sub made/sub/g named named/f named/link named/sub named/sub/g new sub \
            sub/g way way2
            """
        #expect(try scene.onHost("find * | LC_ALL=C sort | tr '\\n' ' '") == expected + " ")
        #expect(try scene.onHost("cat f new followed sub/g; readlink link way2; stat -c '%u:%g %a' new") == "file\nfile\nfile\ndeep\nf\n/src\n0:0 755")
    }

    @Test("refuses what can't be, in Docker's words", arguments: [true, false])
    func refusals(isRunning: Bool) throws {
        let scene = try CopyScene(isRunning: isRunning)
        for (words, text) in [
            (["box:/nowhere", "."], "Could not find the file /nowhere in container box"), (["box:/src", "f"], "cannot copy directory"),
            (["box:/src/f", "new/"], "no such directory"),
            (["box:/src/f", "nowhere/x"], "invalid output path: directory \"\(scene.host)/nowhere\" does not exist"),
            (["box:/src/f", "/dev/null"], "invalid output path: \"/dev/null\" must be a directory or a regular file: got a device"),
        ] {
            let run = try scene.cp(words[0], words[1])
            #expect(run.status == 1 && run.error == "hako: \(text)\n", "\(words): \(run)")
        }
    }

    @Test("gives the caller what it copies, without rights; with -a, the container's owners and modes")
    func owners() throws {
        let scene = try CopyScene(isRunning: true)
        try scene.cp("box:/src/f", "plain").expectSuccess()
        try scene.cp("-a", "box:/src/f", "kept").expectSuccess()
        #expect(try scene.onHost("stat -c '%u:%g %a' plain kept") == "0:0 755\n5:6 6755")
    }

    @Test("writes a tar archive to standard output", arguments: [true, false])
    func archive(isRunning: Bool) throws {
        let scene = try CopyScene(isRunning: isRunning)
        #expect(try scene.onHost("$HAKO cp box:/src - | tar --numeric-owner -tv | sed 's/  */ /g' | cut -d' ' -f1,2,6-") == """
            drwxr-xr-x 0/0 src/
            -rwsr-sr-x 5/6 src/f
            lrwxrwxrwx 0/0 src/link -> f
            drwxr-xr-x 0/0 src/sub/
            -rw-r--r-- 0/0 src/sub/g
            """)
        #expect(try scene.onHost("$HAKO cp box:/src/. - | tar -t | head -1") == "f")
    }
}
