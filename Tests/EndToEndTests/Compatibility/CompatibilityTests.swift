import Glibc
import Testing
import TestSupport

/// The same command lines for Hako and for Docker 28, whose answers are recorded (`Transcripts/`).
///
/// With `HAKO_DOCKER="docker -H unix://…"`, a Docker 28 without containers, volumes and images of its own, they are also
/// compared with what it answers today. `HAKO_RECORD=all`, or names of transcripts with commas between, writes them anew
/// instead of comparing: Docker's answers where `HAKO_DOCKER` is set, and Hako's own wherever the two differ.
@Suite("Docker's command lines", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct CompatibilityTests {
    private static let recorded = getenv("HAKO_RECORD").map { String(cString: $0).split(separator: ",") } ?? []

    private static func isRecorded(_ name: String) -> Bool { recorded.contains { $0 == "all" || $0 == name } }

    @Test("are answered as Docker answers them, or as the transcript says", arguments: TranscriptFile.names)
    func hako(name: String) throws {
        // Who records does both in one go, one transcript after the other.
        guard Self.recorded.isEmpty else { return }
        let store = try TestStore()
        let engine = try TranscriptEngine(store)
        for each in try TranscriptFile.read(name).cases {
            for (step, outcome) in zip(each.steps, try engine.run(each)) {
                expect(outcome, toBe: step.hako, name, each, step)
                if let reason = step.reason {
                    #expect(!reason.isEmpty, "\(name), \(each.name): no reason is given why Hako differs at: \(step.command)")
                    #expect(step.own != step.docker, "\(name), \(each.name): Hako does not differ at: \(step.command)")
                }
            }
        }
    }

    @Test("are answered by Docker as recorded", .enabled(if: DockerPeer.command != nil, "HAKO_DOCKER names no Docker 28 to compare with"))
    func dockerItself() throws {
        guard Self.recorded.isEmpty else { return }
        let engine = try TranscriptEngine(docker: try #require(DockerPeer.command))
        for name in TranscriptFile.names {
            for each in try TranscriptFile.read(name).cases {
                for (step, outcome) in zip(each.steps, try engine.run(each)) { expect(outcome, toBe: step.docker, name, each, step) }
            }
        }
    }

    @Test("are recorded", .enabled(if: !recorded.isEmpty, "HAKO_RECORD names no transcript to record"))
    func record() throws {
        let docker = try DockerPeer.command.map { try TranscriptEngine(docker: $0) }
        for name in TranscriptFile.names where Self.isRecorded(name) {
            let store = try TestStore()
            let hako = try TranscriptEngine(store)
            var transcript = try TranscriptFile.read(name)
            for index in transcript.cases.indices { try record(&transcript.cases[index], docker, hako) }
            try TranscriptFile.write(transcript, name)
        }
    }

    private func record(_ each: inout Transcript.Case, _ docker: TranscriptEngine?, _ hako: TranscriptEngine) throws {
        let theirs = try docker?.run(each) ?? each.steps.map(\.docker)
        let ours = try hako.run(each)
        for index in each.steps.indices {
            each.steps[index].docker = theirs[index]
            each.steps[index].own = ours[index]
            let differs = theirs[index] != ours[index]
            each.steps[index].reason = differs ? each.steps[index].reason ?? "" : nil
        }
    }

    private func expect(
        _ outcome: Transcript.Outcome, toBe expected: Transcript.Outcome, _ name: String, _ each: Transcript.Case,
        _ step: Transcript.Step
    ) {
        #expect(
            outcome == expected,
            "\(name), \(each.name):\n$ \(step.command)\n\(outcome.text)--- and not as recorded:\n\(expected.text)")
    }

    @Test("are many")
    func count() throws {
        let count = try TranscriptFile.names.reduce(0) { try $0 + TranscriptFile.read($1).steps.count }
        #expect(count >= 300)
    }
}
