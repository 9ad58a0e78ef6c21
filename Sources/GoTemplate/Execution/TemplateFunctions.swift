/// The functions that a template can call: Go's, and those that Docker's client adds.
public struct TemplateFunctions: Sendable {
    /// For values.
    public static let standard = TemplateFunctions(forHeaders: false)
    /// For the heading of a table: what would change a value leaves a column's name as it is.
    public static let headers = TemplateFunctions(forHeaders: true)

    typealias Body = @Sendable ([TemplateValue?]) throws(TemplateFunctionError) -> TemplateValue?

    struct Function: Sendable {
        let arity: ClosedRange<Int>
        let body: Body
    }

    private let forHeaders: Bool

    private init(forHeaders: Bool) { self.forHeaders = forHeaders }

    /// What a parser takes for a function.
    static let names: Set<String> = [
        "and", "call", "eq", "ge", "gt", "html", "index", "join", "js", "json", "le", "len", "lower", "lt", "ne", "not",
        "or", "pad", "print", "printf", "println", "slice", "split", "title", "truncate", "upper", "urlquery", "println",
    ]

    func function(_ name: String) -> Function? {
        if forHeaders, let arity = Self.headerArity(name) {
            return Function(arity: arity...arity) { values throws(TemplateFunctionError) in values.first ?? nil }
        }
        return Self.texts(name) ?? Self.printing(name) ?? Self.collections(name) ?? Self.comparisons(name)
    }

    private static func headerArity(_ name: String) -> Int? {
        switch name {
        case "json", "title", "lower", "upper": 1
        case "split", "join", "truncate": 2
        default: nil
        }
    }

    static func fixed(_ count: Int, _ body: @escaping Body) -> Function { Function(arity: count...count, body: body) }
    static func variadic(_ least: Int, _ body: @escaping Body) -> Function {
        Function(arity: least...Int.max, body: body)
    }

    // MARK: Docker's

    private static func texts(_ name: String) -> Function? {
        switch name {
        case "json":
            fixed(1) { values throws(TemplateFunctionError) in .string(TemplateJSON.text(values[0] ?? .null)) }
        case "lower": text { $0.lowercased() }
        case "upper": text { $0.uppercased() }
        case "title": text(GoText.title)
        case "split":
            fixed(2) { values throws(TemplateFunctionError) in
                .list(GoText.split(try string(values[0]), by: try string(values[1])).map(TemplateValue.string))
            }
        case "join":
            fixed(2) { values throws(TemplateFunctionError) in try join(values[0], by: string(values[1])) }
        case "pad":
            fixed(3) { values throws(TemplateFunctionError) in
                let text = try string(values[0])
                let (before, after) = (try integer(values[1]), try integer(values[2]))
                guard !text.isEmpty else { return .string("") }
                guard (0...TemplateLimits.width).contains(before), (0...TemplateLimits.width).contains(after) else {
                    throw TemplateFunctionError("cannot pad by that many spaces")
                }
                return .string(
                    String(repeating: " ", count: before) + text + String(repeating: " ", count: after))
            }
        case "truncate":
            fixed(2) { values throws(TemplateFunctionError) in
                let (text, length) = (try string(values[0]), try integer(values[1]))
                guard length >= 0 else { throw TemplateFunctionError("slice bounds out of range") }
                // Docker's client counts bytes; a character cut in half would be printed as a broken one.
                return .string(String(decoding: text.utf8.prefix(length), as: UTF8.self))
            }
        default: nil
        }
    }

    private static func text(_ change: @escaping @Sendable (String) -> String) -> Function {
        fixed(1) { values throws(TemplateFunctionError) in .string(change(try string(values[0]))) }
    }

    private static func join(_ value: TemplateValue?, by separator: String) throws(TemplateFunctionError) -> TemplateValue {
        try checkSize(of: [value ?? .null])
        if case .list(let elements) = value {
            let (size, overflows) = elements.count.multipliedReportingOverflow(by: separator.utf8.count)
            guard !overflows, size <= TemplateLimits.text else { throw tooLong }
        }
        switch value {
        case nil, .null, .nilPointer: return .string("")
        case .list(let elements): return .string(elements.map(GoText.sprint).joined(separator: separator))
        case .map(let map):
            return .string(map.entries.map { GoText.sprint($0.value) }.sorted().joined(separator: separator))
        case let other?: throw TemplateFunctionError("expected slice, got \(other.typeName)")
        }
    }

    // MARK: Arguments

    static func string(_ value: TemplateValue?) throws(TemplateFunctionError) -> String {
        switch value {
        case .string(let text): return text
        case nil: throw TemplateFunctionError(beforeCall: "invalid value; expected string")
        case let other?:
            throw TemplateFunctionError(
                beforeCall: "wrong type for value; expected string; got \(other.typeName)")
        }
    }

    static func integer(_ value: TemplateValue?) throws(TemplateFunctionError) -> Int {
        switch value {
        case .int(let number): return Int(number)
        case nil: throw TemplateFunctionError(beforeCall: "invalid value; expected int")
        case let other?:
            throw TemplateFunctionError(beforeCall: "wrong type for value; expected int; got \(other.typeName)")
        }
    }
}
