import Builder
import Dockerfile

/// What is said of a build that failed, and of what its Dockerfile could do better.
enum BuildFailureText {
    /// The step that failed with its last lines, as BuildKit shows it; empty where it was none.
    static func step(_ error: BuildError, _ failure: BuildProgress.Failure?) -> String {
        // What is no step's fault is told by its place.
        guard let failure, error.mistake == nil else { return "" }
        let lines = failure.lines.isEmpty ? output(error.output) : failure.lines
        return "------\n > \(failure.step.name):\n" + lines.map { $0 + "\n" }.joined() + "------\n"
    }

    /// Where in the Dockerfile it is; empty where it is not the Dockerfile's fault.
    static func place(_ error: BuildError, file: [UInt8], fileName: String) -> String {
        if let mistake = error.mistake { return excerpt(mistake, file: file, fileName: fileName) }
        return error.lines.map { Dockerfile.excerpt(of: file, marking: [$0], fileName: fileName) } ?? ""
    }

    private static func output(_ bytes: [UInt8]) -> [String] {
        var lines = BuildOutputLines()
        return lines.add(bytes) + [lines.flush()].compactMap { $0 }
    }

    /// The lines around a mistake; below its own, a mark at its column, with what was probably meant.
    static func excerpt(_ mistake: DockerfileError, file: [UInt8], fileName: String) -> String {
        let text = mistake.excerpt(of: file, fileName: fileName)
        guard let position = mistake.position else { return text }
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        let digits = String(position.line)
        let head = " " + String(repeating: " ", count: max(0, 3 - digits.utf8.count)) + "\(digits) | "
        guard let index = lines.firstIndex(where: { $0.hasPrefix(head + ">>> ") }) else { return text }
        let before = lines[index].unicodeScalars.dropFirst(head.unicodeScalars.count + 4).prefix(position.column - 1)
        // A tab is as wide here as above.
        let indent = String(String.UnicodeScalarView(before.map { $0 == "\t" ? $0 : " " }))
        let margin = String(repeating: " ", count: head.unicodeScalars.count - 2) + "|     "
        lines.insert(margin + indent + "^" + (mistake.suggestion.map { " did you mean \($0)?" } ?? ""), at: index + 1)
        return lines.joined(separator: "\n")
    }

    /// The last line: what went wrong, and what to do about it.
    static func message(_ error: BuildError, isKept: Bool) -> String {
        let prefix = "failed to build: failed to solve: "
        var message = prefix + error.message
        let usual = error.exitCode == nil || isKept ? nil : "`\(HakoProgram.name) build --debug` keeps the state that it left as an image."
        if let advice = error.advice ?? usual { message += (message.hasSuffix(".") ? " " : ". ") + advice }
        return message
    }

    /// ` 2 warnings found (use hako build --check to expand):` and the findings; with details where they are wanted. Empty
    /// without findings.
    static func warnings(
        _ findings: [Dockerfile.LintFinding], expanded: Bool, isColored: Bool, file: [UInt8], fileName: String
    ) -> String {
        guard !findings.isEmpty else { return "" }
        let count = findings.count == 1 ? "1 warning" : "\(findings.count) warnings"
        let head = " \(count) found" + (expanded ? "" : " (use \(HakoProgram.name) build --check to expand)") + ":"
        var text = "\n" + (isColored ? BuildColor.yellow.paint(head) : head) + "\n"
        for finding in findings {
            text += " - \(Terminal.escaped(finding.summary))\n"
            guard expanded else { continue }
            text += "\(finding.rule.summary)\nMore info: \(finding.rule.url)\n"
            text += Dockerfile.excerpt(of: file, marking: [finding.lines], fileName: fileName) + "\n"
        }
        return text
    }
}
