import Synchronization
import TestSupport
import Testing

@testable import Registry

@Suite("A download from an address")
struct DownloadTests {
    private func download(_ liar: Liar, _ path: String = "/file", tag: String? = nil) async throws -> (DownloadAnswer, String) {
        try await withClient { client in
            let url = try #require(HTTPURL("http://\(liar.host)\(path)"))
            let received = Mutex<[UInt8]>([])
            let answer = try await client.download(url, unlessTagged: tag) { part in
                received.withLock { $0 += part }
                return true
            }
            return (answer, String(decoding: received.withLock { $0 }, as: UTF8.self))
        }
    }

    @Test("tells the content's tag and time, and asks by the tag the next time")
    func revalidation() async throws {
        let liar = try Liar { request, connection in
            let headers = [("ETag", "\"v1\""), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")]
            if request.header("if-none-match") == "\"v1\"" { return try connection.answer(304, headers) }
            try connection.answer(200, headers, body: Array("content".utf8))
        }
        defer { liar.stop() }
        let (first, text) = try await download(liar)
        #expect(first == DownloadAnswer(isModified: true, tag: "\"v1\"", modified: 784_111_777) && text == "content")
        let (second, nothing) = try await download(liar, tag: first.tag)
        #expect(!second.isModified && nothing.isEmpty)
        #expect(liar.requests.map { $0.header("if-none-match") } == [nil, "\"v1\""])
    }

    @Test("believes no 304 that it didn't ask for, and sends no tag back that is none", arguments: [true, false])
    func lies(isModified: Bool) async throws {
        let liar = try Liar { _, connection in try connection.answer(isModified ? 200 : 304, [("ETag", "\"a b\"")]) }
        defer { liar.stop() }
        guard isModified else {
            let error = await #expect(throws: RegistryError.self) { try await download(liar) }
            #expect(error?.reason == .status(304, nil))
            return
        }
        #expect(try await download(liar).0.tag == nil)
    }

    @Test("follows no redirect to a file", arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x"])
    func redirect(target: String) async throws {
        let liar = try Liar { _, connection in try connection.answer(302, [("Location", target)]) }
        defer { liar.stop() }
        let error = await #expect(throws: RegistryError.self) { try await download(liar) }
        guard case .refused = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "reads the dates that servers have to send",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Int64(784_111_777)), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Fri, 31 Dec 9999 00:00:00 GMT", 253_402_214_400),
        ])
    func dates(text: String, seconds: Int64) { #expect(HTTPDate.seconds(text) == seconds) }

    @Test("reads no others", arguments: ["", "yesterday", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8 GMT"])
    func noDates(text: String) { #expect(HTTPDate.seconds(text) == nil) }
}
