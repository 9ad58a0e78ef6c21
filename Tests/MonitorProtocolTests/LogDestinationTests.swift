import OCI
import Testing

@testable import MonitorProtocol

@Suite("Where a log goes")
struct LogDestinationTests {
    private static var destinations: [LogDestination] {
        var file = LogDestination.LogFile(.local, path: "/l", maxSize: nil, maxFile: 7)
        file.compressor = ["/hako", "compress"]
        file.details = "a=b"
        let syslog = LogDestination.SyslogForm(.rfc5424micro, facility: 23, tag: "t ü", hostName: "h")
        return [
            .file(file), .socket(.init(.journal(fields: ["A": "b\nc"]), address: .init(.unixgram, host: "/run/j"))),
            .socket(.init(.syslog(syslog), address: .init(.tcp, host: "2001:db8::1", port: 601), bufferSize: 9)),
        ]
    }

    @Test("passes through JSON unchanged", arguments: destinations)
    func roundTrip(destination: LogDestination) throws {
        #expect(try LogDestination.parse(JSON(parsing: destination.json.bytes())) == destination)
    }

    @Test(
        "is a URL, with syslog's port where none is given",
        arguments: [
            ("unix:///dev/log", LogAddress(.unix, host: "/dev/log")),
            ("unixgram:///x", LogAddress(.unixgram, host: "/x")),
            ("udp://10.0.0.1", LogAddress(.udp, host: "10.0.0.1", port: 514)),
            ("tcp://[::1]:601", LogAddress(.tcp, host: "::1", port: 601)),
            ("tcp://h:1", LogAddress(.tcp, host: "h", port: 1)),
        ])
    func address(text: String, address: LogAddress) { #expect(LogAddress(parsing: text) == address) }

    @Test(
        "is no URL of another kind",
        arguments: [
            "", "10.0.0.1:514", "http://a", "unix://relative", "unix://", "unix:///", "udp://", "udp://a:0",
            "udp://a:70000", "udp://[::1]x",
        ])
    func refused(text: String) { #expect(LogAddress(parsing: text) == nil) }
}

@Suite("Records of log driver local")
struct LocalLogRecordTests {
    @Test("are read as they were written, one after another")
    func roundTrip() throws {
        let texts: [[UInt8]] = [[], [0x0A], Array("line\n".utf8), Array(repeating: 0xFF, count: 16 << 10)]
        var bytes: [UInt8] = []
        for (index, text) in texts.enumerated() {
            LocalLogRecord.append(
                text[...], isError: index % 2 == 1, time: Timestamp(nanoseconds: -1 &+ Int64(index)),
                details: index == 2 ? Array("a=b".utf8) : [], to: &bytes)
        }
        var rest = bytes[...]
        for (index, text) in texts.enumerated() {
            let record = try #require(LocalLogRecord(rest))
            #expect(record.text == text[...] && record.isError == (index % 2 == 1))
            #expect(record.time.nanoseconds == Int64(index) - 1 && record.details.count == (index == 2 ? 3 : 0))
            rest = rest.dropFirst(
                LocalLogRecord.size(length: try #require(LocalLogRecord.length(at: rest.startIndex, in: rest))))
        }
        #expect(rest.isEmpty)
    }

    @Test("are none when they are cut off or damaged, wherever")
    func damage() throws {
        var bytes: [UInt8] = []
        LocalLogRecord.append(
            Array("text\n".utf8)[...], isError: false, time: Timestamp(nanoseconds: 5), details: [], to: &bytes)
        for count in 0..<bytes.count { #expect(LocalLogRecord(bytes.prefix(count)) == nil) }
        for index in Array(0..<4) + Array(bytes.count - 4..<bytes.count) {
            var other = bytes
            other[index] ^= 0x55
            #expect(LocalLogRecord(other[...]) == nil)
        }
        bytes[4] |= 2
        #expect(LocalLogRecord(bytes[...]) == nil)
    }
}
