import MonitorProtocol
import OCI
import Testing

@Suite("What passes between engine and monitor")
struct MessageTests {
    @Test("reads back what it writes, control messages", arguments: [
        ControlMessage.created(pid: 7), .start, .started(pid: 8), .failed(StartFailure(.notFound, "no \"x\"\n")),
        .exited(ContainerExit(exitCode: 137, oomKilled: true)),
    ])
    func controlMessages(message: ControlMessage) throws {
        let text = message.json.bytes()
        #expect(text.count <= ControlMessage.limit)
        #expect(try ControlMessage(json: JSON(parsing: text)) == message)
    }

    @Test("reads back what it writes, settings")
    func settings() throws {
        var settings = MonitorSettings(
            id: "abc", runtime: "/r", runtimeRoot: "/run/r", directory: "/c", journal: "/run/j",
            root: .init(lowers: ["/b", "/a"], upper: "/u", work: "/w", volatile: true))
        settings.idMap = .init(
            uid: [.init(containerID: 0, hostID: 1_000_000, size: 65_536)],
            gid: [.init(containerID: 0, hostID: 2_000_000, size: 65_536)])
        settings.openStdin = true
        settings.log = .file(.init(path: "/l", maxSize: 100, maxFile: 2))
        settings.exitCommand = ["/hako", "x"]
        settings.running = .init(pid: 7, startedAt: Timestamp(nanoseconds: 1_700_000_000_123_456_789), restarts: 2, isLast: true)
        #expect(try MonitorSettings(json: JSON(parsing: settings.json.bytes())) == settings)
    }

    @Test("reads back what it writes, states and journal lines")
    func statesAndRecords() throws {
        let state = ContainerState(
            startedAt: Timestamp(nanoseconds: 1_700_000_000_123_456_789),
            finishedAt: Timestamp(nanoseconds: 1_700_000_001_000_000_000), exitCode: 3)
        #expect(try ContainerState(json: JSON(parsing: state.json.bytes())) == state)
        let record = JournalRecord(
            time: Timestamp(nanoseconds: 5), id: String(repeating: "f", count: 64),
            event: .die(ContainerExit(exitCode: 255, oomKilled: true, isKnown: false), isRestarting: true, ran: .max))
        #expect(record.line.count <= JournalRecord.limit)
        #expect(try JournalRecord(json: JSON(parsing: Array(record.line.dropLast()))) == record)
    }

    @Test("maps ids by range, and has no host id for what is in none")
    func hostIDs() {
        let ranges = [
            MonitorSettings.IDMap.Range(containerID: 0, hostID: 1000, size: 10),
            MonitorSettings.IDMap.Range(containerID: 10, hostID: 5000, size: 5),
        ]
        #expect(MonitorSettings.IDMap.hostID(of: 9, in: ranges) == 1009)
        #expect(MonitorSettings.IDMap.hostID(of: 14, in: ranges) == 5004)
        #expect(MonitorSettings.IDMap.hostID(of: 15, in: ranges) == nil)
    }
}

@Suite("Frames of an attached stream")
struct AttachFrameTests {
    @Test("come out whole, however the bytes arrive", arguments: [1, 3, 8, 100])
    func cutsFrames(step: Int) throws {
        let frames = [
            AttachFrame(.stdin, Array("hello".utf8)), AttachFrame(.stdinEnd), .resize(rows: 40, columns: 300),
            AttachFrame(.stdout, Array(repeating: 7, count: 1000)),
        ]
        let bytes = frames.flatMap(\.bytes)
        var parser = AttachFrameParser()
        var seen: [AttachFrame] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            parser.append(bytes[start..<min(start + step, bytes.count)])
            while let frame = try parser.next() { seen.append(frame) }
        }
        #expect(seen == frames)
        #expect(seen[2].size?.columns == 300)
    }

    @Test("are refused when they announce more than a frame holds, or an unknown type", arguments: [
        [1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [99, 0, 0, 0, 0, 0, 0, 0],
    ] as [[UInt8]])
    func refuses(bytes: [UInt8]) {
        var parser = AttachFrameParser()
        parser.append(bytes[...])
        #expect(throws: AttachFrameParser.Fault.self) { try parser.next() }
    }
}
