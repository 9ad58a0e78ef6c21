import AsyncHTTPClient
import NIOHTTP1
import OCI

/// Sends one blob to one repository: at first as a whole, and once that was broken off in parts, so that what has
/// arrived stays.
struct BlobUploader: Sendable {
    /// What a registry keeps for a blob on its way.
    struct Session: Sendable {
        var location: HTTPURL
        /// How much it has, in bytes.
        var offset: Int64 = 0
        /// The least it takes at once, but for the last part (distribution-spec, `OCI-Chunk-Min-Length`).
        var leastPart: Int64 = 0
    }

    /// Of a part, in bytes: stores behind registries want 5 MiB and more, and what is sent again is no more than this.
    private static let part: Int64 = 16 << 20
    /// No registry wants more: what asks for it would have the whole blob as one part.
    private static let mostLeastPart: Int64 = 1 << 30

    let client: RegistryClient
    let blob: OutgoingBlob
    let repository: Reference
    let endpoint: Endpoint

    private var scope: String { RegistryClient.pushScope(of: repository) }
    private var uploads: HTTPURL { HTTPURL(origin: endpoint.origin, target: "/v2/\(repository.path)/blobs/uploads/") }

    // MARK: Beginning

    /// Asks for the blob to be taken from another repository of the registry.
    ///
    /// - Returns: Nil where it was; else a session to send it with, which the registry has begun instead.
    func mount(from path: String) async throws(RegistryError) -> Session? {
        let query = "?mount=\(HTTPURL.encodedValue("\(blob.digest)"))&from=\(HTTPURL.encodedValue(path))"
        let landing = try await client.exchange(
            Request(method: .POST, url: uploads.withPath(uploads.target + query)), to: endpoint,
            scope: "\(scope) repository:\(path):pull", accepted: [201, 202])
        return landing.response.status == .created ? nil : try session(landing)
    }

    func begin() async throws(RegistryError) -> Session {
        try session(
            try await client.exchange(Request(method: .POST, url: uploads), to: endpoint, scope: scope, accepted: [202]))
    }

    /// Gives up a session that isn't needed. The registry forgets it by itself, later.
    func cancel(_ session: Session) async {
        _ = try? await client.exchange(
            Request(method: .DELETE, url: session.location), to: endpoint, scope: scope, accepted: [200, 202, 204])
    }

    private func session(_ landing: Requester.Landing) throws(RegistryError) -> Session {
        let least = landing.response.headers.first(name: "OCI-Chunk-Min-Length").flatMap { Int64($0) } ?? 0
        return Session(
            location: try Requester.location(of: landing.response, from: landing.url),
            leastPart: min(max(least, 0), Self.mostLeastPart))
    }

    // MARK: Sending

    /// Tries until the registry has the blob. Tries are counted anew after real progress, as for a download.
    func send(in begun: Session?) async throws(RegistryError) {
        var session = begun
        var (attempt, mark, isWhole): (Int, Int64, Bool) = (1, 0, true)
        while true {
            do throws(RegistryError) {
                let current: Session
                if let session { current = session } else { current = try await begin() }
                session = current
                if isWhole { return try await finish(current, sending: 0..<blob.size) }
                return try await sendParts(in: current) { session = $0 }
            } catch {
                let offset = session?.offset ?? 0
                if offset - mark >= 1 << 20 { (attempt, mark) = (1, offset) }
                guard attempt < client.limits.attempts, let delay = delay(after: error, attempt, hasSession: session != nil)
                else { throw error }
                try await pause(for: delay, about: "blob \(blob.digest.short)")
                attempt += 1
                isWhole = false
                if let lost = session { session = await resumed(lost) }
            }
        }
    }

    private func delay(after error: RegistryError, _ attempt: Int, hasSession: Bool) -> Duration? {
        switch error.reason {
        // The session is gone, or holds another part than we think.
        case .notFound where hasSession, .status(416, _) where hasSession:
            client.limits.delay(beforeAttempt: attempt)
        default: error.delay(beforeAttempt: attempt, limits: client.limits)
        }
    }

    /// Sends what the registry hasn't got yet.
    ///
    /// - Parameter onPart: Gets the session after each part that was taken.
    func sendParts(in begun: Session, onPart: (Session) -> Void) async throws(RegistryError) {
        var session = begun
        while session.offset < blob.size {
            try await sendPart(&session)
            onPart(session)
        }
        try await finish(session, sending: blob.size..<blob.size)
    }

    func sendPart(_ session: inout Session) async throws(RegistryError) {
        let end = min(session.offset + max(Self.part, session.leastPart), blob.size)
        let landing = try await client.exchange(
            request(.PATCH, session.location, session.offset..<end), to: endpoint, scope: scope, accepted: [202, 204])
        let location = try Requester.location(of: landing.response, from: landing.url)
        if let range = landing.response.headers.first(name: "Range"), Self.count(ofRange: range) != end {
            throw RegistryError(
                on: landing.url.redacted, at: landing.url.origin.description,
                .brokenConnection("it has taken \(ForeignText.escaped(range, limit: 64)) of \(end) bytes"))
        }
        session.location = location
        session.offset = end
    }

    private func finish(_ session: Session, sending range: Range<Int64>) async throws(RegistryError) {
        let separator = session.location.target.contains("?") ? "&" : "?"
        let place = session.location.withPath(
            session.location.target + separator + "digest=" + HTTPURL.encodedValue("\(blob.digest)"))
        try await client.exchange(request(.PUT, place, range), to: endpoint, scope: scope, accepted: [200, 201, 204])
    }

    private func request(_ method: HTTPMethod, _ url: HTTPURL, _ range: Range<Int64>) -> Request {
        let part = UploadPart(of: blob, range, limits: client.limits)
        return Request(method: method, url: url, body: range.isEmpty ? nil : .part(part))
    }

    // MARK: Going on

    /// Asks how much has arrived. Nil where a new session is needed: the registry knows it no more, or says what can't be
    /// relied on (`0-0` is one byte, or none).
    func resumed(_ session: Session) async -> Session? {
        guard
            let landing = try? await client.exchange(
                Request(url: session.location), to: endpoint, scope: scope, accepted: [200, 202, 204]),
            let range = landing.response.headers.first(name: "Range"), let count = Self.count(ofRange: range),
            count > 1, count <= blob.size
        else { return nil }
        var resumed = session
        resumed.offset = count
        if landing.response.headers.contains(name: "Location") {
            guard let location = try? Requester.location(of: landing.response, from: landing.url) else { return nil }
            resumed.location = location
        }
        return resumed
    }

    /// `0-1023`, of which old registries write `bytes=0-1023`, is 1024 bytes.
    private static func count(ofRange text: String) -> Int64? {
        let numbers = (text.hasPrefix("bytes=") ? text.dropFirst(6) : text[...]).split(separator: "-")
        guard numbers.count == 2, Int64(numbers[0]) == 0, let last = Int64(numbers[1]), last >= 0, last < .max else {
            return nil
        }
        return last + 1
    }
}
