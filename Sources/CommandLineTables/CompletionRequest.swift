/// What can stand at the end of a command line: what the tables know of it, and whom to ask for the rest.
public struct CompletionRequest: Sendable {
    /// Words that can stand there; those that don't begin as the last word does are left out.
    public let candidates: [CompletionCandidate]
    /// What the tables can't know: files, the names of containers. Never `.words`.
    public let source: Completion
    /// What such a name has to begin with.
    public let prefix: String
    /// What stands before it in the same word: `--env-file=`.
    public let lead: String
    /// The arguments that the command has already.
    public let arguments: [String]
    /// The program's own options, as far as they are given.
    public let global: ParsedOptions

    /// The names that begin as they have to, and aren't given yet, as candidates.
    public func candidates(from names: [CompletionCandidate]) -> [CompletionCandidate] {
        names.filter { name in
            name.word.utf8.starts(with: prefix.utf8) && !arguments.contains(name.word)
        }.map { CompletionCandidate(lead + $0.word, $0.help) }
    }
}

/// One word that a shell may offer, and what it is for.
public struct CompletionCandidate: Sendable, Equatable {
    public let word: String
    public let help: String

    public init(_ word: String, _ help: String = "") {
        self.word = word
        self.help = help
    }
}

extension Program {
    /// What can stand in place of the last of these words; the program's own name is left out.
    ///
    /// No words are an error here: whoever types is not done yet.
    public func completion(of words: [String]) -> CompletionRequest {
        var walk = CompletionWalk(self)
        for word in words.dropLast() { walk.pass(word) }
        return walk.request(for: words.last ?? "")
    }
}

/// Goes along a command line that is not done yet, to where its last word stands.
private struct CompletionWalk {
    private let program: Program
    private var global: ParsedOptions
    /// Nil before a command was named.
    private var command: Command?
    private var commands: [Command]
    private var own: [Option] = []
    /// The option that the next word is the value of.
    private var pending: Option?
    private var arguments: [String] = []
    private var isPastOptions = false
    /// Only the names of commands follow: behind `help`.
    private var isHelp = false
    /// A command that isn't there was named.
    private var isLost = false

    init(_ program: Program) {
        self.program = program
        global = ParsedOptions(table: program.options, place: program.place)
        commands = program.commands
    }

    // MARK: Words before the last

    mutating func pass(_ word: String) {
        if let option = pending {
            pending = nil
            take(word, for: option)
        } else if isOption(word) {
            passOption(word)
        } else {
            passArgument(word)
        }
    }

    private func isOption(_ word: String) -> Bool {
        !isPastOptions && word.utf8.first == UInt8(ascii: "-") && word.utf8.count > 1
    }

    private mutating func passOption(_ word: String) {
        guard word != "--" else { return isPastOptions = true }
        guard word.utf8.dropFirst().first == UInt8(ascii: "-") else { return passCluster(word) }
        let parts = Self.parts(of: word)
        guard let option = option(where: { $0.name == parts.name }) else { return }
        if let value = parts.value { take(value, for: option) } else if option.kind != .flag { pending = option }
    }

    private mutating func passCluster(_ word: String) {
        var rest = word.unicodeScalars.dropFirst()
        while let letter = rest.popFirst() {
            guard let option = option(where: { $0.short == String(letter) }) else { return }
            if option.kind == .flag { continue }
            if rest.isEmpty { pending = option } else { take(String(rest), for: option) }
            return
        }
    }

    private mutating func passArgument(_ word: String) {
        if let command, !command.isGroup {
            arguments.append(word)
            if command.order == .beforeArguments { isPastOptions = true }
        } else if let next = commands.first(where: { $0.isCalled(word) }) {
            command = next
            commands = next.subcommands
            own = next.options
            isPastOptions = isHelp
        } else if command == nil, word == "help" {
            (isHelp, isPastOptions) = (true, true)
        } else {
            isLost = true
        }
    }

    private mutating func take(_ value: String, for option: Option) {
        guard !own.contains(where: { $0.name == option.name }),
            let index = global.table.firstIndex(where: { $0.name == option.name })
        else { return }
        global.add(value, to: index)
    }

    private static func parts(of word: String) -> (name: String, value: String?) {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (parts.first.map(String.init) ?? "", parts.count > 1 ? String(parts[1]) : nil)
    }

    private func option(where matches: (Option) -> Bool) -> Option? { known.first(where: matches) }

    private var known: [Option] {
        command == nil ? global.table : own + global.table.filter(\.isTakenAnywhere)
    }

    // MARK: The last word

    func request(for word: String) -> CompletionRequest {
        if isLost { return answer([], prefix: word) }
        if let pending { return values(of: pending, beginning: word) }
        guard isOption(word) || (word == "-" && !isPastOptions) else { return argument(word) }
        let parts = Self.parts(of: word)
        if word.utf8.starts(with: "--".utf8), let value = parts.value {
            guard let option = option(where: { $0.name == parts.name }) else { return answer([], prefix: word) }
            return values(of: option, beginning: value, lead: "--\(parts.name)=")
        }
        return answer(options(withLetters: word == "-"), prefix: word)
    }

    private func options(withLetters: Bool) -> [CompletionCandidate] {
        known.filter { !$0.isHidden }.flatMap { option in
            let letter = withLetters ? option.short.map { [CompletionCandidate("-" + $0, option.help)] } ?? [] : []
            return letter + [CompletionCandidate("--" + option.name, option.help)]
        } + [CompletionCandidate("--help", "Print usage")]
    }

    private func values(of option: Option, beginning prefix: String, lead: String = "") -> CompletionRequest {
        if case .words(let words) = option.completion {
            return answer(words.map { CompletionCandidate(lead + $0) }, prefix: prefix, lead: lead)
        }
        if option.kind == .flag {
            return answer(["true", "false"].map { CompletionCandidate(lead + $0) }, prefix: prefix, lead: lead)
        }
        return answer([], option.completion, prefix: prefix, lead: lead)
    }

    private func argument(_ word: String) -> CompletionRequest {
        guard let command, !command.isGroup else {
            let help = command == nil && !isHelp ? [CompletionCandidate("help", "Show how a command is used")] : []
            let names = commands.filter { !$0.isHidden }.map { CompletionCandidate($0.name, $0.summary) }
            return answer(names + help, prefix: word)
        }
        guard !isHelp, arguments.isEmpty || command.takesSeveral else { return answer([], prefix: word) }
        if case .words(let words) = command.completion {
            return answer(words.map { CompletionCandidate($0) }, prefix: word)
        }
        return answer([], command.completion, prefix: word)
    }

    private func answer(
        _ candidates: [CompletionCandidate], _ source: Completion = .nothing, prefix: String, lead: String = ""
    ) -> CompletionRequest {
        CompletionRequest(
            candidates: candidates.filter { $0.word.utf8.starts(with: (lead + prefix).utf8) }, source: source,
            prefix: prefix, lead: lead, arguments: arguments, global: global)
    }
}

extension Command {
    /// Whether all of its arguments are of one kind, as `rm CONTAINER [CONTAINER...]` has them. What follows the first of
    /// `run` or `exec` is another's command.
    fileprivate var takesSeveral: Bool {
        guard order == .mixed, case .atLeast = arity else { return false }
        return true
    }
}
