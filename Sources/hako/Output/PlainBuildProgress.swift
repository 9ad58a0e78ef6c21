import Builder
import Dockerfile
import Linux

/// Shows a build as lines on standard error, in BuildKit's form.
final class PlainBuildProgress: BuildReporter {
    private let isQuiet: Bool
    private var starts: [Int: Int64] = [:]

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    func report(_ event: BuildEvent) {
        guard !isQuiet else { return }
        switch event {
        case .started(let step):
            starts[step.number] = RealTime.now
            Terminal.printError("#\(step.number) \(Terminal.escaped(Self.title(step)))\n")
        case .output(let step, _, let bytes):
            let text = String(decoding: bytes, as: UTF8.self)
            for line in text.split(separator: "\n") {
                Terminal.printError("#\(step.number) \(seconds(step)) \(Terminal.escaped(String(line)))\n")
            }
        case .note(let step, let text): Terminal.printError("#\(step.number) \(Terminal.escaped(text))\n")
        case .explained(let step, let explanation):
            for line in explanation.lines { Terminal.printError("#\(step.number) \(Terminal.escaped(line))\n") }
        case .finished(let step, let outcome): Terminal.printError("#\(step.number) \(shown(outcome, step))\n\n")
        case .findings(let findings):
            for finding in findings { Terminal.printError("WARN: \(Terminal.escaped(finding.summary))\n") }
        }
    }

    static func title(_ step: BuildStep) -> String {
        guard case .instruction(let stage, let number, let count) = step.kind else { return step.title }
        return "[\(stage) \(number)/\(count)] \(step.title)"
    }

    private func shown(_ outcome: BuildOutcome, _ step: BuildStep) -> String {
        switch outcome {
        case .done: "DONE \(seconds(step))s"
        case .cached: "CACHED"
        case .cancelled: "CANCELED"
        case .failed(let message): "ERROR: \(Terminal.escaped(message))"
        }
    }

    private func seconds(_ step: BuildStep) -> String {
        let tenths = (RealTime.now - (starts[step.number] ?? RealTime.now)) / 100_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// Says why the build failed, and where.
    func fail(_ error: BuildError, _ request: BuildRequest) {
        if let lines = error.lines {
            let excerpt = Dockerfile.excerpt(of: request.file, marking: [lines], fileName: request.fileName)
            Terminal.printError(excerpt.isEmpty ? "" : Terminal.escapedLines(excerpt))
        }
        let advice = error.advice.map { ". \($0)" } ?? ""
        Terminal.printError("ERROR: failed to build: failed to solve: \(Terminal.escaped(error.message + advice))\n")
    }
}
