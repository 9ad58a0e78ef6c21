import Builder
import Dockerfile
import Hashing
import OCI

/// A build as lines of JSON, each what has changed: BuildKit's `--progress rawjson`.
///
/// - SeeAlso: BuildKit, client/graph.go (`SolveStatus`).
final class BuildJSONView: BuildView {
    /// For warnings.
    private var file: [UInt8] = []
    private var fileName = ""
    /// Nanoseconds since 1970.
    private let clock: () -> Int64
    private let write: (String) -> Void
    private var starts: [Int: Int64] = [:]
    private var first: BuildStep?

    init(clock: @escaping () -> Int64, write: @escaping (String) -> Void) {
        self.clock = clock
        self.write = write
    }

    func read(_ file: [UInt8], named name: String) { (self.file, fileName) = (file, name) }

    func show(_ event: BuildEvent) {
        switch event {
        case .started(let step):
            starts[step.number] = clock()
            first = first ?? step
            line(["vertexes": [.object(vertex(step))]])
        case .output(let step, let isError, let bytes):
            let log: JSONObject = [
                "vertex": .string(digest(step)), "stream": isError ? 2 : 1, "data": .string(Base64.encode(bytes[...])),
                "timestamp": time(clock()),
            ]
            line(["logs": [.object(log)]])
        case .note(let step, let note): line(["statuses": [status(note, of: step)]])
        case .explained(let step, let explanation):
            line(["statuses": .array(explanation.shownLines.map { status($0, of: step) })])
        case .finished(let step, let outcome): end(step, outcome)
        case .findings(let findings): line(["warnings": .array(findings.map(warning))])
        }
    }

    private func line(_ object: JSONObject) { write(JSON.object(object).text() + "\n") }

    private func time(_ nanoseconds: Int64) -> JSON { .string(Timestamp(nanoseconds: nanoseconds).description) }

    /// A name that is as long as one of BuildKit's, and the same for the same step.
    private func digest(_ step: BuildStep) -> String {
        "sha256:" + SHA256.hexDigest(of: "\(step.number) \(step.name)".utf8)
    }

    private func vertex(_ step: BuildStep) -> JSONObject {
        [
            "digest": .string(digest(step)), "name": .string(step.name), "started": time(starts[step.number] ?? clock()),
        ]
    }

    private func status(_ text: String, of step: BuildStep) -> JSON {
        let now = time(clock())
        return ["id": .string(text), "vertex": .string(digest(step)), "current": 0, "timestamp": now, "started": now, "completed": now]
    }

    private func end(_ step: BuildStep, _ outcome: BuildOutcome) {
        var object = vertex(step)
        object["completed"] = time(clock())
        switch outcome {
        case .done: break
        case .cached: object["cached"] = true
        case .cancelled: object["error"] = "context canceled"
        case .failed(let message): object["error"] = .string(message)
        }
        line(["vertexes": [.object(object)]])
    }

    private func warning(_ finding: Dockerfile.LintFinding) -> JSON {
        func base64(_ text: String) -> JSON { .string(Base64.encode(Array(text.utf8)[...])) }
        let source: JSONObject = [
            "filename": .string(fileName), "data": .string(Base64.encode(file[...])), "language": "Dockerfile",
        ]
        return [
            "vertex": .string(first.map(digest) ?? ""), "level": 1, "short": base64(finding.summary),
            "detail": [base64(finding.rule.summary)], "url": .string(finding.rule.url), "sourceInfo": .object(source),
            "range": [finding.lines.json],
        ]
    }
}

extension ClosedRange<Int> {
    /// Lines, as BuildKit has them in JSON.
    var json: JSON {
        ["start": ["line": .integer(Int64(lowerBound))], "end": ["line": .integer(Int64(upperBound))]]
    }
}
