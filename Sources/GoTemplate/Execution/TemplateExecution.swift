/// One execution of a template: walks the tree and prints. Nil stands for Go's invalid value, as a key that isn't there gives.
struct TemplateExecution {
    let template: Template
    let functions: TemplateFunctions
    let missingKey: Template.MissingKey
    private(set) var output: [UInt8] = []
    /// The newest last; looked up from the end, so that an inner one hides an outer one.
    private var variables: [(name: String, value: TemplateValue?)]
    private var calls = 0
    private var steps = 0
    /// Bytes of text that functions have made.
    private var made = 0
    /// What is being looked at, for errors.
    var subject = Subject.none

    enum Subject {
        case none
        case operand(Operand)
        case command(CommandSyntax)
        case pipeline(Pipeline)
        case call(TemplateCall)
    }

    private enum Flow { case on, leave, next }

    init(template: Template, functions: TemplateFunctions, missingKey: Template.MissingKey, root: TemplateValue) {
        self.template = template
        self.functions = functions
        self.missingKey = missingKey
        variables = [("$", root)]
    }

    mutating func run(_ value: TemplateValue) throws(TemplateError) -> String {
        _ = try walk(template.root, value)
        return String(decoding: output, as: UTF8.self)
    }

    func error(_ message: String) -> TemplateError {
        let (place, context): (SourcePlace, String)
        switch subject {
        case .none: return TemplateError(description: "template: \(template.name): \(message)")
        case .operand(let operand): (place, context) = (operand.place, operand.description)
        case .command(let command): (place, context) = (command.place, command.description)
        case .pipeline(let pipeline): (place, context) = (pipeline.place, pipeline.description)
        case .call(let call): (place, context) = (call.place, call.description)
        }
        let start = "template: \(template.name):\(place.line):\(place.column): executing \"\(template.name)\" at "
        return TemplateError(description: start + "<\(context)>: \(message)")
    }

    // MARK: Variables

    func variable(_ name: String) throws(TemplateError) -> TemplateValue? {
        guard let found = variables.last(where: { $0.name == name }) else { throw error("undefined variable: \(name)") }
        return found.value
    }

    private mutating func set(_ name: String, _ value: TemplateValue?) throws(TemplateError) {
        guard let index = variables.lastIndex(where: { $0.name == name }) else {
            throw error("undefined variable: \(name)")
        }
        variables[index].value = value
    }

    private mutating func forget(after count: Int) { variables.removeLast(variables.count - count) }

    mutating func declare(_ pipeline: Pipeline, _ value: TemplateValue?) throws(TemplateError) {
        for name in pipeline.variables {
            if pipeline.isAssignment { try set(name, value) } else { variables.append((name, value)) }
        }
    }

    // MARK: Nodes

    mutating func step() throws(TemplateError) {
        steps += 1
        guard steps <= TemplateLimits.steps else { throw error("takes more than \(TemplateLimits.steps) steps") }
    }

    /// Counts what a function made, so that a loop of cheap steps can't do without end what is dear.
    mutating func account(for count: Int) throws(TemplateError) {
        made += count
        guard made <= TemplateLimits.output else { throw error("makes more than \(TemplateLimits.output) bytes of text") }
    }

    private mutating func print(_ text: String) throws(TemplateError) {
        guard output.count + text.utf8.count <= TemplateLimits.output else {
            throw error("prints more than \(TemplateLimits.output) bytes")
        }
        output.append(contentsOf: text.utf8)
    }

    private mutating func walk(_ list: SyntaxList, _ dot: TemplateValue?) throws(TemplateError) -> Flow {
        for node in list {
            try step()
            switch node {
            case .text(let text): try print(text)
            case .action(let pipeline):
                let value = try evaluate(pipeline, dot)
                if pipeline.variables.isEmpty { try print(value.map(GoText.printed) ?? "<no value>") }
            case .condition(let branch), .with(let branch):
                var isWith = false
                if case .with = node { isWith = true }
                let flow = try self.branch(branch, dot, isWith: isWith)
                if flow != .on { return flow }
            case .range(let branch):
                let count = variables.count
                defer { forget(after: count) }
                try range(branch, dot)
            case .call(let call): try self.call(call, dot)
            case .leave: return .leave
            case .next: return .next
            }
        }
        return .on
    }

    private mutating func branch(
        _ branch: Branch, _ dot: TemplateValue?, isWith: Bool
    ) throws(TemplateError) -> Flow {
        let count = variables.count
        defer { forget(after: count) }
        let value = try evaluate(branch.pipeline, dot)
        if value?.isTrue ?? false { return try walk(branch.body, isWith ? value : dot) }
        return try branch.otherwise.map { list throws(TemplateError) in try walk(list, dot) } ?? .on
    }

    private mutating func call(_ call: TemplateCall, _ dot: TemplateValue?) throws(TemplateError) {
        subject = .call(call)
        guard let body = template.definitions[call.name] else {
            throw error("template \(GoText.quoted(call.name)) not defined")
        }
        guard calls < TemplateLimits.calls else {
            throw error("exceeded maximum template depth (\(TemplateLimits.calls))")
        }
        let value = try call.pipeline.map { pipeline throws(TemplateError) in try evaluate(pipeline, dot) } ?? nil
        let outer = variables
        variables = [("$", value)]
        calls += 1
        _ = try walk(body, value)
        calls -= 1
        variables = outer
    }

    // MARK: Range

    private mutating func range(_ branch: Branch, _ dot: TemplateValue?) throws(TemplateError) {
        let value = try evaluate(branch.pipeline, dot)
        let count = variables.count
        var isEmpty = true
        func iterate(_ key: TemplateValue, _ element: TemplateValue, _ self: inout Self) throws(TemplateError) -> Bool {
            isEmpty = false
            try self.step()
            try self.bind(branch.pipeline, key, element)
            defer { self.forget(after: count) }
            return try self.walk(branch.body, element) != .leave
        }
        switch value {
        case .list(let elements):
            for (index, element) in elements.enumerated() {
                guard try iterate(.int(Int64(index)), element, &self) else { break }
            }
        case .map(let map):
            for entry in map.entries { guard try iterate(.string(entry.key), entry.value, &self) else { break } }
        case .int(let end):
            var index: Int64 = 0
            while index < end, try iterate(.int(index), .int(index), &self) { index += 1 }
        case nil, .null, .nilPointer: break
        case let value?: throw error("range can't iterate over \(GoText.printed(value))")
        }
        if isEmpty, let otherwise = branch.otherwise { _ = try walk(otherwise, dot) }
    }

    /// With one variable it is the element; with two the first is the index or key.
    private mutating func bind(
        _ pipeline: Pipeline, _ key: TemplateValue, _ element: TemplateValue
    ) throws(TemplateError) {
        let values = pipeline.variables.count > 1 ? [key, element] : [element]
        for (name, value) in zip(pipeline.variables, values) { try set(name, value) }
    }
}
