extension Dockerfile {
    /// What the first lines say to the parser: `# escape=`.
    public struct Directives: Hashable, Sendable {
        /// The frontend image that the author asks for. Hako has one frontend and runs no other.
        public internal(set) var syntax: String?
        /// `\`, or a backtick: escapes a character, and continues a line at its end.
        public internal(set) var escape: UInt8 = .backslash
        /// What `check=` says.
        public internal(set) var lintOptions = LintOptions()
    }
}

/// Takes the directives from the first lines; the first line that is none ends them.
struct DirectiveParser {
    private(set) var directives = Dockerfile.Directives()
    private var seen: Set<String> = []
    private var isDone = false

    /// Whether `line`, which has no blanks before it, is a directive.
    mutating func takes(_ line: ArraySlice<UInt8>, number: Int) throws(DockerfileError) -> Bool {
        guard !isDone else { return false }
        guard line.first == .hash, let (name, value) = Self.assignment(line.dropFirst()),
            ["syntax", "escape", "check"].contains(name)
        else {
            isDone = true
            return false
        }
        func refuse(_ message: String) -> DockerfileError {
            DockerfileError(message, lines: [number...number], at: Dockerfile.Position(line: number, column: 1))
        }
        guard seen.insert(name).inserted else { throw refuse("only one \(name) parser directive can be used") }
        switch name {
        case "syntax": directives.syntax = value
        case "escape":
            guard value == "\\" || value == "`" else {
                throw refuse("invalid escape token '\(value)' does not match ` or \\")
            }
            directives.escape = value == "`" ? .backtick : .backslash
        default:
            do throws(LintOptionsError) {
                directives.lintOptions = try Dockerfile.LintOptions(parsing: Self.firstWord(value))
            } catch { throw refuse("failed to parse check options: \(error.message)") }
        }
        return true
    }

    /// The `check=` of a comment right above an instruction; nil where there is none or it can't be read.
    static func lintOptions(inComments comments: [String]) -> Dockerfile.LintOptions? {
        for comment in comments {
            guard let (name, value) = assignment(Array(comment.utf8)[...]), name == "check" else { continue }
            // A comment that can't be read is a comment.
            return try? Dockerfile.LintOptions(parsing: firstWord(value))
        }
        return nil
    }

    private static func firstWord(_ value: String) -> String { value.split(atFirst: .space)?.before ?? value }

    /// `\s*NAME\s*=\s*VALUE\s*`, the name in lower case.
    private static func assignment(_ text: ArraySlice<UInt8>) -> (name: String, value: String)? {
        let text = text.trimmed
        var end = text.startIndex
        while end < text.endIndex, text[end].isLetter || (text[end].isDigit && end > text.startIndex) { end += 1 }
        let rest = text[end...].trimmedLeft
        let value = rest.dropFirst().trimmedLeft
        guard end > text.startIndex, rest.first == .equals, !value.isEmpty else { return nil }
        return (String(text[..<end]).lowercased(), String(value))
    }
}
