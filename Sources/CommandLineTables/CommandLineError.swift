/// A command line that can't be taken, in the words of Docker's client.
public struct CommandLineError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        case unknownOption, badSyntax, missingValue, invalidValue, unsupportedOption
        case unknownCommand, unknownHelpTopic, wrongNumberOfArguments
    }

    public let kind: Kind
    /// One line without the program's name where Docker writes none.
    public let message: String
    /// The option or command that was probably meant.
    public let suggestion: String?
    /// The usage line, without `Usage:`; nil where none helps.
    public let usage: String?
    /// The last line: where to read more.
    public let pointer: String?

    init(
        _ kind: Kind, _ message: String, suggestion: String? = nil, usage: String? = nil, pointer: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.suggestion = suggestion
        self.usage = usage
        self.pointer = pointer
    }

    /// 125 for an option, 1 for a command or a number of arguments, as Docker's client ends.
    public var exitCode: Int32 {
        switch kind {
        case .unknownOption, .badSyntax, .missingValue, .invalidValue, .unsupportedOption: 125
        case .unknownCommand, .unknownHelpTopic, .wrongNumberOfArguments: 1
        }
    }

    /// The whole text for standard error, without a line end.
    public var description: String {
        var text = message
        if let suggestion { text += "\n\nDid you mean \(suggestion)?" }
        if let usage { text += "\n\nUsage:  \(usage)" }
        if let pointer { text += "\n\n\(pointer)" }
        return text
    }
}

/// Where on the command line an error arose: what its last lines are made of.
struct CommandPlace {
    /// `hako container ls`.
    let path: String
    let usage: String

    var pointer: String { "Run '\(path) --help' for more information" }

    func error(_ kind: CommandLineError.Kind, _ message: String, suggestion: String? = nil) -> CommandLineError {
        CommandLineError(kind, message, suggestion: suggestion, usage: usage, pointer: pointer)
    }
}

extension Arity {
    /// The error for `count` arguments that don't fit; nil where they do.
    func error(for count: Int, at place: CommandPlace, program: String) -> CommandLineError? {
        guard !allows(count) else { return nil }
        func arguments(_ number: Int) -> String { number == 1 ? "\(number) argument" : "\(number) arguments" }
        let demand =
            switch self {
            case .none, .any: "accepts no arguments"
            case .exactly(let number): "requires \(arguments(number))"
            case .atLeast(let least): "requires at least \(arguments(least))"
            case .atMost(let most): "requires at most \(arguments(most))"
            case .range(let least, let most): "requires at least \(least) and at most \(arguments(most))"
            }
        var pointer = place.pointer
        // Docker's client says "See" here and "Run" everywhere else; scripts compare whole texts.
        if case .atLeast = self { pointer = "See '\(place.path) --help' for more information" }
        return CommandLineError(
            .wrongNumberOfArguments, "\(program): '\(place.path)' \(demand)", usage: place.usage, pointer: pointer)
    }
}
