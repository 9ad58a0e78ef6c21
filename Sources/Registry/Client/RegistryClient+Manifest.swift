import Hashing
import NIOHTTP1
import OCI

/// A manifest or an index as the registry stores it.
public struct FetchedManifest: Sendable {
    public let bytes: [UInt8]
    /// Of `bytes`, computed here.
    public let digest: Digest
    /// What it was announced as, if that is any of the types that were asked for: it counts for nothing, but must not
    /// contradict the bytes (CVE-2021-41190).
    public let announcedType: MediaType?
    /// Who had it: the same one is asked first for its blobs.
    public let endpoint: Endpoint
}

extension RegistryClient {
    /// The manifest or index of this name; if it has a digest, the bytes have it too, and the tag doesn't count.
    ///
    /// - Parameter preferred: Asked first, if it is a mirror.
    public func manifest(
        of reference: Reference, preferred: Endpoint? = nil
    ) async throws(RegistryError) -> FetchedManifest {
        let name = reference.digest?.description ?? reference.tag ?? Reference.defaultTag
        let operand = "manifest \(name) of \(reference.path)"
        do throws(RegistryError) {
            return try await onEachEndpoint(of: reference.domain, preferred: preferred) {
                endpoint throws(RegistryError) in
                // A mirror that stumbles is no reason to wait: the registry is there.
                try await retrying(endpoint.isMirror ? min(limits.attempts, 2) : limits.attempts, operand) {
                    () throws(RegistryError) in
                    try await fetchManifest(name, of: reference, from: endpoint)
                }
            }
        } catch { throw error.about(operand) }
    }

    private func fetchManifest(
        _ name: String, of reference: Reference, from endpoint: Endpoint
    ) async throws(RegistryError) -> FetchedManifest {
        let landing = try await send(
            "/v2/\(reference.path)/manifests/\(name)", to: endpoint, scope: Self.scope(of: reference),
            accept: MediaType.manifests.map(\.description), accepted: [200])
        let answer = try await requester.collect(landing, limit: ImageManifest.maximumSize)
        guard !answer.isCut else {
            throw RegistryError(
                on: name, at: endpoint.origin.description,
                .invalidResponse("it is longer than \(ImageManifest.maximumSize) bytes"))
        }
        var hash = ContentHash(reference.digest?.algorithm ?? .sha256)
        hash.update(answer.body)
        let actual = try hash.digest()
        if let expected = reference.digest, actual != expected {
            throw RegistryError(
                on: name, at: endpoint.origin.description,
                .digestMismatch(expected: expected.description, actual: actual.description))
        }
        let announced = answer.headers.first(name: "Content-Type").map { MediaType(String($0.prefix { $0 != ";" })) }
        return FetchedManifest(
            bytes: answer.body, digest: actual,
            announcedType: announced.flatMap { MediaType.manifests.contains($0) ? $0 : nil },
            endpoint: endpoint)
    }

    static func scope(of reference: Reference) -> String { "repository:\(reference.path):pull" }

    /// Calls `body` until it succeeds, fails for good, or has failed `attempts` times.
    func retrying<Result: Sendable>(
        _ attempts: Int, _ operand: String, _ body: () async throws(RegistryError) -> Result
    ) async throws(RegistryError) -> Result {
        var attempt = 1
        while true {
            do throws(RegistryError) { return try await body() } catch {
                guard attempt < attempts, let delay = error.delay(beforeAttempt: attempt, limits: limits) else {
                    throw error
                }
                try await pause(for: delay, about: operand)
                attempt += 1
            }
        }
    }
}
