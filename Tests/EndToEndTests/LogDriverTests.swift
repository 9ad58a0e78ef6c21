import Glibc
import Linux
import Testing
import TestSupport

@Suite("Log drivers", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct LogDriverTests {
    /// Drivers with files, as options.
    static let files = [["local"], ["local", "compress=false"], ["json-file"], ["json-file", "compress=true"]]

    private static func options(_ driver: [String], _ more: [String] = []) -> [String] {
        ["--log-driver", driver[0]] + (driver.dropFirst() + more).flatMap { ["--log-opt", $0] }
    }

    private static func numbers(_ range: ClosedRange<Int>) -> [UInt8] { range.flatMap { Array("\($0)\n".utf8) } }

    @Test(
        "no line is lost or doubled while files are rotated as fast as they can be: to one who follows, and in the files",
        arguments: files)
    func rotationUnderLoad(driver: [String]) throws {
        let store = try TestStore()
        let count = 40_000
        let options = Self.options(driver, ["max-size=16k", "max-file=1000"])
        let isCompressed = driver == ["local"] || driver.last == "compress=true"
        let script = "seq 1 \(count); until [ -e /go ]; do sleep 0.01; done"
        let run = try store.hako(["run", "-d", "--name", "box"] + options + ["busybox", "sh", "-c", script])
        run.expectSuccess()
        let followed = store.scratch.path("followed")
        let follower = try store.starting(["logs", "-f", "box"], output: followed)
        func names() throws -> [String] { try store.shell("ls \(store.root)/containers/*/").lines }
        // That is done beside the container, and given up at its end.
        if isCompressed { try waitUntil { try names().contains { $0.hasSuffix(".gz") } } }
        try store.hako("exec", "-d", "box", "touch", "/go").expectSuccess()
        #expect(try follower.wait().shellCode == 0)
        #expect(try FileDescriptor.contents(of: followed) == Self.numbers(1...count))
        #expect(try store.hako("wait", "box").text == "0")
        #expect(try store.hako("logs", "box").outputBytes == Self.numbers(1...count))
        #expect(try store.hako("logs", "--tail", "5000", "box").outputBytes == Self.numbers(count - 4999...count))
        #expect(try store.hako("logs", "--tail", "0", "box").outputBytes.isEmpty)
        #expect(try names().contains { $0.hasSuffix(".gz") } == isCompressed)
        try waitUntil { try !names().contains { $0.hasSuffix(".new") } }
        #expect(try !names().contains { $0.hasSuffix(".new") })
    }

    @Test(
        "a reader that takes nothing does not stop the container, and gets every line when it goes on",
        arguments: [["local"], ["json-file"]])
    func slowReader(driver: [String]) throws {
        let store = try TestStore()
        let options = Self.options(driver, ["max-size=16k", "max-file=1000"]).joined(separator: " ")
        let run = try store.shell(
            """
            cd '\(store.scratch.root)' && mkfifo slow
            "$HAKO" run -d --name box \(options) busybox seq 1 30000 > /dev/null
            "$HAKO" logs -f box > slow & exec 3< slow
            "$HAKO" wait box >&2
            cat <&3
            """)
        #expect(run.error == "0\n" && run.outputBytes == Self.numbers(1...30000))
    }

    @Test("every byte comes back: a flood of any bytes, long lines, and no line end at all", arguments: files)
    func anyBytes(driver: [String]) throws {
        let store = try TestStore()
        let options = Self.options(driver, ["max-size=200k", "max-file=100"])
        let script = """
            head -c 700000 /dev/urandom > /tmp/x; head -c 1048576 /dev/zero | tr '\\0' é >> /tmp/x
            head -c 70000 /dev/zero >> /tmp/x; cat /tmp/x; md5sum < /tmp/x >&2
            """
        let run = try store.hako(["run", "-d", "--name", "box"] + options + ["busybox", "sh", "-c", script])
        run.expectSuccess()
        #expect(try store.hako("wait", "box").text == "0")
        let sum = try store.shell(#""$HAKO" logs box 2> /dev/null | md5sum; "$HAKO" logs box 2>&1 > /dev/null"#).lines
        #expect(sum.count >= 2 && sum[0] == sum[1])
    }

    @Test(
        "details are labels and variables that log options name, before each line", arguments: ["json-file", "local"])
    func details(driver: String) throws {
        let store = try TestStore()
        try store.hako(
            "run", "--name", "box", "--log-driver", driver, "--log-opt", "labels=a,none", "--log-opt", "env-regex=^E",
            "--log-opt",
            "tag={{.Name}}/{{.ImageName}}", "--label", "a=x y", "-e", "EE=1=2", "busybox", "echo", "hi")
        #expect(try store.hako("logs", "--details", "box").output == "EE=1%3D2,a=x+y,tag=box%2Fbusybox hi\n")
        #expect(try store.hako("logs", "box").output == "hi\n")
        if driver == "json-file" {
            let text = try store.shell("cat \(store.root)/containers/*/*-json.log").output
            #expect(
                text.hasPrefix(
                    #"{"log":"hi\n","stream":"stdout","attrs":{"EE":"1=2","a":"x y","tag":"box/busybox"},"time":""#))
        }
        try store.hako("run", "--name", "plain", "--log-driver", driver, "busybox", "echo", "hi")
        #expect(try store.hako("logs", "--details", "plain").output == " hi\n")
    }

    @Test("files that are removed under a container don't stop it, nor its log")
    func removedFiles() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--log-opt", "max-size=10k", "busybox", "sh", "-c",
            "seq 1 3000; while [ ! -e /tmp/go ]; do sleep 0.01; done; seq 1 3000; echo end")
        _ = try store.shell("rm \(store.root)/containers/*/*-json.log*; \"$HAKO\" exec box touch /tmp/go")
        #expect(try store.hako("wait", "box").text == "0")
        #expect(try store.hako("logs", "--tail", "1", "box").output == "end\n")
    }

    @Test("a container without a log has no options for one")
    func noLog() throws {
        let store = try TestStore()
        let run = try store.hako("run", "--log-driver", "none", "--log-opt", "max-size=1m", "busybox", "true")
        #expect(run.status == 125 && run.error.contains("invalid logging opts for driver none"), "\(run)")
        #expect(try store.hako("run", "--rm", "--log-driver", "none", "busybox", "echo", "hi").output == "hi\n")
    }

    @Test("a clock that was set back hides no record from --since and --until")
    func clockSetBack() throws {
        let store = try TestStore()
        try store.hako("run", "--name", "box", "busybox", "true")
        let records = ["12:00:05", "12:00:09", "12:00:01", "12:00:06"].map {
            #"{"log":"\#($0)\n","stream":"stdout","time":"2024-05-01T\#($0)Z"}"#
        }
        _ = try store.shell(
            "printf '%s\\n' '\(records.joined(separator: "' '"))' > $(ls \(store.root)/containers/*/*-json.log)")
        #expect(
            try store.hako("logs", "--since", "2024-05-01T12:00:05Z", "box").output == "12:00:05\n12:00:09\n12:00:06\n")
        #expect(
            try store.hako("logs", "--until", "2024-05-01T12:00:06Z", "box").output == "12:00:05\n12:00:01\n12:00:06\n")
    }
}

@Suite("Logs that others keep", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ForeignLogTests {
    /// Prints what it gets until one message says "bye"; where it listens is in a file beside.
    static let receiver = """
        import socket, sys
        kind, place = sys.argv[1], sys.argv[2]
        if kind == 'unixgram':
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(place); address = place
        else:
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
            s.bind(('127.0.0.1', 0)); address = '127.0.0.1:%d' % s.getsockname()[1]
        if kind == 'tcp': s.listen(1)
        open(place + '.new', 'w').write(address)
        import os; os.rename(place + '.new', place + '.address')
        if kind == 'tcp': s = s.accept()[0]
        text = b''
        while b'bye' not in text: text += s.recv(65536)
        sys.stdout.write(text.decode())
        """

    @Test("syslog gets each line, by each of its ways", arguments: ["unixgram", "udp", "tcp"])
    func syslog(kind: String) throws {
        let store = try TestStore()
        try store.scratch.add("receiver.py", .file(Array(Self.receiver.utf8)))
        let run = try store.shell(
            """
            cd '\(store.scratch.root)'
            timeout 60 python3 receiver.py \(kind) "$PWD/socket" > got & pid=$!
            until [ -e socket.address ]; do sleep 0.02; done
            "$HAKO" run --name box --log-driver syslog --log-opt syslog-address=\(kind)://$(cat socket.address) --log-opt tag='{{.Name}}' \\
                --log-opt syslog-format=rfc5424 --log-opt syslog-facility=local3 busybox sh -c 'echo one; sleep 0.2; echo bye >&2' > /dev/null 2>&1
            wait $pid; cat got; "$HAKO" logs box
            """)
        let lines = run.lines
        // local3 is 19; informational 6 and error 3.
        try #require(lines.count == 2, "\(run)")
        #expect(lines[0].hasPrefix("<158>1 ") && lines[0].hasSuffix(" box - one"), "\(run)")
        #expect(lines[1].hasPrefix("<155>1 ") && lines[1].hasSuffix(" box - bye"), "\(run)")
        #expect(run.error.contains("configured logging driver does not support reading"))
    }

    @Test(
        "a log that nobody takes is an error at the start, which says so",
        arguments: [
            (["journald"], "failed to initialize logging driver: journald is not enabled on this host"),
            (
                ["syslog", "syslog-address=unixgram:///nonexistent/log"],
                "failed to initialize logging driver: dial unixgram:///nonexistent/log: no such file"
            ),
            (
                ["syslog", "syslog-address=tcp://127.0.0.1:1"],
                "failed to initialize logging driver: dial tcp://127.0.0.1:1: connection refused"
            ),
        ])
    func nobody(driver: [String], message: String) throws {
        let store = try TestStore()
        let options = "--log-driver " + driver.joined(separator: " --log-opt ")
        let run = try store.shell(
            """
            unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh "$HAKO" run --name box \(options) busybox true
            """)
        #expect(run.status == 125 && run.error.contains(message), "\(run)")
        #expect(try store.hako("ps", "-q").text.isEmpty)
    }

    private static let journald = "/lib/systemd/systemd-journald"
    static let hasJournal = access(journald, X_OK) == 0 && access("/usr/bin/journalctl", X_OK) == 0

    /// Runs a script beside a journal of its own, in a directory of its own: no file of the host's is seen.
    static func besideJournal(_ store: TestStore, _ script: String) throws -> ProgramRun {
        try store.shell(
            """
            cat > '\(store.scratch.root)/script' <<'END'
            set -e
            mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/log; mkdir -p /run/systemd/journal
            \(journald) 2> /dev/null & pid=$!
            trap 'kill $pid; wait $pid || true' EXIT
            until [ -S /run/systemd/journal/socket ]; do kill -0 $pid; sleep 0.05; done
            cd '\(store.scratch.root)'
            \(script)
            END
            exec unshare -m --propagation private bash '\(store.scratch.root)/script'
            """)
    }

    @Test(
        "the journal gets each line with the container's fields, and gives it back, also to one who follows",
        .enabled(if: hasJournal, "needs systemd's journal"))
    func journal() throws {
        let store = try TestStore()
        let run = try Self.besideJournal(
            store,
            """
            "$HAKO" run -d --name box --log-driver journald --log-opt labels=a-b --log-opt tag=t --label a-b=v busybox \\
                sh -c 'echo one; head -c 20000 /dev/zero | tr "\\0" x; echo; sleep 0.3; echo three >&2; sleep 0.3; echo four' > /dev/null
            "$HAKO" logs -f box 2> /dev/null | md5sum
            "$HAKO" logs box 2> /dev/null | md5sum
            "$HAKO" logs --tail 1 box
            "$HAKO" logs --details box 2>&1 > /dev/null
            journalctl -q -o json CONTAINER_NAME=box SYSLOG_IDENTIFIER=t MESSAGE=three | tr '{,}' '\\n' | grep -E '"(PRIORITY|A_B|IMAGE_NAME)"' | sort
            """)
        let expected = try store.shell("{ echo one; head -c 20000 /dev/zero | tr '\\0' x; echo; echo four; } | md5sum")
            .text
        #expect(run.status == 0 && run.lines.prefix(4) == [expected, expected, "four", "A_B=v three"][...], "\(run)")
        #expect(run.lines.dropFirst(4) == [#""A_B":"v""#, #""IMAGE_NAME":"busybox""#, #""PRIORITY":"3""#], "\(run)")
    }
}
