import OCI

extension RegistryClient {
    private static let tagsAtOnce = 1000
    /// More than any repository has that is pulled as a whole.
    private static let mostTags = 100_000

    /// All tags of a repository, in the registry's order.
    ///
    /// - SeeAlso: distribution-spec, "Listing Tags".
    public func tags(of repository: Reference) async throws(RegistryError) -> [String] {
        let operand = "the tags of \(repository.path)"
        do throws(RegistryError) {
            return try await onEachEndpoint(of: repository.domain) { endpoint throws(RegistryError) in
                var tags: [String] = []
                while true {
                    let last = tags.last
                    let part = try await retrying(limits.attempts, operand) { () throws(RegistryError) in
                        try await fetchTags(after: last, of: repository, from: endpoint)
                    }
                    tags += part.tags
                    guard part.isFollowed, !part.tags.isEmpty else { return tags }
                    guard tags.count < Self.mostTags else {
                        throw RegistryError(
                            on: operand, at: endpoint.origin.description, .invalidResponse("there are more than \(Self.mostTags)"))
                    }
                }
            }
        } catch { throw error.about(operand) }
    }

    /// Where a next part is, is asked by the last tag, which comes to what the answer's `Link` says: that may lead anywhere.
    private func fetchTags(
        after last: String?, of repository: Reference, from endpoint: Endpoint
    ) async throws(RegistryError) -> (tags: [String], isFollowed: Bool) {
        let query = "n=\(Self.tagsAtOnce)" + (last.map { "&last=\($0)" } ?? "")
        let landing = try await send(
            "/v2/\(repository.path)/tags/list?\(query)", to: endpoint, scope: Self.scope(of: repository), accepted: [200])
        let answer = try await requester.collect(landing, limit: ImageManifest.maximumSize)
        guard !answer.isCut, let json = try? JSON(parsing: answer.body), json.object != nil else {
            throw RegistryError(on: repository.path, at: endpoint.origin.description, .invalidResponse("it is no list of tags"))
        }
        let tags = try (json["tags"]?.array ?? []).map { element throws(RegistryError) in
            guard let tag = element.string, (try? repository.tagged(tag)) != nil else {
                throw RegistryError(on: repository.path, at: endpoint.origin.description, .invalidResponse("it lists what is no tag"))
            }
            return tag
        }
        return (tags, answer.headers.first(name: "Link") != nil)
    }
}
