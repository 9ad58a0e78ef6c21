import Glibc
import Hashing
import Linux
import OCI
import TestSupport
import Testing

@testable import Registry

/// What a test says of its client.
struct Setup {
    var configuration = "{}"
    /// Docker's config.json.
    var logins: String?
    var environment: [String: String] = [:]
    var limits: TransferLimits = {
        var limits = TransferLimits()
        limits.firstDelay = .milliseconds(1)
        limits.longestDelay = .milliseconds(5)
        limits.connect = .seconds(30)
        return limits
    }()
    /// Like `/etc/docker/certs.d`.
    var certificates: String?
    var login: Login?
}

/// Runs `body` with a client that knows nothing of this machine's own configuration.
func withClient<Result>(
    _ setup: Setup = Setup(), _ body: (RegistryClient) async throws -> Result
) async throws -> Result {
    let scratch = try Scratch(["docker": .directory, "certs": .directory])
    if let logins = setup.logins { try scratch.add("docker/config.json", .file(Array(logins.utf8))) }
    var configuration = RegistryConfiguration()
    try configuration.parse(Array(setup.configuration.utf8), path: "config.json")
    var environment = setup.environment
    environment["DOCKER_CONFIG"] = scratch.path("docker")
    let client = try RegistryClient(
        configuration: configuration, environment: environment, login: setup.login, limits: setup.limits,
        certificateParents: [setup.certificates ?? scratch.path("certs")])
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}

/// A login for each registry: `user` and `secret-password`.
func logins(for registries: String...) -> String {
    let auth = Base64.encode(Array("user:secret-password".utf8)[...])
    return "{\"auths\": {" + registries.map { "\"\($0)\": {\"auth\": \"\(auth)\"}" }.joined(separator: ",") + "}}"
}

let basic = "Basic " + Base64.encode(Array("user:secret-password".utf8)[...])

func digest(of bytes: [UInt8]) throws -> Digest { try Digest("sha256:" + SHA256.hexDigest(of: bytes)) }

extension RegistryClient {
    /// The whole blob in memory.
    func blobBytes(_ digest: Digest, size: Int, of reference: Reference) async throws -> [UInt8] {
        let received = Collected()
        try await blob(digest, size: Int64(size), of: reference) { await received.add($0) }
        return await received.bytes
    }
}

actor Collected {
    private(set) var bytes: [UInt8] = []
    func add(_ part: [UInt8]) -> Bool {
        bytes += part
        return true
    }
}

/// The reason of the error that `body` throws, once it has thrown one.
func reason(
    _ body: () async throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) async -> RegistryError.Reason? {
    let error = await #expect(throws: RegistryError.self, sourceLocation: sourceLocation) { _ = try await body() }
    return error?.reason
}
