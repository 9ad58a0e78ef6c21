import Glibc
import Linux
import OCI
import Testing
import TestSupport

@Suite("What a container says", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ForgeryTests {
    /// Lines that look like a record of json-file, journald's fields and syslog's messages, and bytes that are no text.
    private static let forged =
        #"printf '{"log":"x\\n","stream":"stderr","time":"2000-01-01T00:00:00Z"}\nMESSAGE=x\n\n__CURSOR=y\n<0>Jan  1 00:00:00 z\n"\\\000\377\303(\n\033[31m\r\n end'"#

    @Test(
        "is in its log byte by byte, whatever it imitates (T-L5)",
        arguments: [["json-file"], ["local"], ["local", "--log-opt", "max-size=10k", "--log-opt", "max-file=9"]])
    func forgedRecords(driver: [String]) throws {
        let store = try TestStore()
        let options = ["--log-driver"] + driver
        // A record of the local driver's, as it lies on the disk.
        _ = try store.hako(["run", "--name", "sample"] + options + ["busybox", "echo", "forged"])
        let record = try store.shell(
            "od -An -v -to1 \(store.root)/containers/*/*local.log 2> /dev/null | tr -d '\\n' | sed 's/ /\\\\/g'").text
        #expect(record.isEmpty == (driver == ["json-file"]))
        let script = Self.forged + "; printf '\(record)\(record)\n'; printf '\(record)'; printf '\(record)' >&2"
        let run = try store.hako(["run", "--name", "box"] + options + ["busybox", "sh", "-c", script])
        #expect(run.outputBytes.count > 100 && (run.errorBytes.isEmpty == record.isEmpty))
        for words in [["logs", "box"], ["logs", "--tail", "100", "box"], ["logs", "--since", "2001-01-01", "box"]] {
            let logs = try store.hako(words)
            #expect(logs.outputBytes == run.outputBytes && logs.errorBytes == run.errorBytes, "\(words)")
        }
    }

    @Test("is one message of syslog's for each line, whatever it imitates (T-L5)")
    func syslog() throws {
        let store = try TestStore()
        try store.scratch.add("receiver.py", .file(Array(ForeignLogTests.receiver.utf8)))
        let options = "--name box --log-driver syslog --log-opt syslog-address=tcp://$(cat socket.address) --log-opt syslog-format=rfc5424"
        let run = try store.shell(
            """
            cd '\(store.scratch.root)'
            timeout 60 python3 receiver.py tcp "$PWD/socket" > got & pid=$!
            until [ -e socket.address ]; do sleep 0.02; done
            "$HAKO" run -l evil=$'x\\n<0>1 forged' --rm \(options) --log-opt tag='{{index .ContainerLabels "evil"}}' busybox true; echo $?
            "$HAKO" run \(options) --log-opt tag=t busybox sh -c \(Self.quoted("printf '<0>1 forged\\r<0>1 forged\\n<0>1 - - forged\\n'; echo bye")) > /dev/null
            wait $pid; cat got
            """)
        // Docker's answer to a tag that it can't take.
        #expect(run.lines.first == "125" && run.error.contains("invalid value for tag"), "\(run)")
        let messages = run.lines.dropFirst().filter { !$0.isEmpty }
        #expect(messages.count == 3 && messages.allSatisfy { $0.hasPrefix("<30>1 ") }, "\(run)")
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: #"'\''"#) + "'" }

    @Test(
        "is what the journal has of it, whatever it and its labels imitate (T-L5)",
        .enabled(if: ForeignLogTests.hasJournal, "needs systemd's journal"))
    func journal() throws {
        let store = try TestStore()
        let names = [
            "message", "priority", "syslog_timestamp", "syslog_identifier", "container_partial_message", "container_name",
            "container_id_full", "_pid", "a\nMESSAGE",
        ]
        let labels = names.flatMap { ["--label", $0 + "=forged\nPRIORITY=0"] }.map(Self.quoted).joined(separator: " ")
        let said = "printf 'one\\nMESSAGE=two\\nPRIORITY=0\\n\\n__CURSOR=x\\n'; sleep 0.2; echo three >&2"
        let run = try ForeignLogTests.besideJournal(
            store,
            """
            "$HAKO" run --name box --log-driver journald --log-opt labels-regex=. \(labels) busybox sh -c \(Self.quoted(said)) > said 2>&1
            "$HAKO" logs -f box > seen 2>&1; cmp said seen && echo same
            "$HAKO" logs box 2> /dev/null | tail -n 1
            journalctl -q -o json CONTAINER_NAME=box PRIORITY=0 | wc -l; journalctl -q -o json CONTAINER_NAME=forged | wc -l
            "$HAKO" logs --since 10m box 2>&1 | wc -l
            """)
        #expect(run.text == "same\n__CURSOR=x\n0\n0\n6", "\(run)")
    }

    @Test("in a health check is only its output (T-L5)")
    func health() throws {
        let store = try TestStore()
        let says = #"printf 'a\033]0;x\007\342\200\256\302\233\r\n"}]},"Status":"healthy","Log":[{"Output":"\377\000end'; exit 1"#
        try store.hako(
            "run", "-d", "--name", "box", "--health-cmd", says, "--health-interval", "100ms", "--health-retries", "1",
            "busybox", "sleep", "1000"
        ).expectSuccess()
        try waitUntil { try store.inspect("box", "{{.State.Health.Status}}") != "starting" }
        let health = try JSON(parsing: Array(try store.inspect("box", "{{json .State.Health}}").utf8))
        #expect(health["Status"]?.string == "unhealthy")
        let output = try #require(health["Log"]?.array?.first?["Output"]?.string)
        #expect(
            output == "a\u{1B}]0;x\u{07}\u{202E}\u{9B}\r\n\"}]},\"Status\":\"healthy\",\"Log\":[{\"Output\":\"\u{FFFD}\0end")
        for words in [["inspect", "box"], ["inspect", "-f", "{{(index .State.Health.Log 0).Output}}", "box"], ["why", "box"], ["ps"]] {
            let run = try store.hako(words)
            #expect(!run.output.unicodeScalars.contains { $0.steersTerminals && $0 != "\n" }, "\(words): \(run)")
        }
        let events = try store.output("events", "--since", "0", "--until", "0s", "--filter", "event=health_status")
        #expect(events.count(of: "\n") == 0 && events.contains("health_status: unhealthy"), "\(events)")
    }
}
