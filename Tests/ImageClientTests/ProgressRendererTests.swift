import OCI
import Testing

@testable import ImageClient

@Suite("Showing progress")
struct ProgressRendererTests {
    private func shown(
        _ style: ProgressRenderer.Style, _ body: (inout ProgressRenderer) throws -> Void
    ) rethrows -> String {
        final class Output { var text = "" }
        let output = Output()
        var renderer = ProgressRenderer(style) { output.text += $0 }
        try body(&renderer)
        return output.text
    }

    private func result(isNew: Bool) throws -> ImageResult {
        let digest = try Digest("sha256:" + String(repeating: "0", count: 64))
        return ImageResult(
            imageID: ImageID(digest), digest: digest, reference: try Reference("nginx").withDefaultTag, isNew: isNew)
    }

    @Test("prints Docker's lines where there is no terminal")
    func plain() throws {
        let text = try shown(.plain) { renderer in
            renderer.show(.status("latest: Pulling from library/nginx"))
            for status in [LayerProgress.Status.pulling, .downloading, .downloading, .extracting, .complete] {
                renderer.show(.layer(LayerProgress(id: "0123456789ab", status: status, current: 1, total: 2)))
            }
            renderer.show(.layer(LayerProgress(id: "ba9876543210", status: .exists)))
            renderer.pulled(try result(isNew: true))
        }
        #expect(
            text == """
                latest: Pulling from library/nginx
                0123456789ab: Pulling fs layer
                0123456789ab: Pull complete
                ba9876543210: Already exists
                Digest: sha256:\(String(repeating: "0", count: 64))
                Status: Downloaded newer image for nginx:latest
                docker.io/library/nginx:latest

                """)
    }

    @Test("prints Docker's lines of a push where there is no terminal")
    func push() throws {
        let line = #"{"type":"pushed","imageID":"sha256:\#(String(repeating: "0", count: 64))","digest":"sha256:\#(String(repeating: "1", count: 64))","size":527,"reference":"r.example/app:v1"}"#
        let pushed = try #require(try ImageEvent(line: Array(line.utf8)))
        let text = shown(.plain) { renderer in
            renderer.show(.status("The push refers to repository [r.example/app]"))
            for status in [LayerProgress.Status.preparing, .waiting, .pushing, .pushed] {
                renderer.show(.layer(LayerProgress(id: "0123456789ab", status: status, current: 1, total: 2)))
            }
            renderer.show(.layer(LayerProgress(id: "ba9876543210", status: .existed)))
            var mounted = LayerProgress(id: "aaaaaaaaaaaa", status: .mounted)
            mounted.from = "library/base"
            renderer.show(.layer(mounted))
            renderer.show(pushed)
        }
        #expect(
            text == """
                The push refers to repository [r.example/app]
                0123456789ab: Preparing
                0123456789ab: Waiting
                0123456789ab: Pushed
                ba9876543210: Layer already exists
                aaaaaaaaaaaa: Mounted from library/base
                v1: digest: sha256:\(String(repeating: "1", count: 64)) size: 527

                """)
    }

    @Test("prints the name alone when asked to be quiet")
    func quiet() throws {
        let text = try shown(.quiet) { renderer in
            renderer.show(.status("latest: Pulling from library/nginx"))
            renderer.show(.layer(LayerProgress(id: "0123456789ab", status: .complete)))
            renderer.pulled(try result(isNew: false))
        }
        #expect(text == "docker.io/library/nginx:latest\n")
    }

    @Test("rewrites a layer's line in place")
    func terminal() {
        let text = shown(.terminal(columns: 120, rows: 24)) { renderer in
            renderer.show(.layer(LayerProgress(id: "a", status: .pulling)))
            renderer.show(.layer(LayerProgress(id: "b", status: .pulling)))
            renderer.show(.layer(LayerProgress(id: "a", status: .complete)))
        }
        #expect(text == "a: Pulling fs layer\nb: Pulling fs layer\n\u{1B}[2A\r\u{1B}[2Ka: Pull complete\r\u{1B}[2B")
    }

    @Test("keeps bars as wide as Docker's, and inside the terminal", arguments: [20, 40, 60, 80, 120])
    func bars(columns: Int) {
        let progress = LayerProgress(id: "0123456789ab", status: .downloading, current: 1_200_000, total: 3_400_000)
        let line = ProgressRenderer.line(progress, columns: columns)
        #expect(line.utf8.count < columns)
        if columns == 120 {
            #expect(
                line == "0123456789ab: Downloading [=================>                                 ]    1.2MB/3.4MB"
            )
        }
    }

    @Test(
        "writes sizes with four digits",
        arguments: [(0, "0B"), (999, "999B"), (1_000, "1kB"), (58_230_000, "58.23MB"), (123_456_789, "123.5MB")])
    func sizes(bytes: Int64, text: String) { #expect(ProgressRenderer.size(bytes) == text) }
}
