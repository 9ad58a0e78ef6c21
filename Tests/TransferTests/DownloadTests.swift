import Linux
import OCI
import TestSupport
import Testing

@testable import Registry
@testable import Transfer

@Suite("What is downloaded into a file")
struct FileDownloadTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    private func download(_ url: String, tag: String? = nil, limit: Int64 = 1 << 20) async throws -> (lines: [JSON], bytes: [UInt8]) {
        let path = store.scratch.path("file")
        let lines = try await store.transfer { store, progress, interruption in
            let client = try RegistryClient(
                configuration: RegistryConfiguration(), environment: [:], limits: .impatient, certificateParents: [store.root + "/none"])
            defer { try? Interruption().wait { await client.shutdown() } }
            try Downloader(client: client, progress: progress, interruption: interruption, limit: limit)
                .download(url, unlessTagged: tag, to: try FileDescriptor.openEmpty(path, mode: 0o600))
        }
        return (lines, try FileDescriptor.contents(of: path))
    }

    @Test("is told of with its digest")
    func facts() async throws {
        let body = Array("some content".utf8)
        let liar = try Liar { _, connection in try connection.answer(200, [("ETag", "\"t\"")], body: body) }
        defer { liar.stop() }
        let (lines, bytes) = try await download("http://\(liar.host)/x")
        #expect(bytes == body && lines.count == 1)
        #expect(lines[0]["type"] == "download" && lines[0]["size"] == 12 && lines[0]["tag"] == "\"t\"" && lines[0]["isModified"] == true)
        #expect(try "sha256:" + (lines[0]["sha256"]?.string ?? "") == digest(of: body).description)
    }

    @Test("ends at its limit, however long the server goes on (T-B9)")
    func endless() async throws {
        let liar = try Liar { _, connection in
            try connection.send(connection.head(200, []))
            while true { try connection.send([UInt8](repeating: 1, count: 64 << 10)) }
        }
        defer { liar.stop() }
        let error = await #expect(throws: TransferError.self) { try await download("http://\(liar.host)/x", limit: 300_000) }
        #expect(error?.message.contains("more than 300000 bytes") == true, "\(String(describing: error))")
    }

    @Test("is an error in BuildKit's words where there is none, and for what is no address of the web")
    func absent() async throws {
        let liar = try Liar { _, connection in try connection.answer(404) }
        defer { liar.stop() }
        let error = await #expect(throws: TransferError.self) { try await download("http://\(liar.host)/x") }
        #expect(error?.message.hasSuffix("invalid response status 404") == true && error?.kind == .notFound)
        let other = await #expect(throws: TransferError.self) { try await download("file:///etc/passwd") }
        #expect(other?.kind == .invalid)
    }
}
