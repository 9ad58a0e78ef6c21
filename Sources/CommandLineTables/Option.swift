/// One option of a command: a row of its table, from which parsing, help, completions and man pages are made.
///
/// The text is literals only: a table costs nothing until its command is chosen, and little then.
public struct Option: Sendable {
    /// The long name without its dashes.
    public let name: String
    /// One ASCII letter or digit; nil where there is only the long name.
    public let short: String?
    public let kind: OptionKind
    public let help: String
    /// What the help shows after the name: `string`, `list`, `bytes`; empty for a flag.
    public let placeholder: String
    /// The default, as the help prints it; nil where it is off, zero or empty.
    public let defaultText: String?
    public let completion: Completion
    /// Not shown in the help or by completions, but taken.
    public private(set) var isHidden = false
    /// For an option of the program itself: it may also stand behind the command's name.
    public private(set) var isTakenAnywhere = false
    /// Why Docker's option is not there yet; giving it is an error that says so.
    public private(set) var reasonItIsUnsupported: String?
    /// Values of an unsupported option that ask for nothing but what is done anyway.
    public private(set) var acceptedValues: [String] = []

    init(
        _ name: String, _ short: String?, _ kind: OptionKind, _ help: String, placeholder: String,
        defaultText: String?, completion: Completion
    ) {
        self.name = name
        self.short = short
        self.kind = kind
        self.help = help
        self.placeholder = placeholder
        self.defaultText = defaultText
        self.completion = completion
    }
}

/// What an option takes as its value. Numbers are checked when they are parsed, with Docker's words.
public enum OptionKind: Sendable, Equatable {
    /// Given or not; `--rm=false` takes it back.
    case flag
    /// One text; the last one given holds.
    case text
    /// Texts; each one given is kept, in order.
    case list
    case integer
    /// A size in bytes with a unit of 1024: `64m`, `1.5GiB`.
    case bytes
    /// A decimal fraction with up to nine digits behind the point: `1.5`.
    case decimal
    /// A time as Go writes it: `1m30s`, `500ms`.
    case duration
}

/// What a shell may offer for a value or an argument.
public enum Completion: Sendable, Equatable {
    case nothing, files, directories, containers, runningContainers, images, volumes, networks
    case words([String])
}

extension Option {
    /// An option without a value. `isOn` is what it is when it is not given.
    public static func flag(_ name: String, short: String? = nil, _ help: String, isOn: Bool = false) -> Option {
        Option(
            name, short, .flag, help, placeholder: "", defaultText: isOn ? "true" : nil, completion: .nothing)
    }

    public static func text(
        _ name: String, short: String? = nil, _ help: String, placeholder: String = "string",
        default: String? = nil, completion: Completion = .nothing
    ) -> Option {
        Option(
            name, short, .text, help, placeholder: placeholder, defaultText: `default`, completion: completion)
    }

    public static func list(
        _ name: String, short: String? = nil, _ help: String, placeholder: String = "list",
        completion: Completion = .nothing
    ) -> Option {
        Option(name, short, .list, help, placeholder: placeholder, defaultText: nil, completion: completion)
    }

    public static func integer(
        _ name: String, short: String? = nil, _ help: String, placeholder: String = "int", default: String? = nil
    ) -> Option {
        Option(name, short, .integer, help, placeholder: placeholder, defaultText: `default`, completion: .nothing)
    }

    public static func bytes(_ name: String, short: String? = nil, _ help: String) -> Option {
        Option(name, short, .bytes, help, placeholder: "bytes", defaultText: nil, completion: .nothing)
    }

    public static func decimal(_ name: String, short: String? = nil, _ help: String) -> Option {
        Option(name, short, .decimal, help, placeholder: "decimal", defaultText: nil, completion: .nothing)
    }

    public static func duration(
        _ name: String, short: String? = nil, _ help: String, default: String? = nil
    ) -> Option {
        Option(
            name, short, .duration, help, placeholder: "duration", defaultText: `default`, completion: .nothing)
    }

    /// The same option, taken but not shown.
    public func hidden() -> Option {
        var option = self
        option.isHidden = true
        return option
    }

    /// The same option of the program, taken behind a command's name too, where the command has no such name itself.
    public func anywhere() -> Option {
        var option = self
        option.isTakenAnywhere = true
        return option
    }

    /// The same option, known but refused: whoever gives it is told `reason`, a clause such as
    /// `links are not there; use a network`.
    ///
    /// - Parameter values: Those that ask for what is done anyway, and are taken: `no` of `--restart`.
    public func unsupported(because reason: String, except values: [String] = []) -> Option {
        var option = hidden()
        option.reasonItIsUnsupported = reason
        option.acceptedValues = values
        return option
    }
}

extension Option {
    /// `-t, --timeout`, as an error or a list names the option.
    public var spelling: String { short.map { "-\($0), --\(name)" } ?? "--\(name)" }

    /// What the option is when it is not given; only a flag has such a value, a default text is for people.
    var isOnByDefault: Bool { kind == .flag && defaultText != nil }
}
