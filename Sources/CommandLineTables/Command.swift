/// A command: one table and what it runs. A command lives in one file, as `static let command = Command(…)`.
///
/// Options and sub-commands are closures, so that listing the commands builds none of their tables.
public struct Command: Sendable {
    /// Runs with what was given and returns the exit code of the program.
    public typealias Action = @Sendable (ParsedArguments) throws -> Int32

    public let name: String
    public let aliases: [String]
    /// One sentence without a full stop, for lists and as the first line of the help.
    public let summary: String
    /// More than `summary` for the command's own help, where there is more to say.
    public let details: String?
    /// What follows `[OPTIONS]` in the usage line: `IMAGE [COMMAND] [ARG...]`.
    public let usage: String
    /// Whole command lines for the help, without the program's name: `run -d -p 8080:80 nginx`.
    public let examples: [String]
    /// The other places where the command is found, without the program's name: `container ls`.
    public let alsoAt: [String]
    public let group: CommandGroup
    public let isHidden: Bool
    public let arity: Arity
    public let order: OptionOrder
    /// What a shell may offer for the arguments that are no options.
    public let completion: Completion
    private let makeOptions: @Sendable () -> [Option]
    private let makeSubcommands: (@Sendable () -> [Command])?
    let action: Action?

    /// A command that does something.
    public init(
        _ name: String, aliases: [String] = [], _ summary: String, details: String? = nil, usage: String = "",
        examples: [String] = [], alsoAt: [String] = [], group: CommandGroup = .other, isHidden: Bool = false,
        arity: Arity, order: OptionOrder = .mixed, completion: Completion = .nothing,
        options: @autoclosure @escaping @Sendable () -> [Option] = [], run: @escaping Action
    ) {
        self.init(
            name, aliases, summary, details, usage, examples, alsoAt, group, isHidden, arity, order, completion,
            options, nil, run)
    }

    /// A command that only holds others, as `image` does.
    public init(
        _ name: String, aliases: [String] = [], _ summary: String, group: CommandGroup = .management,
        isHidden: Bool = false, subcommands: @autoclosure @escaping @Sendable () -> [Command]
    ) {
        self.init(
            name, aliases, summary, nil, "", [], [], group, isHidden, .none, .beforeArguments, .nothing, { [] },
            subcommands, nil)
    }

    private init(
        _ name: String, _ aliases: [String], _ summary: String, _ details: String?, _ usage: String,
        _ examples: [String], _ alsoAt: [String], _ group: CommandGroup, _ isHidden: Bool, _ arity: Arity,
        _ order: OptionOrder, _ completion: Completion, _ makeOptions: @escaping @Sendable () -> [Option],
        _ makeSubcommands: (@Sendable () -> [Command])?, _ action: Action?
    ) {
        self.name = name
        self.aliases = aliases
        self.summary = summary
        self.details = details
        self.usage = usage
        self.examples = examples
        self.alsoAt = alsoAt
        self.group = group
        self.isHidden = isHidden
        self.arity = arity
        self.order = order
        self.completion = completion
        self.makeOptions = makeOptions
        self.makeSubcommands = makeSubcommands
        self.action = action
    }
}

extension Command {
    /// Builds the option table.
    public var options: [Option] { makeOptions() }
    /// The commands below this one; empty for one that does something itself.
    public var subcommands: [Command] { makeSubcommands?() ?? [] }
    public var isGroup: Bool { makeSubcommands != nil }

    /// The same command under another name: `ps` stands as `ls` below `container`.
    public func renamed(_ name: String, aliases: [String] = []) -> Command {
        Command(
            name, aliases, summary, details, usage, examples, alsoAt, group, isHidden, arity, order, completion,
            makeOptions, makeSubcommands, action)
    }

    func isCalled(_ word: String) -> Bool { name == word || aliases.contains(word) }

    /// Runs the command with what was parsed; a group does nothing and ends with 0.
    public func run(_ arguments: ParsedArguments) throws -> Int32 { try action?(arguments) ?? 0 }
}

/// How many arguments, options not counted, a command takes.
public enum Arity: Sendable, Equatable {
    case none
    case exactly(Int)
    case atLeast(Int)
    case atMost(Int)
    case range(Int, Int)
    case any

    func allows(_ count: Int) -> Bool {
        switch self {
        case .none: count == 0
        case .exactly(let number): count == number
        case .atLeast(let least): count >= least
        case .atMost(let most): count <= most
        case .range(let least, let most): count >= least && count <= most
        case .any: true
        }
    }
}

/// Where options may stand.
public enum OptionOrder: Sendable, Equatable {
    /// Anywhere before `--`.
    case mixed
    /// Only before the first argument; what follows belongs to that, as with `run IMAGE COMMAND -x`.
    case beforeArguments
}

/// A heading in the list of commands.
public struct CommandGroup: Sendable, Equatable {
    public let title: String

    public init(_ title: String) { self.title = title }

    public static let common = CommandGroup("Common Commands")
    public static let management = CommandGroup("Management Commands")
    public static let other = CommandGroup("Commands")
}
