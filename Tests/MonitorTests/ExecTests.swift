import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime
import RuntimeClient
import TestSupport
import Testing

@Suite(
    "A program beside a container's own",
    .enabled(if: ContainerFixture.isPossible, "needs root, busybox-static and hako-runtime"))
struct ExecTests {
    private func inContainer(
        _ body: (borrowing ContainerFixture, RuntimeCommand) throws -> Void
    ) throws {
        let fixture = try ContainerFixture(.own, ["sleep", "1000"])
        let monitor = try fixture.launch()
        _ = try monitor.waitCreated()
        _ = try monitor.startAndWait()
        try body(fixture, RuntimeCommand(program: fixture.settings.runtime, root: fixture.paths.runtimeRoot))
        try AttachConnection.connect(
            bundle: fixture.bundle, AttachRequest(stdin: false, stdout: false, stderr: false)
        ).signal(SIGKILL)
        _ = try monitor.waitExit()
        try fixture.waitGone(monitor)
        try fixture.expectNothingLeft()
    }

    private func process(_ args: [String], terminal: Bool = false) -> JSON {
        [
            "terminal": .bool(terminal), "user": ["uid": 0, "gid": 0], "args": JSON(args), "env": ["PATH=/bin"],
            "cwd": "/",
        ]
    }

    @Test("has our input and its end, and we have all of its output and its exit code")
    func pipes() throws {
        try inContainer { fixture, command in
            let text = (0..<30_000).flatMap { Array("line \($0)\n".utf8) }
            try fixture.scratch.add("input", .file(text))
            let input = try FileDescriptor.open(fixture.scratch.path("input"))
            var request = RuntimeCommand.ExecRequest(process: process(["sh", "-c", "cat; echo e >&2; exit 9"]))
            request.openStdin = true
            let session = try command.exec(fixture.id, request, bundle: fixture.bundle)
            let run = try fixture.relay(session, input: input.number)
            #expect(run.end == .exited(ContainerExit(exitCode: 9, oomKilled: false)))
            #expect(run.output == text && run.error == Array("e\n".utf8))
        }
    }

    @Test("has nothing open but its three streams")
    func descriptors() throws {
        try inContainer { fixture, command in
            let request = RuntimeCommand.ExecRequest(process: process(["sh", "-c", "echo /proc/$$/fd/*"]))
            let session = try command.exec(fixture.id, request, bundle: fixture.bundle)
            let run = try fixture.relay(session)
            let names = String(decoding: run.output, as: UTF8.self).split(separator: "/")
                .compactMap { Int($0.prefix { $0.isNumber }) }
            #expect(names.filter { $0 < 1000 }.allSatisfy { $0 <= 2 || $0 == 10 || $0 == 3 }, "\(names)")
        }
    }

    @Test("has a terminal of its own with our size")
    func terminal() throws {
        try inContainer { fixture, command in
            let person = try PseudoTerminal()
            let screen = try person.openPeer()
            try screen.setWindowSize(WindowSize(rows: 21, columns: 55))
            var request = RuntimeCommand.ExecRequest(process: process(["sh", "-c", "read x; stty size"], terminal: true))
            request.terminal = true
            request.openStdin = true
            let session = try command.exec(fixture.id, request, bundle: fixture.bundle)
            try person.master.writeAll("\n")
            var options = RelayOptions()
            options.input = screen.number
            options.output = screen.number
            options.error = nil
            options.terminal = true
            let end = try session.relay(options, signals: RelaySignals.block())
            #expect(end == .exited(ContainerExit(exitCode: 0, oomKilled: false)))
            try person.master.setNonBlocking(true)
            // A terminal gives what it has in pieces.
            var shown: [UInt8] = []
            while let piece = try? person.master.read(upTo: 1000), !piece.isEmpty { shown += piece }
            #expect(String(decoding: shown, as: UTF8.self).contains("21 55"), "\(shown)")
        }
    }

    @Test("that isn't there, or can't be executed, is told apart", arguments: [
        ("/no/such", StartFailure.Kind.notFound), ("/tmp", .notExecutable),
    ])
    func missing(path: String, kind: StartFailure.Kind) throws {
        try inContainer { fixture, command in
            let error = #expect(throws: RuntimeClientError.self) {
                let session = try command.exec(
                    fixture.id, RuntimeCommand.ExecRequest(process: process([path])),
                    bundle: fixture.bundle)
                _ = try fixture.relay(session)
            }
            guard case .start(let failure)? = error else {
                Issue.record("not a start failure: \(String(describing: error))")
                return
            }
            #expect(failure.kind == kind, "\(failure)")
        }
    }

    @Test("does not keep us waiting for a child that it leaves behind")
    func background() throws {
        try inContainer { fixture, command in
            let request = RuntimeCommand.ExecRequest(process: process(["sh", "-c", "sleep 1000 & echo left"]))
            let session = try command.exec(fixture.id, request, bundle: fixture.bundle)
            let run = try fixture.relay(session)
            #expect(run.output == Array("left\n".utf8))
        }
    }
}
