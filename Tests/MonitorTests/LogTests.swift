import Glibc
import Linux
import MonitorProtocol
import OCI
import TestSupport
import Testing

@testable import Monitor

@Suite("A container's log")
struct LogTests: ~Copyable {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let time = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

    @Test("is Docker's format, escaped as Docker escapes")
    func format() {
        var record: [UInt8] = []
        var encoder = LogRecordEncoder(.init(path: ""))
        encoder.append(Array("<a>&\"\\\t\u{1}\u{2028}é\n".utf8)[...], of: .stdout, at: Self.time, to: &record)
        let expected =
            #"{"log":"\u003ca\u003e\u0026\"\\\u0009\u0001\u2028é\n","stream":"stdout","time":"2023-11-14T22:13:20Z"}"#
        #expect(String(decoding: record, as: UTF8.self) == expected + "\n")
    }

    @Test("gives back every byte, in one record a line", arguments: [
        Array("plain\n".utf8), Array(#"{"log":"x","stream":"stderr"}"#.utf8) + [0x0A], [0, 0xFF, 0xC3, 0x28, 0x0A],
        [0xE2, 0x82], [0xED, 0xA0, 0x80, 0xF4, 0x90, 0x80, 0x80], Array("é\u{FFFD}\u{2029}\r\n".utf8),
    ] as [[UInt8]])
    func roundTrip(bytes: [UInt8]) throws {
        var record: [UInt8] = []
        var encoder = LogRecordEncoder(.init(path: ""))
        encoder.append(bytes[...], of: .stderr, at: Self.time, to: &record)
        #expect(record.dropLast().firstIndex(of: 0x0A) == nil)
        let json = try JSON(parsing: Array(record.dropLast()))
        if let raw = json["raw"]?.string {
            #expect(Base64.decode(raw) == bytes)
        } else {
            #expect(Array((json["log"]?.string ?? "").utf8) == bytes)
        }
    }

    @Test("holds long lines in pieces of 16 KiB, not cut through a character, with one time")
    func longLines() throws {
        var splitter = LineSplitter()
        var pieces: [[UInt8]] = []
        var times: Set<Timestamp> = []
        let line = Array(repeating: Array("é".utf8), count: 20_001).flatMap { $0 }
        for (count, start) in stride(from: 0, to: line.count, by: 4099).enumerated() {
            let chunk = line[start..<min(start + 4099, line.count)]
            splitter.append(chunk, at: Timestamp(nanoseconds: Int64(count))) {
                pieces.append(Array($0))
                times.insert($1)
            }
        }
        splitter.finish {
            pieces.append(Array($0))
            times.insert($1)
        }
        #expect(pieces.flatMap { $0 } == line)
        #expect(pieces.allSatisfy { $0.count <= 16 << 10 && $0.count % 2 == 0 })
        #expect(pieces.count == 3 && times.count == 1)
    }

    @Test("a special byte is found wherever it stands, and no other taken for one")
    func specialBytes() throws {
        for byte in UInt8.min...UInt8.max {
            let isPlain = (0x20..<0x80).contains(byte) && !#""\<>&"#.utf8.contains(byte)
            for (before, after) in [(0, 0), (0, 20), (3, 1), (7, 9), (8, 0), (13, 3), (16, 0), (20, 30), (24, 7), (31, 40)] {
                // Those around it are neighbours of what is special.
                let text = [0x78] + [UInt8](repeating: 0x7F, count: before) + [byte] + [UInt8](repeating: 0x20, count: after)
                #expect(text[1...].endOfPlainJSON(from: 1) == (isPlain ? text.count : before + 1), "\(byte) behind \(before)")
            }
        }
    }

    @Test("many lines at once are a record each, whatever is between them")
    func manyLines() throws {
        let lines = ["plain\n", "\n", String(repeating: "y", count: 3000) + "\n", "é <b>\n", "\u{1}\n", "\n", String(repeating: "x", count: 300) + "\n", "last"]
        let text = Array(lines.joined().utf8)
        for limit in [0, 1, 200, 1 << 20] {
            var records: [UInt8] = []
            var encoder = LogRecordEncoder(.init(path: ""))
            var rest = text[...]
            var calls = 0
            while !rest.isEmpty {
                rest = rest.dropFirst(encoder.append(rest, of: .stderr, at: Self.time, to: &records, until: limit))
                calls += 1
            }
            let texts = try records.split(separator: 0x0A).map { try JSON(parsing: Array($0))["log"]?.string }
            #expect(texts == lines, "\(limit)")
            #expect(limit == 200 ? (2..<lines.count).contains(calls) : calls == (limit <= 1 ? lines.count : 1))
        }
    }

    @Test("rotates without losing a line, and keeps to size and number", arguments: [1, 7, 200])
    func rotation(_ linesAtOnce: Int) throws {
        let path = scratch.path("log")
        let log = try ContainerLog(.file(.init(path: path, maxSize: 2000, maxFile: 3)))
        for number in stride(from: 0, to: 200, by: linesAtOnce) {
            let lines = (number..<min(number + linesAtOnce, 200)).map { "line \($0)\n" }.joined()
            log.write(Array(lines.utf8)[...], of: .stdout, at: Self.time)
        }
        log.finish()
        var lines: [String] = []
        for file in [path + ".2", path + ".1", path] {
            let text = try FileDescriptor.contents(of: file)
            #expect(text.count <= 2000)
            for record in text.split(separator: 0x0A) {
                lines.append(try JSON(parsing: Array(record))["log"]?.string ?? "")
            }
        }
        #expect(lines.count > 50)
        #expect(lines == ((200 - lines.count)..<200).map { "line \($0)\n" })
        #expect(access(path + ".3", F_OK) != 0)
    }

    @Test("goes on in the file that is there, and mends half a record of a crash")
    func reopening() throws {
        let path = scratch.path("log")
        try scratch.add("log", "{\"log\":\"torn")
        let log = try ContainerLog(.file(.init(path: path)))
        log.write(Array("next\n".utf8)[...], of: .stdout, at: Self.time)
        let lines = try FileDescriptor.contents(of: path).split(separator: 0x0A)
        #expect(lines.count == 2)
        #expect(try JSON(parsing: Array(lines[1]))["log"] == "next\n")
    }

    @Test(
        "counts what a full disk loses, ends in whole records, and says so when there is room again",
        .enabled(if: geteuid() == 0, "mounting needs root"))
    func fullDisk() throws {
        let disk = try SmallDisk(at: scratch.path("disk"), pages: 4)
        let path = scratch.path("disk/log")
        let log = try RotatingLog(.init(path: path, maxSize: nil, maxFile: 1))
        for number in 0..<400 { log.append(Array("line \(number)\n".utf8)[...], of: .stdout, at: Self.time) }
        log.flush()
        let lost = log.losses.count
        #expect(lost > 0 && log.losses.reason == "no space left on device")
        let kept = try FileDescriptor.contents(of: path)
        #expect(kept.last == 0x0A && kept.count < 4 * 4096)
        try disk.grow(pages: 8)
        log.append(Array("after\n".utf8)[...], of: .stdout, at: Self.time)
        log.flush()
        let lines = try FileDescriptor.contents(of: path).split(separator: 0x0A).suffix(2)
        let texts = try lines.map { try JSON(parsing: Array($0))["log"]?.string ?? "" }
        #expect(texts.first == "[hako: \(lost) log records were lost: no space left on device]\n")
        #expect(texts.last == "after\n")
    }
}

/// A tmpfs of a few pages.
private struct SmallDisk: ~Copyable {
    private let path: String

    init(at path: String, pages: Int) throws {
        try Directory.create(path)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(pages * 4096)") == 0 else {
            throw SystemCallError("mount", on: path, Errno(rawValue: errno))
        }
        self.path = path
    }

    func grow(pages: Int) throws {
        guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT), "size=\(pages * 4096)") == 0 else {
            throw SystemCallError("mount", on: path, Errno(rawValue: errno))
        }
    }

    deinit { umount2(path, CInt(MNT_DETACH)) }
}
