import Glibc
import Linux
import OCI

/// One reading of what a container wrote to systemd's journal, by journalctl(1).
struct JournalReading {
    let id: String
    let query: LogQuery
    /// Takes a record; false ends the reading.
    let output: (LogRecord) -> Bool
    /// Called before it waits.
    let pause: () -> Void

    private static let program = "/usr/bin/journalctl"
    static var isPossible: Bool { access(program, X_OK) == 0 }

    /// Reads what is there, and goes on where that is wanted.
    ///
    /// - Parameter end: Readable when the container has ended; -1 where it has.
    func run(end: CInt) throws(SystemCallError) {
        var lines = JournalExport()
        // What was sent to it a moment ago is in its files then; one that doesn't answer is read as it is.
        _ = try? start(["--sync"]).wait()
        // Of none, where the last one stands is wanted all the same.
        let wanted = "--lines=" + (query.tail.map { String(max($0, 1)) } ?? "all")
        guard try read(["--no-pager", wanted], &lines, end: -1, isSilent: query.tail == 0), query.follows, end >= 0
        else { return }
        guard try read(["--follow", "--no-tail"] + lines.position, &lines, end: end) else { return }
        _ = try? start(["--sync"]).wait()
        _ = try read(["--no-pager"] + lines.position, &lines, end: -1)
    }

    private func start(_ words: [String]) throws(SystemCallError) -> ChildProcess {
        try Spawn(Self.program, [Self.program] + words).start()
    }

    /// Reads until journalctl or the container ends. False once no more is wanted.
    private func read(
        _ words: [String], _ lines: inout JournalExport, end: CInt, isSilent: Bool = false
    ) throws(SystemCallError) -> Bool {
        let pipe = try Pipe()
        let all = [Self.program, "--quiet", "--output=export"] + words + ["CONTAINER_ID_FULL=\(id)"]
        var spawn = Spawn(Self.program, all)
        spawn.pass(pipe.writing, as: StandardDescriptor.output)
        spawn.pass(number: StandardDescriptor.error)
        let child = try spawn.start()
        let reading = pipe.keepingReading()
        defer {
            try? child.send(signal: SIGKILL)
            _ = try? child.wait()
        }
        while true {
            while let entry = lines.next() {
                guard !isSilent, let record = entry.record else { continue }
                if query.follows, query.isPast(record) { return false }
                if query.takes(record), !output(record) { return false }
            }
            pause()
            var ready = [PollEntry(reading.number, .readable), PollEntry(end, .readable)]
            _ = try PollEntry.wait(&ready)
            guard !ready[0].ready.isEmpty else { return true }
            let chunk = try reading.read(upTo: 64 << 10)
            if chunk.isEmpty { return true }
            lines.append(chunk)
        }
    }
}

/// Entries of the journal as `journalctl --output=export` writes them: https://systemd.io/JOURNAL_EXPORT_FORMATS/.
struct JournalExport {
    private var bytes: [UInt8] = []
    private var offset = 0
    private var fields: [String: [UInt8]] = [:]
    /// Where the last entry stands.
    private(set) var cursor: String?

    /// What makes journalctl go on there.
    var position: [String] { cursor.map { ["--after-cursor=\($0)"] } ?? [] }

    struct Entry {
        let fields: [String: [UInt8]]
    }

    mutating func append(_ chunk: [UInt8]) {
        bytes.removeFirst(offset)
        offset = 0
        bytes += chunk
    }

    /// The next whole entry.
    mutating func next() -> Entry? {
        while let (line, after) = line(at: offset) {
            if line.isEmpty {
                offset = after
                guard !fields.isEmpty else { continue }
                defer { fields = [:] }
                cursor = fields["__CURSOR"].map { String(decoding: $0, as: UTF8.self) } ?? cursor
                return Entry(fields: fields)
            }
            if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                fields[String(decoding: line[..<equals], as: UTF8.self)] = Array(line[(equals + 1)...])
                offset = after
            } else {
                // A value that may hold line ends: its length in eight bytes, little-endian, and itself.
                guard after + 8 <= bytes.count else { return nil }
                let count = bytes[after..<after + 8].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
                guard let count = Int(exactly: count), count < 64 << 20, after + 8 + count < bytes.count else {
                    return nil
                }
                fields[String(decoding: line, as: UTF8.self)] = Array(bytes[(after + 8)..<(after + 8 + count)])
                offset = after + 8 + count + 1
            }
        }
        return nil
    }

    private func line(at start: Int) -> (ArraySlice<UInt8>, after: Int)? {
        guard let end = bytes[start...].place(of: UInt8(ascii: "\n")) else { return nil }
        return (bytes[start..<end], end + 1)
    }
}

extension JournalExport.Entry {
    /// Nil for what no container wrote.
    var record: LogRecord? {
        guard var message = fields["MESSAGE"] else { return nil }
        if fields["CONTAINER_PARTIAL_MESSAGE"] == nil { message.append(UInt8(ascii: "\n")) }
        let text = { (name: String) in fields[name].map { String(decoding: $0, as: UTF8.self) } }
        let written = text("SYSLOG_TIMESTAMP").flatMap(Timestamp.init(parsing:))
        let received = text("__REALTIME_TIMESTAMP").flatMap(Int64.init).map { Timestamp(nanoseconds: $0 &* 1000) }
        guard let time = written ?? received else { return nil }
        return LogRecord(
            text("PRIORITY") == "3" ? .stderr : .stdout, time, message, details: LogDetails.text(attributes))
    }

    /// Names as they were sent.
    private var attributes: [String: String] {
        fields.filter { !JournalFields.isOwn($0.key) }.mapValues { String(decoding: $0, as: UTF8.self) }
    }
}

/// Fields that the journal and the driver have for themselves.
enum JournalFields {
    private static let own: Set = [
        "MESSAGE", "PRIORITY", "CONTAINER_ID", "CONTAINER_ID_FULL", "CONTAINER_NAME", "CONTAINER_TAG", "IMAGE_NAME",
        "CONTAINER_PARTIAL_MESSAGE", "CONTAINER_PARTIAL_ID", "CONTAINER_PARTIAL_ORDINAL", "CONTAINER_PARTIAL_LAST",
    ]

    static func isOwn(_ name: String) -> Bool {
        own.contains(name) || name.hasPrefix("_") || name.hasPrefix("SYSLOG_")
    }
}
