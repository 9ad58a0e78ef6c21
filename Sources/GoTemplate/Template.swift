/// A template that can't be read or executed, in the words of Go's text/template.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type …`
    public let description: String
}

/// Why a function or method failed; the template adds where.
public struct TemplateFunctionError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// Go checks types before it calls: such an error doesn't speak of a call.
    let isBeforeCall: Bool

    public init(_ description: String) {
        self.description = description
        isBeforeCall = false
    }

    init(beforeCall description: String) {
        self.description = description
        isBeforeCall = true
    }
}

/// A parsed template of Go's text/template language, with the functions that Docker's client adds.
public struct Template: Sendable {
    /// What a field chain does at a key that a map doesn't hold.
    public enum MissingKey: Sendable {
        /// Gives nothing, printed as `<no value>`.
        case noValue
        /// Ends with an error, as Docker's `inspect` has it.
        case error
    }

    public let name: String
    let root: SyntaxList
    let definitions: [String: SyntaxList]

    /// Reads a template. Its name only stands in errors; Docker's client uses the empty one.
    public init(_ text: String, name: String = "") throws(TemplateError) {
        var parser = TemplateParser(text: text, name: name)
        root = try parser.parse()
        definitions = parser.definitions
        self.name = name
    }

    /// The text that the template gives for a value, which is `.` and `$` in it.
    public func render(
        _ value: TemplateValue, functions: TemplateFunctions = .standard, missingKey: MissingKey = .noValue
    ) throws(TemplateError) -> String {
        var execution = TemplateExecution(template: self, functions: functions, missingKey: missingKey, root: value)
        return try execution.run(value)
    }
}

/// How much a template may do: it is a user's text, but a server may run it too.
enum TemplateLimits {
    /// Control structures and parentheses inside one another.
    static let nesting = 100
    /// Templates that call one another, times what they nest.
    static let calls = 100
    /// Nodes executed.
    static let steps = 1_000_000
    /// Bytes printed, and bytes of text that functions made on the way.
    static let output = 64 << 20
    /// Bytes that one call may turn into text: without it, `print $x $x` in a loop doubles until memory ends.
    static let text = 8 << 20
    /// The width or precision of one verb.
    static let width = 100_000
}
