import OCI

extension RegistryClient {
    /// Fetches what a user names by its address, which is no registry's: without a login, and unverified. A connection that
    /// breaks off is an error: nobody says that the rest would be of the same content.
    ///
    /// - Parameter receive: Gets the parts, once each and in order; false ends the download as cancelled.
    public func download(
        _ url: HTTPURL, receive: @escaping @Sendable ([UInt8]) async -> Bool
    ) async throws(RegistryError) {
        let landing = try await requester.send(Request(url: url))
        let from = landing.url.origin.description
        guard landing.response.status == .ok else {
            throw RegistryError(on: url.redacted, at: from, .status(Int(landing.response.status.code), nil))
        }
        do {
            try await BodyReader(limits: limits).read(landing.response.body) { part in
                guard await receive(Array(part.readableBytesView)) else { throw CancellationError() }
                return true
            }
        } catch { throw RegistryError(on: url.redacted, at: from, Transport.reason(for: error)) }
    }
}
