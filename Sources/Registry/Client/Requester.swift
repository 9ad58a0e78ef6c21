import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OCI
import Synchronization

/// An answer whose body was read as a whole.
struct CollectedResponse: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]
    /// The body was longer than asked for.
    let isCut: Bool

    /// What a registry says of an error (distribution spec, "Error Codes"): the message of the first, else its code,
    /// else nothing.
    var serverMessage: String? {
        guard let json = try? JSON(parsing: body) else { return nil }
        let first = json["errors"]?[0]
        let text =
            first?["message"]?.string ?? first?["code"]?.string ?? json["details"]?.string ?? json["message"]?.string
        return text.flatMap { $0.isEmpty ? nil : ForeignText.escaped($0) }
    }
}

/// Sends requests and follows their redirects by hand, so that a credential stays with the origin that it was meant
/// for.
struct Requester: Sendable {
    let transport: Transport
    let limits: TransferLimits

    /// An answer that is no redirect, and who gave it.
    struct Landing {
        let response: HTTPClientResponse
        let url: HTTPURL
    }

    func send(_ request: Request) async throws(RegistryError) -> Landing {
        var request = request
        for _ in 0...TransferLimits.redirects {
            let response = try await transport.send(request)
            guard [301, 302, 303, 307, 308].contains(Int(response.status.code)),
                request.method == .GET || request.method == .HEAD
            else { return Landing(response: response, url: request.url) }
            let next = try Self.location(of: response, from: request.url)
            // Another scheme, host or port is somebody else (CVE-2020-15157). Once gone, it doesn't come back:
            // whoever stood in between chose the rest of the way.
            if next.origin != request.url.origin { request.authorization = nil }
            request.url = next
        }
        throw RegistryError(
            on: request.url.redacted, at: request.url.origin.description,
            .refused("more than \(TransferLimits.redirects) redirects"))
    }

    /// Where an answer sends its receiver on to: a redirect's target, the place of an upload.
    static func location(of response: HTTPClientResponse, from url: HTTPURL) throws(RegistryError) -> HTTPURL {
        func refused(_ why: String) -> RegistryError {
            RegistryError(on: url.redacted, at: url.origin.description, .refused(why))
        }
        guard let location = response.headers.first(name: "Location") else {
            throw RegistryError(
                on: url.redacted, at: url.origin.description, .invalidResponse("an answer without a Location"))
        }
        guard let next = url.resolving(location) else {
            throw refused("it sends on to what is no http or https address")
        }
        guard next.origin.isEncrypted || !url.origin.isEncrypted else { throw refused("it sends on from https to http") }
        return next
    }

    /// Sends, follows, and reads the body up to `limit` bytes, all within the limits of time.
    func collect(_ request: Request, limit: Int) async throws(RegistryError) -> CollectedResponse {
        try await collect(try await send(request), limit: limit)
    }

    func collect(_ landing: Landing, limit: Int) async throws(RegistryError) -> CollectedResponse {
        do {
            let body = try await BodyReader(limits: limits).collect(landing.response.body, limit: limit)
            return CollectedResponse(
                status: Int(landing.response.status.code), headers: landing.response.headers, body: body.bytes,
                isCut: body.isCut)
        } catch {
            throw RegistryError(
                on: landing.url.redacted, at: landing.url.origin.description, Transport.reason(for: error))
        }
    }
}
