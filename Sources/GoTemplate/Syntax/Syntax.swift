/// A sequence of nodes: a whole template, or the body of a control structure.
typealias SyntaxList = [SyntaxNode]

indirect enum SyntaxNode: Sendable {
    case text(String)
    case action(Pipeline)
    case condition(Branch)
    case range(Branch)
    case with(Branch)
    case call(TemplateCall)
    case leave
    case next
}

struct Branch: Sendable {
    let pipeline: Pipeline
    let body: SyntaxList
    let otherwise: SyntaxList?
}

struct TemplateCall: Sendable {
    let place: SourcePlace
    let name: String
    let pipeline: Pipeline?

    var description: String {
        "{{template \(GoText.quoted(name))" + (pipeline.map { " \($0.description)" } ?? "") + "}}"
    }
}

/// Where something stands; the column is in bytes from 0, as Go's errors count.
struct SourcePlace: Sendable {
    let line: Int
    let column: Int
}

/// `$x := a | b c`
struct Pipeline: Sendable {
    let place: SourcePlace
    let variables: [String]
    /// `=`, which sets a variable that is there, rather than `:=`.
    let isAssignment: Bool
    let commands: [CommandSyntax]

    var description: String {
        let names = variables.isEmpty ? "" : variables.joined(separator: ", ") + (isAssignment ? " = " : " := ")
        return names + commands.map(\.description).joined(separator: " | ")
    }
}

/// `printf "%d" .Count`: a value, or a function or method with its arguments.
struct CommandSyntax: Sendable {
    let place: SourcePlace
    let operands: [Operand]

    var description: String { operands.map(\.description).joined(separator: " ") }
}

struct Operand: Sendable {
    let place: SourcePlace
    let kind: Kind

    indirect enum Kind: Sendable {
        case dot
        case null
        case constant(TemplateValue, text: String)
        /// `.A.B`
        case field([String])
        /// `$x.A.B`; the name with its `$`.
        case variable(String, [String])
        /// `(…).A.B`
        case chain(Operand, [String])
        case pipeline(Pipeline)
        case function(String)
    }

    var description: String {
        switch kind {
        case .dot: "."
        case .null: "nil"
        case .constant(_, let text): text
        case .field(let names): names.map { ".\($0)" }.joined()
        case .variable(let name, let names): name + names.map { ".\($0)" }.joined()
        case .chain(let operand, let names): operand.description + names.map { ".\($0)" }.joined()
        case .pipeline(let pipeline): "(\(pipeline.description))"
        case .function(let name): name
        }
    }
}
