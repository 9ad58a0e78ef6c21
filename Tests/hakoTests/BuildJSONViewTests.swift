import Builder
import OCI
import Testing

@testable import Dockerfile
@testable import hako

@Suite("A build shown in JSON")
struct BuildJSONViewTests {
    @Test("tells what has changed as BuildKit does, a line each")
    func lines() throws {
        var text = ""
        let file = Array("FROM scratch\nENV a b\n".utf8)
        let view = BuildJSONView(clock: { 1_000_000_000 }, write: { text += $0 })
        view.read(file, named: "Dockerfile")
        let run = ToldBuild.step(2, 2, of: 2, "RUN \u{1B}x")
        view.show(.started(run))
        view.output(run, "\u{1B}[1mhi", isError: true)
        view.show(.note(run, "resolve"))
        view.show(.finished(run, .cached))
        view.show(.finished(run, .failed("exit code: 1")))
        view.show(.findings([.init(rule: .legacyKeyValueFormat, text: "old", lines: 2...2)]))
        let lines = try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
        #expect(lines.count == 6)
        let vertex = lines[0]["vertexes"]?[0]
        #expect(vertex?["name"]?.string == #"[2/2] RUN \x1bx"#)
        #expect(vertex?["started"]?.string == "1970-01-01T00:00:01Z")
        let digest = vertex?["digest"]?.string
        #expect(digest?.utf8.count == 71)
        let log = lines[1]["logs"]?[0]
        #expect(log?["vertex"]?.string == digest && log?["stream"]?.integer == 2)
        #expect(log?["data"]?.string.flatMap { Base64.decode(Array($0.utf8)[...]) } == Array("\u{1B}[1mhi".utf8))
        #expect(lines[2]["statuses"]?[0]?["id"]?.string == "resolve")
        #expect(lines[3]["vertexes"]?[0]?["cached"]?.bool == true)
        #expect(lines[4]["vertexes"]?[0]?["error"]?.string == "exit code: 1")
        let warning = lines[5]["warnings"]?[0]
        #expect(warning?["url"]?.string == "https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/")
        #expect(warning?["sourceInfo"]?["data"]?.string.flatMap { Base64.decode(Array($0.utf8)[...]) } == file)
        #expect(warning?["range"]?[0]?["start"]?["line"]?.integer == 2)
    }
}
