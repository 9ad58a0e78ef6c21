import Glibc
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import ImageClient

private let imageID = "sha256:" + String(repeating: "1a", count: 32)

/// The real program needs a registry or an archive: these tests are about what is made of its words and of its end.
@Suite("Talking with hako-image")
struct ConversationTests: ~Copyable {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func client(_ script: String) throws -> ImageClient {
        // Written by another process: a child that another test forks meanwhile would keep it open for writing (ETXTBSY).
        let written = try ProgramRun.of(
            "/bin/sh", ["-c", "cat > \"$0\" && chmod 755 \"$0\"", scratch.path("program")],
            input: Array("#!/bin/sh\n\(script)\n".utf8))
        #expect(written.status == 0)
        return ImageClient(program: scratch.path("program"), root: "/store")
    }

    @Test("hands events on and returns the image")
    func result() throws {
        let client = try client(
            """
            echo '{"type":"status","message":"latest: Pulling"}' >&3
            echo '{"type":"layer","id":"0123456789ab","status":"downloading","current":1,"total":2}' >&3
            echo '{"type":"from the future"}' >&3
            echo '{"type":"image","imageID":"\(imageID)","reference":"docker.io/library/nginx:latest","isNew":true}' >&3
            """)
        var events: [ImageEvent] = []
        let result = try client.pull(Reference("nginx:latest")) { events.append($0) }
        #expect(result.reference?.familiar == "nginx:latest")
        #expect(result.imageID.description == imageID)
        #expect(
            events == [
                .status("latest: Pulling"),
                .layer(LayerProgress(id: "0123456789ab", status: .downloading, current: 1, total: 2)), .image(result),
            ])
    }

    @Test("passes names and options as arguments of their own, and a name never as an option")
    func arguments() throws {
        let client = try client(
            """
            printf '{"type":"error","kind":"invalid","message":"%s"}\\n' "$*" >&3; exit 1
            """)
        let error = #expect(throws: ImageClientError.self) {
            try client.pull(Reference("nginx:1"), platform: Platform("linux/arm64")) { _ in }
        }
        #expect(
            error?.message == "pull --root /store --platform linux/arm64 --progress-fd 3 -- docker.io/library/nginx:1")
    }

    @Test(
        "turns every other end into an error",
        arguments: [
            ("exit 0", ImageClientError.Kind.system), ("kill -9 $$", .system), ("exit 130", .interrupted),
            ("echo nonsense >&3", .system),
            (#"echo '{"type":"error","kind":"notFound","message":"m","hint":"h"}' >&3; exit 1"#, .notFound),
        ])
    func failures(script: String, kind: ImageClientError.Kind) throws {
        let client = try client(script)
        let error = #expect(throws: ImageClientError.self) { try client.pull(Reference("nginx")) { _ in } }
        #expect(error?.kind == kind)
    }

    @Test("hands a login on through the standard input, and through nothing else")
    func login() throws {
        let client = try client(
            """
            { printf '%s ' "$*"; env; } > '\(scratch.path("seen"))'; cat > '\(scratch.path("input"))'
            echo '{"type":"status","message":"hello"}' >&3; echo '{"type":"login","file":"/f"}' >&3
            """)
        var told: [String] = []
        let result = try client.logIn(to: "r.example", as: ("user", "secret-\"\n")) { told.append($0) }
        #expect(result.file == "/f" && told == ["hello"])
        let seen = String(decoding: try FileDescriptor.contents(of: scratch.path("seen")), as: UTF8.self)
        #expect(seen.hasPrefix("login --server r.example --progress-fd 3 ") && !seen.contains("secret"))
        let input = try JSON(parsing: FileDescriptor.contents(of: scratch.path("input")))
        #expect(input == ["username": "user", "password": "secret-\"\n"])
    }

    @Test("writes an archive to the descriptor that it is given")
    func save() throws {
        let client = try client(
            """
            echo "$*"; echo '{"type":"image","imageID":"\(imageID)","isNew":false}' >&3
            """)
        let file = try FileDescriptor.open(scratch.path("out"), flags: O_WRONLY | O_CREAT)
        let saved = try client.save(["-x", "b:1"], to: file.number)
        #expect(saved.map(\.imageID.description) == [imageID])
        let out = String(decoding: try FileDescriptor.contents(of: scratch.path("out")), as: UTF8.self)
        #expect(out == "save --root /store --progress-fd 3 -- -x b:1\n")
    }

    @Test("says which program is missing")
    func missing() throws {
        let client = ImageClient(program: scratch.path("none"), root: "/store")
        let error = #expect(throws: ImageClientError.self) { try client.load(.file("x")) { _ in } }
        #expect(error?.message == "cannot run \(scratch.path("none")): no such file or directory")
    }
}
