import AsyncHTTPClient
import NIOCore
import OCI
import Synchronization

extension RegistryClient {
    /// Downloads a blob in one pass, part by part, each once and in order; broken connections are taken up where they
    /// ended.
    ///
    /// When this returns, the parts that `receive` got are exactly the blob. When it throws, they are worth nothing,
    /// unless it was for a broken connection or cancellation; they may be wrong and are never more than `size` bytes.
    ///
    /// - Parameters:
    ///   - size: In bytes, as the manifest says it.
    ///   - start: How many bytes the receiver has from an earlier time: only those after them are asked for.
    ///   - isVerified: False where the receiver hashes, and verifies, itself; with `start` it has to.
    ///   - preferred: Who had the manifest.
    ///   - receive: May take its time: the sender is held up meanwhile. False ends the download as cancelled.
    public func blob(
        _ digest: Digest, size: Int64, of reference: Reference, startingAt start: Int64 = 0,
        verifying isVerified: Bool = true,
        preferred: Endpoint? = nil, receive: @escaping @Sendable ([UInt8]) async -> Bool
    ) async throws(RegistryError) {
        let operand = "blob \(digest.short) of \(reference.path)"
        let download = Download(
            digest: digest, size: size, path: "/v2/\(reference.path)/blobs/\(digest)", start: start,
            isVerified: isVerified && start == 0, receive: receive)
        do throws(RegistryError) {
            try await onEachEndpoint(of: reference.domain, preferred: preferred, isFinal: Self.isFinal) {
                endpoint throws(RegistryError) in
                try await fetch(download, scope: Self.scope(of: reference), from: endpoint)
            }
        } catch { throw error.about(operand) }
    }

    /// Bytes that were handed on are wrong: no other endpoint can make that good.
    private static func isFinal(_ error: RegistryError) -> Bool {
        switch error.reason {
        case .digestMismatch, .sizeMismatch: true
        default: false
        }
    }

    /// Tries until the blob is whole. Tries are counted anew after real progress, so that a long download over a bad
    /// line ends well, and a registry that breaks off after every byte doesn't keep us for ever.
    private func fetch(_ download: Download, scope: String, from endpoint: Endpoint) async throws(RegistryError) {
        var attempt = 1
        var mark = download.received
        while true {
            do throws(RegistryError) {
                if download.received < download.size || download.size == 0 {
                    try await resume(download, scope: scope, from: endpoint)
                }
                return try download.verify(endpoint)
            } catch {
                if download.received - mark >= 1 << 20 { (attempt, mark) = (1, download.received) }
                guard attempt < limits.attempts, let delay = error.delay(beforeAttempt: attempt, limits: limits) else {
                    throw error
                }
                try await pause(for: delay, about: download.path)
                attempt += 1
            }
        }
    }

    private func resume(_ download: Download, scope: String, from endpoint: Endpoint) async throws(RegistryError) {
        let start = download.received
        let landing = try await send(
            download.path, to: endpoint, scope: scope, rangeStart: start > 0 ? start : nil,
            accepted: start > 0 ? [200, 206] : [200])
        let from = landing.url.origin.description
        func failure(_ reason: RegistryError.Reason) -> RegistryError {
            RegistryError(on: download.path, at: from, reason)
        }

        if landing.response.status == .partialContent {
            try download.check(
                contentRange: landing.response.headers.first(name: "Content-Range"), start: start, at: from)
        } else {
            // The whole again: what is here already is passed over. The digest covers both parts.
            if let length = landing.response.headers.first(name: "Content-Length").flatMap({ Int64($0) }),
                length != download.size
            {
                throw failure(.sizeMismatch(expected: download.size, actual: length))
            }
        }
        download.begin(skipping: landing.response.status == .partialContent ? 0 : start)
        do {
            try await BodyReader(limits: limits).read(landing.response.body) { try await download.take($0, at: from) }
        } catch { throw failure(Transport.reason(for: error)) }
        guard download.received == download.size else {
            // It ended in good order, and yet too early.
            throw failure(
                download.received == start
                    ? .sizeMismatch(expected: download.size, actual: download.received)
                    : .brokenConnection("it ended too early"))
        }
    }
}

/// One blob on its way, over all its connections.
private final class Download: Sendable {
    private struct State {
        var received: Int64 = 0
        /// What the answer that is being read repeats.
        var toSkip: Int64 = 0
        /// Nil where the receiver hashes.
        var hash: ContentHash?
    }

    let size: Int64
    let path: String
    private let digest: Digest
    private let receive: @Sendable ([UInt8]) async -> Bool
    private let state: Mutex<State>

    init(
        digest: Digest, size: Int64, path: String, start: Int64, isVerified: Bool,
        receive: @escaping @Sendable ([UInt8]) async -> Bool
    ) {
        self.digest = digest
        self.size = size
        self.path = path
        self.receive = receive
        state = Mutex(State(received: start, hash: isVerified ? ContentHash(digest.algorithm) : nil))
    }

    var received: Int64 { state.withLock { $0.received } }

    /// For the start of an answer.
    func begin(skipping count: Int64) { state.withLock { $0.toSkip = count } }

    /// Counts, hashes and hands on.
    ///
    /// - Throws: ``RegistryError/Reason/sizeMismatch(expected:actual:)`` at the first byte too many: it isn't handed
    ///   on.
    func take(_ part: ByteBuffer, at endpoint: String) async throws -> Bool {
        var part = part
        let bytes = try state.withLock { state throws(RegistryError) -> [UInt8] in
            let passedOver = Int(clamping: min(state.toSkip, Int64(part.readableBytes)))
            state.toSkip -= Int64(passedOver)
            part.moveReaderIndex(forwardBy: passedOver)
            let bytes = part.readBytes(length: part.readableBytes) ?? []
            let total = state.received + Int64(bytes.count)
            guard total <= size else {
                throw RegistryError(on: path, at: endpoint, .sizeMismatch(expected: size, actual: total))
            }
            state.hash?.update(bytes)
            state.received = total
            return bytes
        }
        if !bytes.isEmpty, await !receive(bytes) { throw CancellationError() }
        // The rest of the answer is read too: one byte more would be a lie to find out.
        return true
    }

    func verify(_ endpoint: Endpoint) throws(RegistryError) {
        guard let hash = state.withLock({ $0.hash }) else { return }
        let actual = try hash.digest()
        guard actual == digest else {
            throw RegistryError(
                on: path, at: endpoint.origin.description,
                .digestMismatch(expected: digest.description, actual: actual.description))
        }
    }

    /// A range of anything else than this blob, from anywhere else than asked, would be spliced in (RFC 9110, section
    /// 14.4).
    func check(contentRange: String?, start: Int64, at endpoint: String) throws(RegistryError) {
        let numbers = (contentRange ?? "").split(omittingEmptySubsequences: false) { " -/".contains($0) }
        guard numbers.count == 4, numbers[0].lowercased() == "bytes", Int64(numbers[1]) == start,
            Int64(numbers[2]) == size - 1, numbers[3] == "*" || Int64(numbers[3]) == size
        else {
            throw RegistryError(
                on: path, at: endpoint,
                .invalidResponse(
                    "it sends another range (\(ForeignText.escaped(contentRange ?? "none", limit: 64))) than asked for")
            )
        }
    }
}
