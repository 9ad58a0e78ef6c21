import Builder
import Dockerfile
import Engine
import Glibc
import ImageStore
import Linux
import OCI
import TestSupport
import Testing

/// A store of a test's own with a layer that has a shell, in which RUN instructions are executed.
final class RunFixture {
    let scratch: Scratch
    let engine: Engine
    let lease: Lease
    /// busybox and its names.
    let shell: DiffID
    let reporter = Collector()
    var settings = RunSettings()

    static let isRunnable = geteuid() == 0 && access("/bin/busybox", X_OK) == 0
    static let reason: Comment = "containers are started, of /bin/busybox, by root"

    /// What steps printed.
    final class Collector: BuildReporter {
        var output: [UInt8] = []
        var notes: [String] = []
        var text: String { String(decoding: output, as: UTF8.self) }

        func report(_ event: BuildEvent) {
            switch event {
            case .output(_, _, let bytes): output += bytes
            case .note(_, let text): notes.append(text)
            default: break
            }
        }
    }

    init() throws {
        let scratch = try Scratch()
        engine = try Engine(paths: StorePaths(root: scratch.path("root"), runRoot: scratch.path("run")))
        lease = try engine.images().lease()
        self.scratch = scratch
        shell = try Self.layer(
            engine, lease,
            """
            mkdir bin tmp etc; chmod 1777 tmp; cp /bin/busybox bin/; for n in $(bin/busybox --list); do ln -s busybox bin/$n 2>/dev/null || true; done
            echo 'root:x:0:0::/root:/bin/sh' > etc/passwd; echo 'app:x:7:8::/home/app:/bin/sh' >> etc/passwd
            """)
        settings.network = .none
    }

    /// A layer that a script makes in an empty directory.
    static func layer(_ engine: Engine, _ lease: Lease, _ script: String) throws -> DiffID {
        let draft = try engine.images().layerDraft()
        let made = try ProgramRun.of("/bin/sh", ["-c", "set -e; cd '\(draft.path)/fs'; \(script)"])
        #expect(made.status == 0, "\(made)")
        return DiffID(try draft.adopt(.init(.files), lease: lease).digest)
    }

    func layer(_ script: String) throws -> DiffID { try Self.layer(engine, lease, script) }

    /// The last RUN of some lines of a Dockerfile, to be executed after the lines before it.
    func step(_ lines: String, on layers: [DiffID]? = nil) throws -> RunStep {
        let file = try Dockerfile(parsing: "FROM scratch\n" + lines)
        var configuration = StageConfiguration(base: nil)
        let platform = Dockerfile.PlatformName(os: "linux", architecture: "amd64")
        let arguments = try Dockerfile.BuildArguments(file, buildPlatform: platform, targetPlatform: platform)
        var scope = Dockerfile.StageScope(arguments, environment: configuration.config.environment)
        var found: Dockerfile.Run?
        for statement in file.stages[0].statements {
            let instruction = try scope.evaluate(statement).instruction
            _ = configuration.apply(instruction)
            if case .run(let run) = instruction { found = run }
        }
        let step = BuildStep(number: 1, kind: .preparation, title: "RUN")
        var run = RunStep(
            step, try #require(found), configuration: configuration, environment: scope.runEnvironment, layers: layers ?? [shell])
        run.settings = settings
        return run
    }

    func start(_ step: RunStep) throws -> RunningStep {
        reporter.output = []
        return try step.start(engine: engine, lease: lease, reporter: reporter)
    }

    /// Runs it to its end.
    func finish(_ running: RunningStep) throws -> RunOutcome {
        while true {
            if let outcome = try running.advance() { return outcome }
            var entries = running.descriptors
            try PollEntry.wait(&entries, timeoutMilliseconds: running.pause)
        }
    }

    @discardableResult
    func run(_ step: RunStep) throws -> RunOutcome { try finish(start(step)) }

    /// Runs the last RUN of these lines, which is to succeed; the paths in the layer that it made, with their kinds.
    func files(_ lines: String, on layers: [DiffID]? = nil) throws -> [String] {
        let outcome = try run(step(lines, on: layers))
        #expect(outcome.exitCode == 0, "\(lines): \(reporter.text)")
        return try listing(outcome, "%y %p %U:%G %m %l")
    }

    /// What find(1) says of a layer's files, sorted.
    func listing(_ outcome: RunOutcome, _ format: String) throws -> [String] {
        let path = try path(of: outcome)
        let found = try ProgramRun.of("/bin/sh", ["-c", "cd '\(path)' && find . -mindepth 1 -printf '\(format)\\n' | sort"])
        return found.text.isEmpty ? [] : found.lines.map { $0.hasSuffix(" ") ? String($0.dropLast()) : $0 }
    }

    func path(of outcome: RunOutcome) throws -> String {
        let blob = try #require(outcome.layer)
        return try engine.images().lowerDirectories(of: [DiffID(blob.digest)])[0]
    }
}
