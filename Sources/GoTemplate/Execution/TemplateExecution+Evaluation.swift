extension TemplateExecution {
    /// The value of a pipeline: each command gets the one before as its last argument.
    mutating func evaluate(_ pipeline: Pipeline, _ dot: TemplateValue?) throws(TemplateError) -> TemplateValue? {
        try step()
        subject = .pipeline(pipeline)
        var value: TemplateValue?
        for (index, command) in pipeline.commands.enumerated() {
            value = try evaluate(command, dot, final: index == 0 ? .none : .value(value))
        }
        try declare(pipeline, value)
        return value
    }

    /// What a pipe brings to a command.
    enum Final {
        case none
        case value(TemplateValue?)

        var count: Int { if case .value = self { 1 } else { 0 } }
    }

    private mutating func evaluate(
        _ command: CommandSyntax, _ dot: TemplateValue?, final: Final
    ) throws(TemplateError) -> TemplateValue? {
        try step()
        guard let first = command.operands.first else { throw error("empty command") }
        let arguments = command.operands.dropFirst()
        switch first.kind {
        case .field(let names):
            subject = .operand(first)
            return try fields(of: dot, names, command, arguments, dot, final, node: first)
        case .variable(let name, let names) where !names.isEmpty:
            subject = .operand(first)
            return try fields(of: variable(name), names, command, arguments, dot, final, node: first)
        case .chain(let operand, let names):
            subject = .operand(first)
            let receiver = try evaluate(operand, dot)
            return try fields(of: receiver, names, command, arguments, dot, final, node: first)
        case .function(let name):
            subject = .operand(first)
            return try call(name, command, arguments, dot, final)
        case .null:
            subject = .operand(first)
            throw error("nil is not a command")
        default:
            guard arguments.isEmpty, final.count == 0 else {
                subject = .operand(first)
                throw error("can't give argument to non-function \(first.description)")
            }
            return try evaluate(first, dot)
        }
    }

    /// The value of an operand that stands as an argument.
    private mutating func evaluate(_ operand: Operand, _ dot: TemplateValue?) throws(TemplateError) -> TemplateValue? {
        try step()
        subject = .operand(operand)
        let bare = CommandSyntax(place: operand.place, operands: [operand])
        switch operand.kind {
        case .dot: return dot
        case .null: return .null
        case .constant(let value, _): return value
        case .variable(let name, let names):
            return try fields(of: variable(name), names, bare, [], dot, .none, node: operand)
        case .field(let names): return try fields(of: dot, names, bare, [], dot, .none, node: operand)
        case .chain(let inner, let names):
            let receiver = try evaluate(inner, dot)
            return try fields(of: receiver, names, bare, [], dot, .none, node: operand)
        case .pipeline(let pipeline): return try evaluate(pipeline, dot)
        case .function(let name): return try call(name, bare, [], dot, .none)
        }
    }

    // MARK: Fields

    /// Follows a chain of fields; arguments go to the last.
    private mutating func fields(
        of receiver: TemplateValue?, _ names: [String], _ command: CommandSyntax,
        _ arguments: ArraySlice<Operand>, _ dot: TemplateValue?, _ final: Final, node: Operand
    ) throws(TemplateError) -> TemplateValue? {
        var value = receiver
        for (index, name) in names.enumerated() {
            subject = .operand(node)
            let isLast = index == names.count - 1
            value = try field(
                name, of: value, command, isLast ? arguments : [], dot, isLast ? final : .none, node: node)
        }
        return value
    }

    private mutating func field(
        _ name: String, of receiver: TemplateValue?, _ command: CommandSyntax,
        _ arguments: ArraySlice<Operand>, _ dot: TemplateValue?, _ final: Final, node: Operand
    ) throws(TemplateError) -> TemplateValue? {
        let hasArguments = !arguments.isEmpty || final.count > 0
        switch receiver {
        case nil:
            if missingKey == .error { throw error("nil data; no entry for key \(GoText.quoted(name))") }
            return nil
        case .record(let record):
            guard let field = record.field(name) else {
                throw error("can't evaluate field \(name) in type \(record.typeName)")
            }
            guard case .method(let arity, let body) = field.content else {
                guard !hasArguments else {
                    throw error("\(name) has arguments but cannot be invoked as function")
                }
                return field.plainValue
            }
            return try invoke(name, arity...arity, command, arguments, dot, final) {
                values throws(TemplateFunctionError) in try body(values.map { $0 ?? .null })
            }
        case .map(let map):
            guard !hasArguments else { throw error("\(name) is not a method but has arguments") }
            if let value = map[name] { return value }
            if let value = map.omitted[name] { return value }
            if missingKey == .error, !map.isOpen { throw error("map has no entry for key \(GoText.quoted(name))") }
            return nil
        case .null: throw error("nil pointer evaluating interface {}.\(name)")
        case .nilPointer(let type): throw error("nil pointer evaluating \(type).\(name)")
        case let value?: throw error("can't evaluate field \(name) in type \(value.typeName)")
        }
    }

    // MARK: Functions

    private mutating func call(
        _ name: String, _ command: CommandSyntax, _ arguments: ArraySlice<Operand>, _ dot: TemplateValue?,
        _ final: Final
    ) throws(TemplateError) -> TemplateValue? {
        if name == "and" || name == "or" {
            return try shortCircuit(stoppingAt: name == "or", name, command, arguments, dot, final)
        }
        guard let function = functions.function(name) else {
            throw error("\(GoText.quoted(name)) is not a defined function")
        }
        return try invoke(name, function.arity, command, arguments, dot, final, function.body)
    }

    /// `and` and `or` evaluate no further than they must, and give the argument that decided.
    private mutating func shortCircuit(
        stoppingAt stop: Bool, _ name: String, _ command: CommandSyntax, _ arguments: ArraySlice<Operand>,
        _ dot: TemplateValue?, _ final: Final
    ) throws(TemplateError) -> TemplateValue? {
        subject = .command(command)
        guard arguments.count + final.count > 0 else {
            throw error("wrong number of args for \(name): want at least 1 got 0")
        }
        var value: TemplateValue?
        for argument in arguments {
            value = try evaluate(argument, dot)
            if (value?.isTrue ?? false) == stop { return value }
        }
        if case .value(let last) = final { return last }
        return value
    }

    private mutating func invoke(
        _ name: String, _ arity: ClosedRange<Int>, _ command: CommandSyntax, _ arguments: ArraySlice<Operand>,
        _ dot: TemplateValue?, _ final: Final, _ body: TemplateFunctions.Body
    ) throws(TemplateError) -> TemplateValue? {
        subject = .command(command)
        let count = arguments.count + final.count
        guard arity.contains(count) else {
            let want = arity.lowerBound == arity.upperBound ? "\(arity.lowerBound)" : "at least \(arity.lowerBound)"
            throw error("wrong number of args for \(name): want \(want) got \(count)")
        }
        var values: [TemplateValue?] = []
        for argument in arguments { values.append(try evaluate(argument, dot)) }
        if case .value(let last) = final { values.append(last) }
        let result: TemplateValue?
        do { result = try body(values) } catch {
            subject = .command(command)
            throw self.error(error.isBeforeCall ? error.description : "error calling \(name): \(error)")
        }
        if case .string(let text) = result {
            subject = .command(command)
            try account(for: text.utf8.count)
        }
        return result
    }
}
