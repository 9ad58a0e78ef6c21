import NIOHTTP1
import OCI

extension RegistryClient {
    /// More are not asked for: each costs a request, and the blob may be sent as soon.
    private static let mountCandidates = 3

    static func pushScope(of reference: Reference) -> String { "repository:\(reference.path):pull,push" }

    /// Brings a blob into a repository of the registry itself, never of a mirror: sent only if it isn't there and no other
    /// repository of the registry gives it.
    ///
    /// - Parameter candidates: Paths of repositories that may have it.
    public func upload(
        _ blob: OutgoingBlob, to repository: Reference, mountingFrom candidates: [String] = []
    ) async throws(RegistryError) -> BlobUpload {
        do throws(RegistryError) {
            let endpoint = try await endpoint(of: repository.domain)
            if try await has("/v2/\(repository.path)/blobs/\(blob.digest)", of: repository, at: endpoint) {
                return .existed
            }
            let uploader = BlobUploader(client: self, blob: blob, repository: repository, endpoint: endpoint)
            var session: BlobUploader.Session?
            for path in candidates.prefix(Self.mountCandidates) {
                do throws(RegistryError) {
                    let begun = try await uploader.mount(from: path)
                    if let session { await uploader.cancel(session) }
                    guard let begun else { return .mounted(from: path) }
                    session = begun
                } catch {
                    // Whoever may not read there may still write here.
                    if error.reason == .cancelled { throw error }
                }
            }
            try await uploader.send(in: session)
            return .sent
        } catch { throw error.about("blob \(blob.digest.short) of \(repository.path)") }
    }

    /// Whether the registry has a manifest or index of this digest in the repository.
    public func hasManifest(_ digest: Digest, in repository: Reference) async throws(RegistryError) -> Bool {
        let endpoint = try await endpoint(of: repository.domain)
        return try await has("/v2/\(repository.path)/manifests/\(digest)", of: repository, at: endpoint)
    }

    /// Puts a manifest or index under the reference's tag, or under its digest if it has none. What it names must be there.
    public func put(manifest bytes: [UInt8], _ type: MediaType, as reference: Reference) async throws(RegistryError) {
        let name = reference.tag ?? reference.digest?.description ?? Reference.defaultTag
        let operand = "manifest \(name) of \(reference.path)"
        do throws(RegistryError) {
            let endpoint = try await endpoint(of: reference.domain)
            let request = Request(
                method: .PUT, url: HTTPURL(origin: endpoint.origin, target: "/v2/\(reference.path)/manifests/\(name)"),
                body: .bytes(bytes, type: type.description))
            try await retrying(limits.attempts, operand) { () throws(RegistryError) in
                _ = try await exchange(
                    request, to: endpoint, scope: Self.pushScope(of: reference), accepted: [200, 201, 202, 204])
            }
        } catch { throw error.about(operand) }
    }

    /// A refusal without words is no answer yet: what comes next is refused too, and says why (HEAD has no body).
    private func has(_ path: String, of repository: Reference, at endpoint: Endpoint) async throws(RegistryError) -> Bool {
        let request = Request(
            method: .HEAD, url: HTTPURL(origin: endpoint.origin, target: path), accept: MediaType.manifests.map(\.description))
        do throws(RegistryError) {
            return try await retrying(limits.attempts, path) { () throws(RegistryError) in
                let landing = try await exchange(
                    request, to: endpoint, scope: Self.pushScope(of: repository), accepted: [200, 404])
                return landing.response.status == .ok
            }
        } catch {
            switch error.reason {
            case .unauthorized(nil), .denied(nil): return false
            default: throw error
            }
        }
    }
}
