import OCI

extension RegistryClient {
    /// Asks a registry whether it takes the login that this client was made with. One that asks for none takes every one.
    ///
    /// - Parameter registry: `docker.io` or `HOST[:PORT]`.
    /// - Returns: What its token server wants to see from now on in place of the password; nil for most.
    public func checkLogin(at registry: String) async throws(RegistryError) -> String? {
        let endpoint = try await endpoint(of: registry)
        let request = Request(url: HTTPURL(origin: endpoint.origin, target: "/v2/"))
        try await retrying(limits.attempts, registry) { () throws(RegistryError) in
            _ = try await exchange(request, to: endpoint, scope: "", accepted: [200])
        }
        return await authorizer.identityToken
    }
}
