import Glibc
import Linux

/// A real registry (distribution's `registry`, Debian's `docker-registry`) on loopback, gone when this value goes.
public struct DockerRegistry: ~Copyable {
    public struct Options: Sendable {
        /// `USER:HASH`, a line of an htpasswd file with bcrypt.
        public var passwordLine: String?
        /// Paths of a certificate and its key: HTTPS.
        public var certificate: (certificate: String, key: String)?
        /// Path of the authority that clients' certificates must be signed by.
        public var clientAuthority: String?

        public init(
            passwordLine: String? = nil, certificate: (certificate: String, key: String)? = nil,
            clientAuthority: String? = nil
        ) {
            (self.passwordLine, self.certificate, self.clientAuthority) = (passwordLine, certificate, clientAuthority)
        }
    }

    /// For `.enabled(if:)`.
    public static var isInstalled: Bool { Program.isInstalled("docker-registry") }

    public let port: UInt16
    /// `127.0.0.1:PORT`
    public var host: String { "127.0.0.1:\(port)" }
    /// Holds the port for it from before it starts.
    private let place: LoopbackSocket
    private let process: ChildProcess
    private let scratch: Scratch

    /// Starts it and waits until it answers.
    public init(_ options: Options = Options()) throws {
        let scratch = try Scratch(["data": .directory])
        let place = try LoopbackSocket(listens: false)
        let port = place.port
        try scratch.add("config.yml", .file(Array(try Self.configuration(options, port: port, scratch: scratch).utf8)))
        let process = try Self.start(scratch)
        // It tells nobody when it is ready: its port does. Waiting for its death costs no time where it has died.
        while !LoopbackSocket.accepts(port: port) {
            var entries = [PollEntry(process.pidfd.number, .readable)]
            guard try PollEntry.wait(&entries, timeoutMilliseconds: 5) == 0 else {
                let text = String(decoding: try FileDescriptor.contents(of: scratch.path("log")), as: UTF8.self)
                throw Program.Failure(description: "docker-registry ended: \(text)")
            }
        }
        self.place = place
        self.process = process
        self.scratch = scratch
        self.port = port
    }

    private static func start(_ scratch: borrowing Scratch) throws -> ChildProcess {
        let log = try FileDescriptor.open(scratch.path("log"), flags: O_WRONLY | O_CREAT | O_APPEND)
        guard let program = Program.path("docker-registry") else {
            throw Program.Failure(description: "docker-registry is not installed")
        }
        var spawn = Spawn(
            program, [program, "serve", scratch.path("config.yml")], environment: ["OTEL_TRACES_EXPORTER=none"])
        spawn.pass(log, as: StandardDescriptor.output)
        spawn.pass(log, as: StandardDescriptor.error)
        return try spawn.start()
    }

    private static func configuration(_ options: Options, port: UInt16, scratch: borrowing Scratch) throws -> String {
        var text = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage:
              filesystem: {rootdirectory: \(scratch.path("data"))}
              delete: {enabled: true}
            http:
              addr: 127.0.0.1:\(port)

            """
        if let (certificate, key) = options.certificate {
            text += "  tls:\n    certificate: \(certificate)\n    key: \(key)\n"
            if let authority = options.clientAuthority { text += "    clientcas: [\(authority)]\n" }
        }
        if let line = options.passwordLine {
            try scratch.add("htpasswd", .file(Array((line + "\n").utf8)))
            text += "auth:\n  htpasswd: {realm: hako-test, path: \(scratch.path("htpasswd"))}\n"
        }
        return text
    }

    /// Where it keeps its blobs, for tests that damage them.
    public func path(_ relative: String) -> String { scratch.path("data/docker/registry/v2/\(relative)") }

    /// Its configuration's path: for another one of the same files, in another network.
    public var configuration: String { scratch.path("config.yml") }

    deinit {
        do {
            try process.send(signal: SIGKILL)
            _ = try process.wait()
        } catch { print("docker-registry \(process.pid) may still run: \(error)") }
    }
}
