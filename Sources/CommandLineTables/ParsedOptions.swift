/// The options that were given, by the long names of their table.
///
/// A name that the table doesn't hold is a mistake in the command and stops the program.
public struct ParsedOptions: Sendable {
    let table: [Option]
    let place: CommandPlace
    private(set) var given: [(option: Int, value: String)] = []

    init(table: [Option], place: CommandPlace) {
        self.table = table
        self.place = place
    }

    mutating func add(_ value: String, to option: Int) { given.append((option, value)) }

    private func index(of name: String) -> Int {
        let index = table.firstIndex { $0.name == name }
        precondition(index != nil, "\(place.path) has no option --\(name)")
        return index ?? table.startIndex
    }

    /// Whether the option stood on the command line at all, `--rm=false` included.
    public func isGiven(_ name: String) -> Bool {
        let index = index(of: name)
        return given.contains { $0.option == index }
    }

    /// The flag's value: the last one given, else its default.
    public func flag(_ name: String) -> Bool {
        let index = index(of: name)
        guard let last = given.last(where: { $0.option == index }) else { return table[index].isOnByDefault }
        return OptionValue.bool(last.value) ?? true
    }

    /// The last value given; nil where none was. A default shown in the help is not filled in.
    public func value(_ name: String) -> String? {
        let index = index(of: name)
        return given.last { $0.option == index }?.value
    }

    /// Each value given, in order.
    public func values(_ name: String) -> [String] {
        let index = index(of: name)
        return given.filter { $0.option == index }.map(\.value)
    }

    // The values below were checked when they were parsed: what fails here is an option of another kind.

    /// The value of an `.integer` option.
    public func integer(_ name: String) -> Int? { value(name).flatMap { Int($0) } }
    /// The value of a `.bytes` option, in bytes.
    public func bytes(_ name: String) -> Int64? { value(name).flatMap { try? OptionValue.bytes($0) } }
    /// The value of a `.decimal` option, in billionths: `1.5` is 1,500,000,000.
    public func billionths(_ name: String) -> Int64? { value(name).flatMap { try? OptionValue.billionths($0) } }
    /// The value of a `.duration` option.
    public func duration(_ name: String) -> Duration? {
        value(name).flatMap { try? OptionValue.nanoseconds($0) }.map { .nanoseconds($0) }
    }

    /// The error for a value that only the command itself can judge, in the form of all others.
    public func invalid(_ value: String, for name: String, because reason: String) -> CommandLineError {
        place.invalid(value, for: table[index(of: name)], because: reason)
    }
}

/// What stood behind a command: its options, its arguments, and the options before it.
public struct ParsedArguments: Sendable {
    /// The words that led to the command, the program's name first: `["hako", "container", "ls"]`.
    public let path: [String]
    /// The program's own options.
    public let global: ParsedOptions
    public let options: ParsedOptions
    /// What is no option, in order; after `--` everything.
    public let positionals: [String]

    public func isGiven(_ name: String) -> Bool { options.isGiven(name) }
    public func flag(_ name: String) -> Bool { options.flag(name) }
    public func value(_ name: String) -> String? { options.value(name) }
    public func values(_ name: String) -> [String] { options.values(name) }
    /// Each value given, in order, and of one with commas each part: what Docker's help calls `strings`.
    public func commaSeparated(_ name: String) -> [String] {
        values(name).flatMap { $0.split(separator: ",").map(String.init) }
    }
    public func integer(_ name: String) -> Int? { options.integer(name) }
    public func bytes(_ name: String) -> Int64? { options.bytes(name) }
    public func billionths(_ name: String) -> Int64? { options.billionths(name) }
    public func duration(_ name: String) -> Duration? { options.duration(name) }
    public func invalid(_ value: String, for name: String, because reason: String) -> CommandLineError {
        options.invalid(value, for: name, because: reason)
    }
}

extension CommandPlace {
    func invalid(_ value: String, for option: Option, because reason: String) -> CommandLineError {
        error(.invalidValue, "invalid argument \"\(value)\" for \"\(option.spelling)\" flag: \(reason)")
    }
}
