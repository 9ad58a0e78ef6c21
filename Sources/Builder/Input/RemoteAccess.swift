import Engine
import ImageStore
import Linux
import OCI

/// What is needed to get at what is elsewhere.
struct RemoteAccess {
    let engine: Engine
    let store: ImageStore
    var secrets: [String: BuildSecret] = [:]
    var agents: [String: String] = [:]
    var interruption: CInt = -1

    /// Of a repository's host: the agent `default`, and the secrets GIT_AUTH_TOKEN and GIT_AUTH_HEADER, which may name the host they
    /// are for behind a dot. They aren't sent where everybody on the way could read them.
    ///
    /// - SeeAlso: docs.docker.com/build/building/secrets, "Git authentication for remote contexts"
    func credentials(for source: GitSource) throws -> GitProgram.Credentials {
        var credentials = GitProgram.Credentials(agent: agents["default"])
        let isSafe = source.transport == .https || (source.transport == .http && ["127.0.0.1", "localhost", "[::1]"].contains(source.host))
        guard isSafe, let origin = source.origin else { return credentials }
        if let header = try secret("GIT_AUTH_HEADER", source.host) {
            credentials.authorizations[origin] = header
        } else if let token = try secret("GIT_AUTH_TOKEN", source.host) {
            credentials.authorizations[origin] = "basic " + Base64.encode(Array("x-access-token:\(token)".utf8)[...])
        }
        return credentials
    }

    private func secret(_ id: String, _ host: String) throws -> String? {
        guard let secret = secrets["\(id).\(host)"] ?? secrets[id] else { return nil }
        let bytes: [UInt8]
        switch secret {
        case .value(let value): bytes = value
        case .file(let path):
            do throws(SystemCallError) { bytes = try FileDescriptor.contents(of: path, limit: 500 << 10) } catch {
                throw BuildError("failed to read secret \(id): \(path): \(error.errno)")
            }
        }
        var text = String(decoding: bytes, as: UTF8.self)
        while text.hasSuffix("\n") || text.hasSuffix("\r") { text.removeLast() }
        return text
    }
}

extension GitSource {
    /// `https://host:port`, for what is sent to that alone; nil for what isn't the web.
    var origin: String? {
        guard transport == .http || transport == .https, let scheme = redactedURL.range(of: "://") else { return nil }
        let rest = String(redactedURL[redactedURL.index(scheme, offsetBy: 3)...])
        return "\(transport.rawValue)://\(rest.split(atFirst: "/").0)"
    }
}
