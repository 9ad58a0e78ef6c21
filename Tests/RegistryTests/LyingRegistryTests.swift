import Glibc
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Registry

private let blob = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) })

private func reference(_ liar: Liar) throws -> Reference { try Reference("\(liar.host)/a/b:latest") }

private func fetch(from registry: Liar, limits: TransferLimits? = nil) async throws -> [UInt8] {
    var setup = Setup()
    if let limits { setup.limits = limits }
    return try await withClient(setup) { client in
        try await client.blobBytes(digest(of: blob), size: blob.count, of: reference(registry))
    }
}

@Suite("A registry that lies about its content")
struct LyingRegistryTests {
    @Test("is found out by the bytes, whatever it says of their digest")
    func otherBytes() async throws {
        let expected = try digest(of: blob).description
        let registry = try Liar { _, connection in
            try connection.answer(
                200, [("Docker-Content-Digest", expected)], body: [UInt8](repeating: 0, count: blob.count))
        }
        let reason = await reason { try await fetch(from: registry) }
        guard case .digestMismatch(expected, _)? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
    }

    @Test("is believed no size, longer or shorter", arguments: [-1, 1])
    func announcedSize(difference: Int) async throws {
        let registry = try Liar { _, connection in
            try connection.answer(200, body: [UInt8](repeating: 0, count: blob.count + difference))
        }
        let expected = RegistryError.Reason.sizeMismatch(
            expected: Int64(blob.count), actual: Int64(blob.count + difference))
        #expect(await reason { try await fetch(from: registry) } == expected)
    }

    @Test("is not read beyond the first byte too many")
    func endless() async throws {
        let registry = try Liar { _, connection in
            try connection.send(connection.head(200, [("Connection", "close")]))
            while true { try connection.send(blob) }
        }
        let received = Collected()
        let reason = await reason {
            try await withClient { client in
                try await client.blob(digest(of: blob), size: Int64(blob.count), of: reference(registry)) {
                    await received.add($0)
                }
            }
        }
        guard case .sizeMismatch? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
        #expect(await received.bytes.count <= blob.count)
    }

    @Test("gets no bytes decoded: they count as they came")
    func contentEncoding() async throws {
        // gzip of nothing in particular; a client that decodes would hash something else.
        let registry = try Liar { request, connection in
            try connection.answer(200, [("Content-Encoding", "gzip")], body: blob)
        }
        #expect(try await fetch(from: registry) == blob)
        #expect(registry.requests.last?.header("accept-encoding") == "identity")
    }

    @Test("may break off: the rest is asked for, and no more")
    func resumes() async throws {
        let registry = try Liar { request, connection in
            if let range = request.header("range") {
                let start = Int(range.dropFirst("bytes=".count).dropLast()) ?? 0
                let headers = [("Content-Range", "bytes \(start)-\(blob.count - 1)/\(blob.count)")]
                return try connection.answer(206, headers, body: Array(blob[start...]))
            }
            try connection.send(connection.head(200, [("Content-Length", "\(blob.count)")]))
            try connection.send(Array(blob[..<50_000]))
            throw Liar.Connection.HangUp()
        }
        #expect(try await fetch(from: registry) == blob)
        // How much of what was sent before the end arrives is the kernel's to decide.
        let ranges = registry.requests.compactMap { $0.header("range") }
        #expect(ranges.count == 1 && ranges != ["bytes=0-"])
    }

    @Test("may know nothing of ranges and send all of it again")
    func resumesWithoutRanges() async throws {
        let isFirst = Mutex(true)
        let registry = try Liar { request, connection in
            guard request.target.contains("/blobs/") else { return try connection.answer(404) }
            let breaksOff = isFirst.withLock { first in
                defer { first = false }
                return first
            }
            guard breaksOff else { return try connection.answer(200, body: blob) }
            try connection.send(connection.head(200, [("Content-Length", "\(blob.count)")]))
            try connection.send(Array(blob[..<50_000]))
            throw Liar.Connection.HangUp()
        }
        #expect(try await fetch(from: registry) == blob)
    }

    @Test(
        "splices in nothing: a range must be the one that was asked for",
        arguments: [
            "bytes 0-199999/200000", "bytes 50001-199999/200000", "bytes 50000-199999/300000", "bytes 50000-299999/*",
            "bytes */200000", "", "items 50000-199999/200000",
        ])
    func otherRange(contentRange: String) async throws {
        let registry = try Liar { request, connection in
            if request.header("range") != nil {
                return try connection.answer(206, [("Content-Range", contentRange)], body: Array(blob[50_000...]))
            }
            try connection.send(connection.head(200, [("Content-Length", "\(blob.count)")]))
            try connection.send(Array(blob[..<50_000]))
            throw Liar.Connection.HangUp()
        }
        let reason = await reason { try await fetch(from: registry) }
        guard case .invalidResponse? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
    }

    @Test("is found out by the digest of a manifest too")
    func manifest() async throws {
        let registry = try Liar { _, connection in try connection.answer(200, body: Array("{}".utf8)) }
        let pinned = try reference(registry).pinned(to: digest(of: Array("{ }".utf8)))
        let reason = await reason { try await withClient { client in try await client.manifest(of: pinned) } }
        guard case .digestMismatch? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
    }

    @Test("has a mirror's manifest replaced by its own")
    func lyingMirror() async throws {
        let manifest = Array("{ }".utf8)
        let mirror = try Liar { _, connection in try connection.answer(200, body: Array("{}".utf8)) }
        let origin = try Liar { _, connection in try connection.answer(200, body: manifest) }
        let configuration = "{\"registries\": {\"\(origin.host)\": {\"mirrors\": [\"http://\(mirror.host)\"]}}}"
        let pinned = try reference(origin).pinned(to: digest(of: manifest))
        let fetched = try await withClient(Setup(configuration: configuration)) { try await $0.manifest(of: pinned) }
        #expect(fetched.bytes == manifest)
        #expect(!fetched.endpoint.isMirror)
    }
}

@Suite("A registry that never ends")
struct EndlessRegistryTests {
    private var impatient: TransferLimits {
        var limits = TransferLimits()
        (limits.attempts, limits.firstDelay) = (2, .milliseconds(1))
        limits.stall = .milliseconds(200)
        return limits
    }

    @Test("is given up when it does not answer")
    func noAnswer() async throws {
        var limits = impatient
        limits.response = .milliseconds(200)
        let registry = try Liar { request, connection in try connection.fallSilent() }
        #expect(await reason { try await fetch(from: registry, limits: limits) } == .timedOut(.response))
    }

    @Test("is given up when it stops in the middle")
    func stalls() async throws {
        let registry = try Liar { request, connection in
            try connection.send(connection.head(200, [("Content-Length", "\(blob.count)")]))
            try connection.fallSilent()
        }
        #expect(await reason { try await fetch(from: registry, limits: impatient) } == .timedOut(.stall))
    }

    @Test("is given up when it sends a byte now and then")
    func drips() async throws {
        var limits = impatient
        limits.attempts = 1
        limits.stall = .seconds(10)
        limits.minimumBytesPerSecond = 10_000
        limits.rateWindow = .milliseconds(300)
        let registry = try Liar { request, connection in
            try connection.send(connection.head(200, [("Content-Length", "\(blob.count)")]))
            while true {
                try connection.send([0])
                usleep(10_000)
            }
        }
        #expect(await reason { try await fetch(from: registry, limits: limits) } == .timedOut(.stall))
    }

    @Test("is followed through ten redirects and no more")
    func ring() async throws {
        let registry = try Liar { request, connection in try connection.answer(302, [("Location", request.target)]) }
        let reason = await reason { try await fetch(from: registry) }
        #expect(reason == .refused("more than 10 redirects"))
        #expect(registry.requests.count == 11)
    }

    @Test("is not waited for as long as it likes", arguments: ["1000000000", "99999999999999999999", "-5"])
    func retryAfter(seconds: String) async throws {
        let registry = try Liar { request, connection in try connection.answer(429, [("Retry-After", seconds)]) }
        let reason = await reason { try await fetch(from: registry) }
        guard case .busy? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
    }

    @Test("is asked again when it was only busy", arguments: [429, 500, 502, 503])
    func busy(status: Int) async throws {
        let count = Mutex(0)
        let registry = try Liar { request, connection in
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number < 3 { return try connection.answer(status, [("Retry-After", "0")]) }
            try connection.answer(200, body: blob)
        }
        #expect(try await fetch(from: registry) == blob)
    }

    @Test("is not read to the end of its error")
    func longError() async throws {
        let sent = Mutex(0)
        let registry = try Liar { request, connection in
            try connection.send(connection.head(404, [("Content-Length", "\(100 << 20)")]))
            while true {
                try connection.send([UInt8](repeating: 0x20, count: 64 << 10))
                sent.withLock { $0 += 64 << 10 }
            }
        }
        #expect(await reason { try await fetch(from: registry) } == .notFound(nil))
        #expect(sent.withLock { $0 } < 16 << 20)
    }

    @Test("lets go at once of whoever wants to leave")
    func cancellation() async throws {
        let (asked, askedNow) = AsyncStream.makeStream(of: Void.self)
        let registry = try Liar { request, connection in
            askedNow.yield()
            try connection.fallSilent()
        }
        let task = Task { try await fetch(from: registry) }
        for await _ in asked { break }
        task.cancel()
        #expect(await reason { try await task.value } == .cancelled)
    }

    @Test("has its words shown in one line, without control characters")
    func words() async throws {
        let registry = try Liar { request, connection in
            try connection.answer(
                404, body: Array(#"{"errors":[{"code":"X","message":"a\u001b]0;x\u0007\r\nb‮"}]}"#.utf8))
        }
        let reason = await reason { try await fetch(from: registry) }
        #expect(reason == .notFound("a\\u{1b}]0;x\\u{7}\\u{d}\\u{a}b\\u{202e}"))
    }
}
