/// A program: its own options and its commands.
public struct Program: Sendable {
    public let name: String
    public let summary: String
    /// The last lines of the help: where to read more.
    public let epilogue: String?
    private let makeOptions: @Sendable () -> [Option]
    private let makeCommands: @Sendable () -> [Command]

    public init(
        _ name: String, _ summary: String, epilogue: String? = nil,
        options: @autoclosure @escaping @Sendable () -> [Option],
        commands: @autoclosure @escaping @Sendable () -> [Command]
    ) {
        self.name = name
        self.summary = summary
        self.epilogue = epilogue
        makeOptions = options
        makeCommands = commands
    }

    public var options: [Option] { makeOptions() }
    public var commands: [Command] { makeCommands() }
}

/// What a command line asks for.
public enum Invocation: Sendable {
    case run(Command, ParsedArguments)
    /// Help for the program itself (empty path) or one of its commands; `Program.help` makes the text.
    case help(HelpTopic)
    /// No command was named; the program's own options may still ask for something, as `--version` does.
    case program(ParsedOptions)
}

/// A command, or a group of them, that help is wanted for.
public struct HelpTopic: Sendable {
    /// The words that lead to it, the program's name first.
    public let path: [String]
    /// Nil for the program itself.
    public let command: Command?
    /// False where a group was named without a command of it.
    public var isAsked = true
}

extension Program {
    var place: CommandPlace { CommandPlace(path: name, usage: "\(name) [OPTIONS] COMMAND [ARG...]") }

    /// Reads a command line, the program's own name left out. Builds the tables of the program's options and of
    /// the one command that was chosen.
    public func parse(_ words: [String]) throws(CommandLineError) -> Invocation {
        let none = ParsedOptions(table: [], place: place)
        var parser = OptionParser(
            words[...], options: ParsedOptions(table: options, place: place), global: none, order: .beforeArguments)
        try parser.parse()
        let rest = parser.positionals[...]
        if parser.wantsHelp { return .help(HelpTopic(path: [name], command: nil)) }
        guard let first = rest.first else { return .program(parser.options) }
        let commands = commands
        if first == "help", !commands.contains(where: { $0.isCalled("help") }) {
            return try .help(topic(rest.dropFirst(), in: commands))
        }
        return try invocation(of: rest, in: commands, path: [name], global: parser.options)
    }

    private func invocation(
        of words: ArraySlice<String>, in commands: [Command], path: [String], global: ParsedOptions
    ) throws(CommandLineError) -> Invocation {
        guard let word = words.first else { return .program(global) }
        guard let command = commands.first(where: { $0.isCalled(word) }) else {
            throw unknownCommand(word, in: commands, path: path)
        }
        let path = path + [word]
        // Not `joined`, here and where else a start comes by: it looks up its protocols in the whole program, 0.1 ms.
        let place = CommandPlace(
            path: path.dropFirst().reduce(path[0]) { $0 + " " + $1 }, usage: command.usageLine(path: path))
        var parser = OptionParser(
            words.dropFirst(), options: ParsedOptions(table: command.options, place: place), global: global,
            order: command.order)
        try parser.parse()
        if parser.wantsHelp { return .help(HelpTopic(path: path, command: command)) }
        if command.isGroup {
            guard !parser.positionals.isEmpty else {
                return .help(HelpTopic(path: path, command: command, isAsked: false))
            }
            return try invocation(
                of: parser.positionals[...], in: command.subcommands, path: path, global: parser.global)
        }
        if let error = command.arity.error(for: parser.positionals.count, at: place, program: name) { throw error }
        return .run(
            command,
            ParsedArguments(
                path: path, global: parser.global, options: parser.options, positionals: parser.positionals))
    }

    private func topic(_ words: ArraySlice<String>, in commands: [Command]) throws(CommandLineError) -> HelpTopic {
        var commands = commands
        var topic = HelpTopic(path: [name], command: nil)
        for word in words {
            guard let command = commands.first(where: { $0.isCalled(word) }) else {
                let nearest = Suggestion.nearest(to: word, among: commands.filter { !$0.isHidden }.map(\.name))
                throw CommandLineError(
                    .unknownHelpTopic, "unknown help topic: \(words.joined(separator: " "))", suggestion: nearest)
            }
            topic = HelpTopic(path: topic.path + [word], command: command)
            commands = command.subcommands
        }
        return topic
    }

    private func unknownCommand(_ word: String, in commands: [Command], path: [String]) -> CommandLineError {
        let joined = path.joined(separator: " ")
        let names = commands.filter { !$0.isHidden }.flatMap { [$0.name] + $0.aliases }
        return CommandLineError(
            .unknownCommand, "\(name): unknown command: \(joined) \(word)",
            suggestion: Suggestion.nearest(to: word, among: names).map { "'\(joined) \($0)'" },
            usage: path.count > 1 ? joined + " COMMAND" : nil, pointer: "Run '\(joined) --help' for more information")
    }
}
