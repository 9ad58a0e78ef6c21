import Linux
import MonitorProtocol
import OCI
import Testing

@testable import Engine

@Suite("Log options")
struct LogConfigTests {
    private static func config(_ type: String, _ options: [String: String]) -> LogConfig {
        var config = LogConfig()
        config.type = type
        config.options = options
        return config
    }

    @Test(
        "that are wrong are refused in Docker's words",
        arguments: [
            ("x", [:], "logger: no log driver named 'x' is registered"),
            ("json-file", ["a": "b"], "unknown log opt 'a' for json-file log driver"),
            ("local", ["a": "b"], "unknown log opt 'a' for log driver local"),
            ("journald", ["max-size": "1m"], "unknown log opt 'max-size' for journald log driver"),
            ("syslog", ["max-size": "1m"], "unknown log opt 'max-size' for syslog log driver"),
            ("json-file", ["mode": "x"], "logger: logging mode not supported: x"),
            (
                "json-file", ["max-buffer-size": "1m"],
                "logger: max-buffer-size option is only supported with 'mode=non-blocking'"
            ),
            (
                "json-file", ["mode": "non-blocking", "max-buffer-size": "x"],
                "error parsing option max-buffer-size: invalid size: 'x'"
            ),
            ("json-file", ["max-size": "0"], "invalid value for max-size: 0"),
            ("json-file", ["max-file": "0"], "max-file cannot be less than 1: 0"),
            (
                "json-file", ["compress": "true", "max-file": "1"],
                "compress cannot be true when max-file is less than 2 or max-size is not set"
            ),
            ("local", ["compress": "maybe"], "invalid boolean value for compress: maybe"),
            ("syslog", ["syslog-facility": "local8"], "invalid syslog facility"),
            ("syslog", ["syslog-format": "x"], "Invalid syslog format"),
            (
                "syslog", ["syslog-address": "10.0.0.1"],
                "syslog-address should be in form proto://address, got 10.0.0.1"
            ),
            ("json-file", ["labels-regex": "["], "invalid value for labels-regex"),
            ("json-file", ["tag": "{{.Name"], "invalid value for tag: {{.Name"),
        ] as [(String, [String: String], String)])
    func refused(type: String, options: [String: String], message: String) {
        let error = #expect(throws: EngineError.self) { try Self.config(type, options).validate() }
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test(
        "that are right are taken",
        arguments: [
            ("none", ["anything": "goes"]),
            ("json-file", ["mode": "non-blocking", "max-buffer-size": "4m", "labels": "a,b", "tag": "{{.ID}}"]),
            ("local", ["max-size": "-1"]), ("local", ["max-size": "1.5k", "max-file": "2", "compress": "T"]),
            ("journald", ["env": "A", "env-regex": "^B"]),
            ("syslog", ["syslog-address": "udp://localhost", "syslog-facility": "local7"]),
        ] as [(String, [String: String])])
    func taken(type: String, options: [String: String]) throws { try Self.config(type, options).validate() }

    @Test("are Docker's where none is given, with sizes in thousands")
    func sizes() throws {
        #expect(
            try Self.config("local", [:]).fileLimits() == .init(maxSize: 20_000_000, maxFile: 5, isCompressed: true))
        #expect(try Self.config("local", ["max-file": "1"]).fileLimits().isCompressed == false)
        #expect(try Self.config("json-file", ["max-size": "1.5k"]).fileLimits().maxSize == 1500)
        #expect(try Self.config("json-file", ["max-size": "10mb"]).fileLimits().maxSize == 10_000_000)
        #expect(Self.config("syslog", ["mode": "non-blocking", "max-buffer-size": "1k"]).bufferSize == 1024)
    }

    @Test(
        "name labels and variables by patterns",
        arguments: [
            ("^com\\.", "com.example", true), ("^com\\.", "org.com.", false), ("\\d+", "a1", true),
            ("^\\D$", "1", false),
            ("(?i)ABC", "abc", true), ("(?:a|b)c", "bc", true), ("[\\w-]+x", "a-x", true), ("^[^\\d]$", "5", false),
        ])
    func patterns(pattern: String, name: String, matches: Bool) throws {
        #expect(try LogPattern(pattern, of: "env-regex").matches(name) == matches)
    }

    @Test("add labels and variables to each record, sorted and escaped")
    func attributes() throws {
        var spec = StoredSpec(config: ContainerConfig(), host: HostConfig(), imageArchitecture: "amd64")
        spec.config.labels = ["com.a": "x y", "b": "1", "c": "no"]
        spec.config.environment = ["E=a=b", "F=f"]
        spec.host.logConfig.options = ["labels": "b,missing", "labels-regex": "^com", "env": "E"]
        let attributes = try LogAttributes(spec)
        #expect(attributes.text == "E=a%3Db,b=1,com.a=x+y")
        #expect(attributes.json == #"{"E":"a=b","b":"1","com.a":"x y"}"#)
        #expect(try LogAttributes(spec, rename: LogAttributes.journalName).values.keys.sorted() == ["B", "COM_A", "E"])
    }
}

@Suite("Records that are read")
struct LogLineTests {
    @Test(
        "are the same by the quick way and by the thorough one",
        arguments: [
            #"{"log":"plain\n","stream":"stdout","time":"2024-05-01T12:00:00.5Z"}"#,
            #"{"log":"\"q\" \\ \t \u003c\u0000\r\n","stream":"stderr","time":"2024-05-01T12:00:00Z"}"#,
            #"{"log":"é\u2028\ud83d\ude00\/","stream":"stdout","time":"2024-05-01T12:00:00.123456789Z"}"#,
            #"{"log":"x","stream":"stdout","attrs":{"b":"1","a":"x y"},"time":"2024-05-01T12:00:00Z"}"#,
            #"{"log":"\ufffd","stream":"stderr","raw":"/w==","time":"2024-05-01T12:00:00Z"}"#,
            #"{"time":"2024-05-01T12:00:00Z","log":"other order"}"#,
        ])
    func sameRecords(text: String) throws {
        var lines = JSONLogLine()
        let read = lines.record(Array(text.utf8)[...])
        let record = try #require(read)
        let json = try JSON(parsing: Array(text.utf8))
        #expect(
            record.bytes == json["raw"]?.string.flatMap { Base64.decode($0) } ?? Array((json["log"]?.string ?? "").utf8)
        )
        #expect(record.time == json["time"]?.string.flatMap(Timestamp.init(parsing:)))
        #expect((record.stream == .stderr) == (json["stream"] == "stderr"))
        #expect(record.details == (json["attrs"] == nil ? [] : Array("a=x+y,b=1".utf8)))
    }

    @Test(
        "are none where a line is torn",
        arguments: [
            "", "{", #"{"log":"x"#, #"{"log":"x","stream":"stdout","time":"now"}"#,
            #"{"log":"\q","stream":"stdout","time":"2024-05-01T12:00:00Z"}"#,
        ])
    func torn(text: String) {
        var lines = JSONLogLine()
        let record = lines.record(Array(text.utf8)[...])
        #expect(record == nil)
    }

    @Test("come from the journal, whole lines and parts, in pieces of any size")
    func journal() throws {
        let text = "__CURSOR=c1\nMESSAGE=one\nPRIORITY=6\nSYSLOG_TIMESTAMP=2024-05-01T12:00:00Z\nLABEL=v\n\n"
        let binary: [UInt8] =
            Array("__CURSOR=c2\nMESSAGE\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x0A, 0]
            + Array(
                "\nPRIORITY=3\nCONTAINER_PARTIAL_MESSAGE=true\n__REALTIME_TIMESTAMP=1000000\n\n".utf8)
        let all = Array(text.utf8) + binary
        for size in [1, 7, all.count] {
            var export = JournalExport()
            var records: [LogRecord] = []
            for start in stride(from: 0, to: all.count, by: size) {
                export.append(Array(all[start..<min(start + size, all.count)]))
                while let entry = export.next() { records.append(try #require(entry.record)) }
            }
            #expect(records.map(\.bytes) == [Array("one\n".utf8), [0xFF, 0x0A, 0]])
            #expect(records.map(\.details) == [Array("LABEL=v".utf8), []] && records.last?.stream == .stderr)
            #expect(records.last?.time == Timestamp(nanoseconds: 1_000_000_000) && export.cursor == "c2")
        }
    }
}
