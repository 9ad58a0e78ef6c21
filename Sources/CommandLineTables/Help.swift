extension Command {
    /// `hako run [OPTIONS] IMAGE [COMMAND] [ARG...]`.
    public func usageLine(path: [String]) -> String {
        var line = path.joined(separator: " ")
        if isGroup { return line + " COMMAND" }
        if options.contains(where: { !$0.isHidden }) { line += " [OPTIONS]" }
        return usage.isEmpty ? line : line + " " + usage
    }
}

extension Program {
    /// The help text for a topic, ending in a line end.
    ///
    /// - Parameter width: Of the terminal, in columns; Docker takes 80 where there is none.
    public func help(for topic: HelpTopic, width: Int = 80) -> String {
        guard let command = topic.command else { return help(width: width) }
        var text = "Usage:  \(command.usageLine(path: topic.path))\n\n\(command.details ?? command.summary)\n"
        let places = aliases(of: command, path: topic.path)
        if places.count > 1 { text += "\nAliases:\n  \(places.joined(separator: ", "))\n" }
        if !command.examples.isEmpty {
            text += "\nExamples:\n" + command.examples.map { "  \(name) \($0)\n" }.joined()
        }
        text += section("Options", command.options, width: width)
        if command.isGroup {
            text += list(command.subcommands, under: CommandGroup.other.title)
            text += "\nRun '\(topic.path.joined(separator: " ")) COMMAND --help' for more information on a command.\n"
        }
        return text
    }

    /// The help text of the program itself.
    public func help(width: Int = 80) -> String {
        var text = "Usage:  \(name) [OPTIONS] COMMAND\n\n\(summary)\n"
        text += sections().map { list($0.commands, under: $0.title) }.joined()
        text += section("Global Options", options, width: width)
        text += "\nRun '\(name) COMMAND --help' for more information on a command.\n"
        if let epilogue { text += "\n\(epilogue)\n" }
        return text
    }

    func aliases(of command: Command, path: [String]) -> [String] {
        let parent = path.dropLast().joined(separator: " ")
        let here = ([command.name] + command.aliases).map { "\(parent) \($0)" }
        let elsewhere = command.alsoAt.map { "\(name) \($0)" }
        return elsewhere + here.filter { !elsewhere.contains($0) }
    }

    private func list(_ commands: [Command], under title: String) -> String {
        let shown = commands.filter { !$0.isHidden }
        let width = max(11, shown.map(\.name.utf8.count).max() ?? 0)
        return "\n\(title):\n" + shown.map { "  \(HelpText.pad($0.name, to: width)) \($0.summary)\n" }.joined()
    }

    private func section(_ title: String, _ options: [Option], width: Int) -> String {
        let rows = options.filter { !$0.isHidden }.sorted { $0.name < $1.name }
            .map { (head: HelpText.head(of: $0), body: HelpText.body(of: $0)) }
        guard let longest = rows.map(\.head.utf8.count).max() else { return "" }
        let column = longest + 3
        return "\n\(title):\n"
            + rows.map { row in
                HelpText.pad(row.head, to: column) + HelpText.wrap(row.body, indent: column, width: width - 1) + "\n"
            }.joined()
    }
}

/// How pflag lays out the table of options; scripts and eyes know it.
enum HelpText {
    static func head(of option: Option) -> String {
        let names = option.short.map { "  -\($0), --\(option.name)" } ?? "      --\(option.name)"
        return option.placeholder.isEmpty ? names : "\(names) \(option.placeholder)"
    }

    static func body(of option: Option) -> String {
        guard let text = option.defaultText else { return option.help }
        return option.help + (option.kind == .text ? " (default \"\(text)\")" : " (default \(text))")
    }

    static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }

    /// Breaks at spaces; every line after the first starts at `indent`. A last word may stand five columns out of
    /// the way rather than alone.
    static func wrap(_ text: String, indent: Int, width: Int) -> String {
        let slack = 5
        var (indent, start) = (indent, "")
        if width - indent < 24 {
            // Too narrow beside the names: a block on the next lines.
            indent = 16
            start = "\n" + String(repeating: " ", count: indent)
        }
        let room = width - indent - slack
        guard room >= 24 - slack else { return text }
        var lines: [String] = []
        var rest = text.utf8[...]
        while rest.count >= room + slack, let space = rest.prefix(room).lastIndex(of: UInt8(ascii: " ")),
            space > rest.startIndex
        {
            lines.append(String(rest[..<space]) ?? "")
            rest = rest[rest.index(after: space)...]
        }
        lines.append(String(rest) ?? "")
        return start + lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }
}
