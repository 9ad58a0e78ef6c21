import Linux
import Synchronization

/// Files of a directory over HTTP on loopback, with git's smart protocol for repositories where that is asked for.
public final class FileServer: Sendable {
    private let server: Liar

    /// - Parameters:
    ///   - root: A directory.
    ///   - isSmart: Whether `git http-backend` answers what is below `*.git`; else its files, which older servers have.
    ///   - tag: `ETag` of each file; nil for none.
    public init(_ root: String, isSmart: Bool = false, tag: String? = nil) throws {
        server = try Liar(answersProbes: false) { request, connection in
            let target = request.target.split(separator: "?", omittingEmptySubsequences: false).map(String.init)
            let path = target[0]
            if isSmart, path.contains(".git/") {
                return try Self.git(root, path, query: target.count > 1 ? target[1] : "", request, connection)
            }
            guard !path.contains(".."), let bytes = try? FileDescriptor.contents(of: root + path, limit: 256 << 20) else {
                return try connection.answer(404)
            }
            var headers = [("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")]
            if let tag { headers.append(("ETag", tag)) }
            if let tag, request.header("if-none-match") == tag { return try connection.answer(304, headers) }
            try connection.answer(200, headers, body: bytes)
        }
    }

    deinit { server.stop() }

    public var address: String { "http://\(server.host)" }
    /// What was asked for: `GET /name`.
    public var requests: [String] { server.requests.map { "\($0.method) \($0.target)" } }
    /// Of all requests so far, in their order; nil where one has no such field.
    public func headers(_ name: String) -> [String?] { server.requests.map { $0.header(name) } }

    /// - SeeAlso: git-http-backend(1), RFC 3875
    private static func git(
        _ root: String, _ path: String, query: String, _ request: Liar.Request, _ connection: Liar.Connection
    ) throws {
        let body = request.raw.firstRange(of: "\r\n\r\n").map { String(request.raw[$0.upperBound...]) } ?? ""
        var environment = [
            "GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.header("content-type") ?? "", "CONTENT_LENGTH": "\(body.utf8.count)",
        ]
        if let version = request.header("git-protocol") { environment["GIT_PROTOCOL"] = version }
        let run = try ProgramRun.of("/usr/lib/git-core/git-http-backend", [], input: Array(body.utf8), environment: environment)
        let bytes = run.outputBytes
        guard let end = bytes.indices.dropLast(3).first(where: { bytes[$0..<$0 + 4].elementsEqual("\r\n\r\n".utf8) }) else {
            return try connection.answer(500)
        }
        var (status, headers): (Int, [(String, String)]) = (200, [])
        for line in String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
            guard parts.count == 2 else { continue }
            if parts[0] == "Status" { status = Int(parts[1].prefix(3)) ?? 500 } else { headers.append((String(parts[0]), String(parts[1]))) }
        }
        try connection.answer(status, headers, body: Array(bytes[(end + 4)...]))
    }

    /// Makes repositories by a shell's script, in which `$R` is where they are to be served from; a working directory of its own
    /// is the current one.
    public static func repositories(in root: String, _ script: String) throws {
        let environment = [
            "R": root, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": "1700000000 +0000",
            "GIT_COMMITTER_DATE": "1700000000 +0000",
        ]
        let run = try ProgramRun.of(
            "/bin/bash", ["-c", "set -e; umask 022; mkdir -p \"$R/../work\"; cd \"$R/../work\"\n" + script], environment: environment)
        guard run.status == 0 else { throw Program.Failure(description: "the repositories can't be made: \(run)") }
    }
}
