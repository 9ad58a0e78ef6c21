import Glibc
import Linux
import MonitorProtocol
import OCI
import TestSupport
import Testing

@testable import Monitor

@Suite("A log that somebody else keeps")
struct SocketLogTests: ~Copyable {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let time = Timestamp(nanoseconds: 1_700_000_000_123_456_789)

    private borrowing func receiver(_ name: String = "socket") throws -> FileDescriptor {
        let path = scratch.path(name)
        let number = socket(
            AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        let socket = FileDescriptor(adopting: number)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        return socket
    }

    private func messages(_ socket: borrowing FileDescriptor) throws -> [[UInt8]] {
        var messages: [[UInt8]] = []
        do throws(SystemCallError) {
            while true { messages.append(try socket.receive(limit: 64 << 10).bytes) }
        } catch {
            guard error.errno == .wouldBlock else { throw error }
        }
        return messages
    }

    private static let syslog = LogDestination.SyslogForm(.rfc5424micro, facility: 3, tag: "tag", hostName: "host")

    private borrowing func log(
        _ kind: LogDestination.LogSocket.Kind = .syslog(syslog), bufferSize: Int64? = nil
    ) throws -> ContainerLog {
        try ContainerLog(
            .socket(.init(kind, address: .init(.unixgram, host: scratch.path("socket")), bufferSize: bufferSize)))
    }

    @Test("gets each line as a message of the journal, and parts of long ones with their number")
    func journal() throws {
        let socket = try receiver()
        let log = try log(.journal(fields: ["CONTAINER_ID": "abc", "MULTI": "a\nb"]))
        log.write(Array("one\n".utf8)[...], of: .stdout, at: Self.time)
        log.write(
            (Array(repeating: UInt8(ascii: "x"), count: 16 << 10) + Array("end\n".utf8))[...], of: .stderr,
            at: Self.time)
        log.finish()
        let texts = try messages(socket).map { String(decoding: $0, as: UTF8.self) }
        #expect(
            texts.first
                == "MESSAGE=one\nPRIORITY=6\nSYSLOG_TIMESTAMP=2023-11-14T22:13:20.123456789Z\nCONTAINER_ID=abc\nMULTI\n\u{3}\0\0\0\0\0\0\0a\nb\n"
        )
        #expect(texts.count == 3 && texts[1].contains("\nPRIORITY=3\n"))
        #expect(
            texts[1].contains(
                "CONTAINER_PARTIAL_ORDINAL=1\nCONTAINER_PARTIAL_LAST=false\nCONTAINER_PARTIAL_MESSAGE=true\n"))
        #expect(
            texts[2].hasPrefix("MESSAGE=end\n")
                && texts[2].contains("CONTAINER_PARTIAL_ORDINAL=2\nCONTAINER_PARTIAL_LAST=true\n"))
    }

    @Test(
        "has each of syslog's forms",
        arguments: [
            (LogDestination.SyslogForm.Format.unix, "<30>Nov 14 22:13:20 tag[PID]: a\n"),
            (.rfc3164, "<30>Nov 14 22:13:20 host tag[PID]: a\n"),
            (.rfc5424, "<30>1 2023-11-14T22:13:20Z host tag PID tag - a\n"),
            (.rfc5424micro, "<30>1 2023-11-14T22:13:20.123456Z host tag PID tag - a\n"),
        ])
    func forms(format: LogDestination.SyslogForm.Format, text: String) {
        setenv("TZ", "UTC", 1)
        tzset()
        let form = LogDestination.SyslogForm(format, facility: 3, tag: "tag", hostName: "host")
        let expected = text.split(separator: "PID", omittingEmptySubsequences: false).joined(separator: "\(getpid())")
        #expect(
            String(decoding: form.message(Array("a".utf8)[...], of: .stdout, at: Self.time), as: UTF8.self) == expected)
        #expect(form.message([], of: .stderr, at: Self.time).starts(with: "<27>".utf8))
    }

    @Test("has the container wait while its receiver does, and loses nothing")
    func blocking() throws {
        let socket = try receiver()
        let log = try log()
        var written = 0
        while log.hasRoom, written < 10_000 {
            log.write(Array("\(written)\n".utf8)[...], of: .stdout, at: Self.time)
            written += 1
        }
        #expect(!log.hasRoom && written < 10_000)
        var texts: [[UInt8]] = []
        while !log.hasRoom {
            texts += try messages(socket)
            log.serve()
        }
        texts += try messages(socket)
        #expect(
            texts.map { String(decoding: $0.split(separator: UInt8(ascii: " ")).last ?? [], as: UTF8.self) }
                == (0..<written).map { "\($0)\n" })
        #expect(log.failure == nil)
    }

    @Test("with a bounded buffer, goes on, loses the newest records, and tells how many")
    func nonBlocking() throws {
        let socket = try receiver()
        let log = try log(bufferSize: 4096)
        for number in 0..<2000 {
            #expect(log.hasRoom)
            log.write(Array("\(number)\n".utf8)[...], of: .stdout, at: Self.time)
        }
        var texts = try messages(socket)
        while true {
            log.serve()
            let more = try messages(socket)
            if more.isEmpty { break }
            texts += more
        }
        log.write(Array("last\n".utf8)[...], of: .stdout, at: Self.time)
        texts += try messages(socket)
        let lines = texts.map { String(decoding: $0, as: UTF8.self) }
        let lost = 2000 - (lines.count - 2)
        #expect(lost > 0 && lines.first?.hasSuffix(" 0\n") == true && lines.last?.hasSuffix(" last\n") == true)
        #expect(
            lines.dropLast().last?.hasSuffix("[hako: \(lost) log records were lost: the buffer was full]\n") == true)
        #expect(log.failure == "\(lost) log records were lost: the buffer was full")
    }

    @Test("finds a receiver again that was started anew")
    func restartedReceiver() throws {
        do {
            let first = try receiver()
            let log = try log()
            log.write(Array("a\n".utf8)[...], of: .stdout, at: Self.time)
            #expect(try messages(first).count == 1)
            try FileDescriptor.removeIfThere(scratch.path("socket"))
            let second = try receiver()
            try first.close()
            log.write(Array("b\n".utf8)[...], of: .stdout, at: Self.time)
            #expect(try messages(second).count == 1)
            #expect(log.failure == nil)
        }
    }

    @Test("can't be without a receiver")
    func missing() {
        let syslog = #expect(throws: StartFailure.self) { _ = try log() }
        #expect(syslog?.message.hasPrefix("failed to initialize logging driver: dial unixgram://") == true)
        let journal = #expect(throws: StartFailure.self) { _ = try log(.journal(fields: [:])) }
        #expect(
            journal?.message.hasPrefix("failed to initialize logging driver: journald is not enabled on this host")
                == true)
    }
}
