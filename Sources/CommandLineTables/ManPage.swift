/// A page of the manual, made of the command tables: man(7).
public struct ManPage: Sendable {
    /// The file's: `hako-run.1`.
    public let name: String
    public let text: String
}

/// What the tables don't say: who and when for the footer, and of the program's own page whole sections and what else to see.
public struct ManualDetails: Sendable {
    /// `Hako 0.1.0`.
    public let version: String
    /// `2026-11-28`.
    public let date: String
    public let sections: [ManualSection]
    /// Pages about files, by name: `hako-config.json`.
    public let files: [String]

    public init(version: String, date: String, sections: [ManualSection] = [], files: [String] = []) {
        self.version = version
        self.date = date
        self.sections = sections
        self.files = files
    }
}

/// A section of a page: words first, then lines that stay as they are, then entries, each with what it is about.
public struct ManualSection: Sendable {
    public let title: String
    public let paragraphs: [String]
    public let lines: [String]
    public let entries: [(term: String, text: String)]

    public init(
        _ title: String, paragraphs: [String] = [], lines: [String] = [], entries: [(term: String, text: String)] = []
    ) {
        self.title = title
        self.paragraphs = paragraphs
        self.lines = lines
        self.entries = entries
    }
}

extension ManPage {
    /// A page about a file, for section 5 of the manual.
    ///
    /// - Parameter commands: Those that the page refers to, each with the words that lead to it.
    public static func ofFile(
        _ name: String, _ summary: String, _ sections: [ManualSection], commands: [[String]], _ details: ManualDetails
    ) -> ManPage {
        var page = Roff(title: [name], summary: summary, details, section: 5)
        for section in sections { page.section(section) }
        page.section("SEE ALSO")
        page.references(commands)
        return ManPage(name: "\(name).5", text: page.text)
    }
}

extension Program {
    /// A page for the program and one for each of its commands. A command that stands in two places has its page in the
    /// first, and a line that leads there in the other.
    public func manual(_ details: ManualDetails) -> [ManPage] {
        [ManPage(name: "\(name).1", text: page(details))]
            + commands.filter { !$0.isHidden }.flatMap { pages(of: $0, path: [name, $0.name], details) }
    }

    private func pages(of command: Command, path: [String], _ details: ManualDetails) -> [ManPage] {
        let file = path.joined(separator: "-") + ".1"
        let place = path.dropFirst().joined(separator: " ")
        if path.count > 2, let other = commands.first(where: { !$0.isHidden && $0.alsoAt.contains(place) }) {
            return [ManPage(name: file, text: ".so man1/\(name)-\(other.name).1\n")]
        }
        var page = Roff(title: path, summary: command.summary, details)
        page.synopsis(path, command.usageLine(path: path).dropFirst(path.joined(separator: " ").count))
        page.section("DESCRIPTION")
        page.words((command.details ?? command.summary) + ".")
        let others = aliases(of: command, path: path).filter { $0 != path.joined(separator: " ") }
        if !others.isEmpty { page.paragraph("Also: " + others.joined(separator: ", ") + ".") }
        page.options("OPTIONS", command.options)
        if command.isGroup { page.commands("COMMANDS", command.subcommands, below: path) }
        page.examples(command.examples.map { "\(name) \($0)" })
        page.section("SEE ALSO")
        page.references([[name]] + (path.count > 2 ? [Array(path.dropLast())] : []))
        return [ManPage(name: file, text: page.text)]
            + command.subcommands.filter { !$0.isHidden }.flatMap { pages(of: $0, path: path + [$0.name], details) }
    }

    private func page(_ details: ManualDetails) -> String {
        var page = Roff(title: [name], summary: summary, details)
        page.synopsis([name], " [OPTIONS] COMMAND")
        page.section("DESCRIPTION")
        page.words(summary + ".")
        page.options("OPTIONS", options)
        page.section("COMMANDS")
        for section in sections() { page.commands(section.title, section.commands, below: [name], isSubsection: true) }
        for section in details.sections { page.section(section) }
        page.section("SEE ALSO")
        page.references(commands.filter { !$0.isHidden }.map { [name, $0.name] }, files: details.files)
        return page.text
    }
}

/// Writes man(7)'s requests, with everything else escaped.
struct Roff {
    private(set) var text: String

    /// - Parameter section: 1 for commands, 5 for files.
    init(title path: [String], summary: String, _ details: ManualDetails, section number: Int = 1) {
        let name = path.joined(separator: "-")
        let manual = number == 1 ? "User Commands" : "File Formats"
        text = ".\\\" Made of the tables of \(path.first ?? name).\n"
        text += ".TH \(Self.escaped(name.uppercased())) \(number) \(details.date) \"\(Self.escaped(details.version))\" \"\(manual)\"\n"
        section("NAME")
        text += "\(Self.escaped(name)) \\- \(Self.escaped(summary))\n"
    }

    mutating func section(_ title: String) { text += ".SH \(Self.escaped(title))\n" }

    mutating func section(_ section: ManualSection) {
        self.section(section.title)
        for (index, words) in section.paragraphs.enumerated() {
            if index == 0 { self.words(words) } else { paragraph(words) }
        }
        if !section.lines.isEmpty {
            text += (section.paragraphs.isEmpty ? "" : ".PP\n") + ".nf\n" + section.lines.map { Self.line($0) + "\n" }.joined() + ".fi\n"
        }
        for entry in section.entries { self.entry(Self.bold(entry.term), entry.text) }
    }

    mutating func synopsis(_ path: [String], _ rest: some StringProtocol) {
        section("SYNOPSIS")
        text += Self.bold(path.joined(separator: " ")) + Self.escaped(String(rest)) + "\n"
    }

    /// The first paragraph of a section.
    mutating func words(_ words: String) { text += Self.line(words) + "\n" }

    /// A further one.
    mutating func paragraph(_ words: String) { text += ".PP\n" + Self.line(words) + "\n" }

    mutating func entry(_ term: String, _ words: String) { text += ".TP\n\(term)\n\(Self.line(words))\n" }

    mutating func options(_ title: String, _ options: [Option]) {
        let shown = options.filter { !$0.isHidden }.sorted { $0.name < $1.name }
        guard !shown.isEmpty else { return }
        section(title)
        for option in shown {
            var term = option.short.map { Self.bold("-" + $0) + ", " } ?? ""
            term += Self.bold("--" + option.name)
            if !option.placeholder.isEmpty { term += " \\fI\(Self.escaped(option.placeholder))\\fR" }
            entry(term, HelpText.body(of: option))
        }
    }

    mutating func commands(_ title: String, _ commands: [Command], below path: [String], isSubsection: Bool = false) {
        text += "\(isSubsection ? ".SS" : ".SH") \(Self.escaped(title))\n"
        for command in commands where !command.isHidden {
            entry(Self.bold((path + [command.name]).joined(separator: "-")) + "(1)", command.summary + ".")
        }
    }

    mutating func examples(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        section("EXAMPLES")
        text += ".nf\n" + lines.map { Self.line($0) + "\n" }.joined() + ".fi\n"
    }

    mutating func references(_ pages: [[String]], files: [String] = []) {
        let all = pages.map { Self.bold($0.joined(separator: "-")) + "(1)" } + files.map { Self.bold($0) + "(5)" }
        text += all.joined(separator: ",\n") + "\n"
    }

    static func bold(_ words: String) -> String { "\\fB\(escaped(words))\\fR" }

    /// A line that begins with a dot or an apostrophe would be a request.
    private static func line(_ words: String) -> String {
        let line = escaped(words)
        return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
    }

    /// Characters as they are typed: a bare `-` would be a hyphen, which nobody can paste into a shell.
    static func escaped(_ words: String) -> String {
        var result = ""
        for scalar in words.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "\"": result += "\\(dq"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case "`": result += "\\(ga"
            case "\n", "\r": result += " "
            case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + "]"
            }
        }
        return result
    }
}
