import Glibc
import Linux
import OCI
import Testing
import TestSupport

@Suite("Users of the host beside Hako", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct HostUserTests {
    @Test("see no control characters of strangers' in lists (T-L1)")
    func controlCharacters() throws {
        let store = try TestStore()
        let evil = "a\u{1B}]0;x\u{07}\u{9B}31m\u{202E}\u{7F}\r\nb"
        #expect(try store.hako("create", "--name", "box", "-l", "evil=\(evil)", "busybox", "echo", evil).status == 0)
        for words in [
            ["ps", "-a"], ["ps", "-a", "--no-trunc"],
            ["ps", "-a", "--no-trunc", "--format", "table {{.Command}}\t{{.Labels}}"],
        ] {
            let run = try store.hako(words)
            #expect(run.lines.filter { !$0.isEmpty }.count == 2, "\(words)")
            for scalar in run.output.unicodeScalars {
                let isControl =
                    scalar.value < 0x20 && scalar != "\n" || (0x7F...0x9F).contains(scalar.value)
                    || scalar.value == 0x202E
                #expect(!isControl, "\(words): \(scalar.value)")
            }
        }
        // Documents say the same in JSON's escapes: nothing of it is lost.
        for words in [
            ["inspect", "box"], ["inspect", "-f", "json", "box"], ["inspect", "-f", "{{json .}}", "box"],
            ["ps", "-a", "--format", "json"], ["events", "--since", "0", "--until", "0s", "--format", "json"],
            ["why", "-f", "json", "box"], ["inspect", "--as", "compose", "box"], ["inspect", "--as", "run", "box"],
        ] {
            let run = try store.hako(words)
            #expect(run.status == 0 && !run.output.isEmpty, "\(words): \(run)")
            #expect(
                !run.output.unicodeScalars.contains { $0.steersTerminals && $0 != "\n" }, "\(words): \(run)")
        }
        let labels = try JSON(parsing: Array(try store.inspect("box", "{{json .Config.Labels}}").utf8))
        #expect(labels["evil"]?.string == evil)
        let document = try JSON(parsing: try store.hako("inspect", "box").outputBytes)
        #expect(document.array?.first?["Config"]?["Labels"]?["evil"]?.string == evil)
        let missing = try store.hako("inspect", "no\u{1B}[31msuch")
        #expect(missing.status != 0 && !missing.error.contains("\u{1B}"))
    }

    @Test("open nothing of the store, whatever the umask was (T-L2)", arguments: ["0", "0777"])
    func closedStore(mask: String) throws {
        let store = try TestStore(images: [])
        let archive = try TestImages.archive("busybox")
        let made = try store.shell(
            "umask \(mask); $HAKO load -q -i \(archive) && $HAKO run -d --name box busybox sleep 1000 && $HAKO exec -u 1000:1000 box cat /etc/hosts"
        )
        #expect(made.status == 0, "\(made)")
        try store.shell("chmod 755 \(store.scratch.root)").expectSuccess()
        let seen = try store.shell(
            "setpriv --reuid 1000 --regid 1000 --clear-groups find \(store.root) \(store.runRoot) -mindepth 1 2>/dev/null"
        )
        #expect(seen.output == "")
        let open = try store.shell(
            "find \(store.root)/hako.db* \(store.root)/containers \(store.runRoot) -type f -perm /077 -not -path '*/upper/*'"
        )
        // What is bound into the container is readable to it; all of it lies below directories of mode 0700.
        let names = open.lines.filter { !$0.isEmpty }.map { $0.split(separator: "/").last.map(String.init) ?? "" }
        #expect(Set(names).isSubset(of: ["hosts", "hostname", "resolv.conf"]), "\(open)")
    }

    @Test("find no container's environment on a command line, and the next container has none of it (T-L3)")
    func environment() throws {
        let store = try TestStore()
        let secret = "secret-\(UInt64.random(in: 0...UInt64.max))"
        let file = store.scratch.path("env")
        try store.scratch.add("env", .file(Array("TOKEN=\(secret)\n".utf8)))
        try store.hako("run", "-d", "--name", "box", "--env-file", file, "busybox", "sleep", "1000")
        #expect(try store.output("exec", "box", "sh", "-c", "echo $TOKEN") == secret)
        // The exec waits for its input's end, so all of its programs are there to be looked at.
        let seen = try store.shell(
            """
            mkfifo \(store.scratch.path("in")); exec 9<>\(store.scratch.path("in"))
            $HAKO exec -i --env-file \(file) box sh -c 'echo $TOKEN; read x' < \(store.scratch.path("in")) > \(store.scratch.path("out")) &
            until grep -q secret \(store.scratch.path("out")); do kill -0 $! || exit; done
            for f in /proc/[0-9]*/cmdline; do tr '\\0' '\\n' < $f; done 2>/dev/null | grep -c -F -f <(cut -d= -f2 \(file)); echo >&9; wait
            """)
        #expect(seen.text == "0", "\(seen)")
        #expect(!(try store.output("run", "--rm", "busybox", "env")).contains(secret))
        #expect(try store.hako("rm", "-f", "box").status == 0)
    }

    @Test("can't lead the container id's file elsewhere, nor Hako to programs of theirs (T-L4)")
    func trojans() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        try store.scratch.add("trap/cid", .symlink(canary.path + "/secret"))
        try store.scratch.add("trap/new", .symlink(canary.path + "/new"))
        for name in ["cid", "new"] {
            #expect(
                try store.hako("create", "--cidfile", store.scratch.path("trap/" + name), "busybox", "true").status
                    != 0)
        }
        let trap = store.scratch.path("trap")
        let run = try store.shell(
            """
            cd \(trap); for n in hako-runtime hako-init hako-image nft ip iptables sh mount umount tar xz zstd git pasta criu config.toml; do
              printf '#!/bin/bash\\necho \\$0 >> \(trap)/mark\\n' > $n; chmod 755 $n; done
            PATH=.:$PATH LD_LIBRARY_PATH=. $HAKO run --rm -p 80 busybox true && PATH=.:$PATH $HAKO load -q -i \(try TestImages.archive("busybox")); ls mark
            """)
        #expect(run.error.contains("mark") && !run.output.contains("mark"), "\(run)")
        #expect(try canary.changes() == [])
    }

    @Test(
        "put no line of theirs into files by an option (T-L5)",
        arguments: [
            ["-h", "a\nb"], ["-h", "a\r\nb"], ["--add-host", "a\nb:10.0.0.1"],
            ["--add-host", "a:10.0.0.1\n10.0.0.2 b"],
            ["--dns-search", "a\nnameserver 6.6.6.6"], ["--dns", "10.0.0.1\nsearch x"], ["--dns-option", "a\r\nb"],
            ["--name", "a\nb"],
        ])
    func injectedLines(options: [String]) throws {
        let store = try TestStore()
        let run = try store.hako(["run", "--rm"] + options + ["busybox", "cat", "/etc/hosts", "/etc/resolv.conf"])
        #expect(run.status == 125, "\(run)")
    }

    @Test("take no other's container or image by a name that looks like its id (T-I14)")
    func names() throws {
        let store = try TestStore()
        let first = try store.output("create", "--name", "first", "busybox", "true")
        let short = String(first.prefix(12))
        let second = try store.output("create", "--name", short, "busybox", "true")
        #expect(try store.inspect(short, "{{.Id}}") == second)
        #expect(try store.inspect(first, "{{.Name}}") == "/first")
        #expect(try store.output("rm", short) == short)
        #expect(try store.inspect(short, "{{.Id}}") == first)
        for name in ["-rf", ".", "..", "../x", "a/b", "a b", "é", "a\n"] {
            let run = try store.hako("create", "--name=" + name, "busybox", "true")
            #expect(run.status != 0 && run.error.contains("Invalid container name"), "\(run)")
        }
        try store.load("other", layers: [TestStore.shellLayer])
        let image = try store.inspect("other", "{{.Id}}")
        let prefix = String(image.dropFirst("sha256:".count).prefix(12))
        try store.hako("tag", "busybox", prefix).expectSuccess()
        #expect(try store.inspect(prefix, "{{.Id}}") == store.inspect("busybox", "{{.Id}}"))
        #expect(try store.inspect(image, "{{.Id}}") == image)
    }
}
