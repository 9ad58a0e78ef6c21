import Linux

/// Command lines with what Docker answers to them, and where Hako answers otherwise, why and what.
///
///     ## name of a case
///     # a note
///     $ docker run busybox sh -c 'echo out; echo error >&2; exit 3'
///     > a further line of the command
///     | a line of standard output
///     ! a line of standard error
///     [3]
///     ~ why Hako differs; what it answers follows in the same form
///     | another line
///
/// A line `\` says that the stream before it ended without a line end; no status is 0.
struct Transcript: Equatable {
    struct Outcome: Equatable {
        var status: CInt = 0
        var output = ""
        var error = ""
    }
    struct Step: Equatable {
        var command: String
        var docker = Outcome()
        /// Why Hako's outcome is another one; empty where nobody has said.
        var reason: String?
        var own = Outcome()

        var hako: Outcome { reason == nil ? docker : own }
    }
    struct Case: Equatable {
        var name: String
        var notes: [String] = []
        var steps: [Step] = []
    }

    /// What stands above the first case.
    var header: [String] = []
    var cases: [Case] = []

    struct Malformed: Error, CustomStringConvertible {
        let line: String
        var description: String { "this line of a transcript has no place: \(line)" }
    }
}

extension Transcript {
    init(parsing text: String) throws {
        for line in text.split(separator: "\n") { try add(String(line)) }
    }

    private mutating func add(_ line: String) throws {
        let mark = line.prefix { $0 != " " }
        let rest = String(line.dropFirst(mark.count + 1))
        if mark == "##" { return cases.append(Case(name: rest)) }
        guard !cases.isEmpty else { return header.append(line) }
        let last = cases.count - 1
        switch mark {
        case "#": cases[last].notes.append(rest)
        case "$": cases[last].steps.append(Step(command: rest))
        default:
            guard !cases[last].steps.isEmpty else { throw Malformed(line: line) }
            try cases[last].steps[cases[last].steps.count - 1].add(mark, rest, of: line)
        }
    }

    /// As a file holds it.
    var text: String {
        var text = header.map { $0 + "\n" }.joined()
        for each in cases {
            text += "\n## \(each.name)\n" + each.notes.map { "# \($0)\n" }.joined()
            for step in each.steps {
                text += "$ " + step.command.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n> ") + "\n"
                text += step.docker.text
                if let reason = step.reason { text += (reason.isEmpty ? "~" : "~ " + reason) + "\n" + step.own.text }
            }
        }
        return text
    }

    var steps: [Step] { cases.flatMap(\.steps) }
}

extension Transcript.Step {
    fileprivate mutating func add(_ mark: Substring, _ rest: String, of line: String) throws {
        switch mark {
        case ">": command += "\n" + rest
        case "~": reason = rest
        default:
            let isTaken = reason == nil ? docker.add(mark, rest) : own.add(mark, rest)
            guard isTaken else { throw Transcript.Malformed(line: line) }
        }
    }
}

extension Transcript.Outcome {
    fileprivate mutating func add(_ mark: Substring, _ rest: String) -> Bool {
        switch mark {
        case "|": output += rest + "\n"
        case "!": error += rest + "\n"
        case "\\": if error.isEmpty { output.removeLast() } else { error.removeLast() }
        default:
            guard mark.first == "[", mark.last == "]", let status = CInt(mark.dropFirst().dropLast()) else { return false }
            self.status = status
        }
        return true
    }

    var text: String { Self.lines(output, "|") + Self.lines(error, "!") + (status == 0 ? "" : "[\(status)]\n") }

    private static func lines(_ stream: String, _ mark: String) -> String {
        guard !stream.isEmpty else { return "" }
        let isEnded = stream.utf8.last == UInt8(ascii: "\n")
        var lines = stream.split(separator: "\n", omittingEmptySubsequences: false)
        if isEnded { lines.removeLast() }
        return lines.map { $0.isEmpty ? mark + "\n" : "\(mark) \($0)\n" }.joined() + (isEnded ? "" : "\\\n")
    }
}
