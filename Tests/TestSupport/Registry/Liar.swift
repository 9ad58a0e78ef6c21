import Glibc
import Linux
import Synchronization

/// An HTTP server on loopback that does what a test tells it, down to the single byte: a registry can lie in every way.
public final class Liar: Sendable {
    public struct Request: Sendable {
        public let method: String
        public let target: String
        /// Names in lower case.
        public let headers: [(name: String, value: String)]
        /// As it came, with its body.
        public let raw: String

        public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    public let port: UInt16
    public let address: String
    private let listener: LoopbackSocket
    private let script: @Sendable (Request, Connection) throws -> Void
    private let answersProbes: Bool
    private let state = Mutex(State())

    private struct State {
        var requests: [Request] = []
    }

    /// Answers each request of each connection by `script`, which may be called by several threads at once. A
    /// connection ends when it throws.
    ///
    /// - Parameter answersProbes: Whether the question whether this is a registry at all gets a yes, and is not noted.
    public init(
        at address: String = "127.0.0.1", answersProbes: Bool = true,
        script: @escaping @Sendable (Request, Connection) throws -> Void
    ) throws {
        self.answersProbes = answersProbes
        listener = try LoopbackSocket(on: address)
        port = listener.port
        (self.address, self.script) = (address, script)
        // A thread of its own: it blocks in accept(2) until the socket is shut down. Dispatch has only so many to lend, and
        // what it had none for would wait.
        OwnThread.start { [self] in listen() }
    }

    /// Holds the liar until ``stop()``: a value that a test no longer names would else go while its client still talks
    /// to it.
    private func listen() {
        while let client = try? listener.accept() {
            let connection = Connection(client)
            OwnThread.start { [self] in serve(connection) }
        }
    }

    /// Takes no further connection; those that are open end with their clients. Without it the end of the process does.
    public func stop() {
        shutdown(listener.socket.number, Int32(SHUT_RDWR))
    }

    public var host: String { "\(address):\(port)" }
    /// All that was asked so far, but for whether this is a registry at all, to which the answer is yes.
    public var requests: [Request] { state.withLock { $0.requests } }

    private func serve(_ connection: Connection) {
        // A script that throws, a client that hangs up: both end the connection.
        try? {
            while let request = try connection.nextRequest() {
                if answersProbes, request.target == "/v2/", request.header("authorization") == nil {
                    try connection.answer(200)
                    continue
                }
                state.withLock { $0.requests.append(request) }
                try script(request, connection)
            }
        }()
        connection.hangUp()
    }

    /// One client of the liar.
    public final class Connection: Sendable {
        public struct HangUp: Error {
            public init() {}
        }

        private let socket: FileDescriptor

        init(_ socket: consuming FileDescriptor) { self.socket = socket }

        /// Sends a whole answer.
        public func answer(_ status: Int, _ headers: [(String, String)] = [], body: [UInt8] = []) throws {
            try send(head(status, headers + [("Content-Length", "\(body.count)")]))
            try send(body)
        }

        public func head(_ status: Int, _ headers: [(String, String)]) -> String {
            "HTTP/1.1 \(status) Liar\r\n" + headers.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"
        }

        public func send(_ text: String) throws { try send(Array(text.utf8)) }

        public func send(_ bytes: [UInt8]) throws {
            var rest = bytes[...]
            while !rest.isEmpty {
                let number = socket.number
                let count = rest.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { throw HangUp() }
                rest = rest.dropFirst(count)
            }
        }

        /// Says nothing more, until the client has had enough and closes.
        public func fallSilent() throws {
            var buffer = [UInt8](repeating: 0, count: 1024)
            while try socket.read(into: &buffer) > 0 {}
            throw HangUp()
        }

        func hangUp() { shutdown(socket.number, Int32(SHUT_RDWR)) }

        func nextRequest() throws -> Request? {
            var bytes = try socket.read(upTo: 1)
            if bytes.first == 0x16 {
                // The start of a TLS handshake: what an HTTP server makes of it.
                try send(head(400, [("Connection", "close")]))
                return nil
            }
            if bytes.isEmpty { return nil }
            while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                let part = try socket.read(upTo: 1)
                if part.isEmpty { return nil }
                bytes += part
            }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
            let words = (lines.first ?? "").split(separator: " ").map(String.init)
            let headers = lines.dropFirst().map { line in
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                return (
                    name: line[..<colon].lowercased(),
                    value: String(line[colon...].dropFirst().drop { $0 == " " })
                )
            }
            var left = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
            while left > 0 {
                let part = try socket.read(upTo: left)
                if part.isEmpty { return nil }
                bytes += part
                left -= part.count
            }
            return Request(
                method: words.first ?? "", target: words.dropFirst().first ?? "", headers: headers,
                raw: String(decoding: bytes, as: UTF8.self))
        }
    }
}
