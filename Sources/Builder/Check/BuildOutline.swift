import Dockerfile

/// What a target takes from who builds it.
public struct BuildOutline: Hashable, Sendable {
    public struct Argument: Hashable, Sendable {
        public let name: String
        public let value: String
        /// What the comment right above it says: `# NAME what it is for`.
        public let description: String
        public let lines: ClosedRange<Int>
    }

    /// A secret or an SSH agent.
    public struct Need: Hashable, Sendable {
        public let id: String
        public let isRequired: Bool
        public let lines: ClosedRange<Int>
    }

    /// Of the stage; empty where it has none.
    public internal(set) var name = ""
    public internal(set) var description = ""
    public internal(set) var arguments: [Argument] = []
    public internal(set) var secrets: [Need] = []
    public internal(set) var agents: [Need] = []
}

/// A stage that can be built by itself.
public struct BuildTarget: Hashable, Sendable {
    /// Empty where it has none.
    public let name: String
    public let description: String
    /// As it is written.
    public let base: String
    public let platform: String
    /// What is built where no target is named.
    public let isDefault: Bool
    public let lines: ClosedRange<Int>
}

extension BuildCheck {
    /// All targets, in the order of the file: what has a name, and the last.
    public var targets: [BuildTarget] {
        dockerfile.stages.compactMap { stage in
            let isDefault = stage.index == dockerfile.stages.count - 1
            guard stage.name != nil || isDefault else { return nil }
            let name = stage.name ?? ""
            return BuildTarget(
                name: name, description: stage.source.description(of: name), base: stage.base,
                platform: stage.platform ?? "", isDefault: isDefault, lines: stage.source.lines)
        }
    }

    /// - Throws: A value that can't be expanded, a mount that is none.
    public func outline() throws(DockerfileError) -> BuildOutline {
        let target = dockerfile.stages[graph.target]
        var outline = BuildOutline()
        outline.name = target.name ?? ""
        outline.description = target.source.description(of: outline.name)
        addGlobalArguments(to: &outline)
        var scopes: [Int: Dockerfile.StageScope] = [:]
        for index in graph.order {
            guard let node = graph.nodes[index] else { continue }
            var scope: Dockerfile.StageScope
            if case .stage(let base) = node.base, let known = scopes[base] {
                scope = Dockerfile.StageScope(inheriting: known, environment: [])
            } else {
                scope = Dockerfile.StageScope(arguments, environment: [])
            }
            for statement in node.statements {
                let evaluation = try scope.evaluate(statement)
                outline.add(evaluation.instruction, from: statement.source)
            }
            scopes[index] = scope
        }
        return outline
    }

    /// Those that a needed FROM mentions.
    private func addGlobalArguments(to outline: inout BuildOutline) {
        let words = graph.order.flatMap { [dockerfile.stages[$0].base, dockerfile.stages[$0].platform ?? ""] }
        for statement in dockerfile.globalArguments {
            guard case .arg(let declared) = statement.instruction else { continue }
            for argument in declared where words.contains(where: { $0.mentions(argument.name) }) {
                outline.add(
                    argument.name, arguments.globals[argument.name], statement.source)
            }
        }
    }
}

extension BuildOutline {
    fileprivate mutating func add(_ instruction: Dockerfile.Instruction, from source: Dockerfile.Source) {
        switch instruction {
        case .arg(let declared): for argument in declared { add(argument.name, argument.value, source) }
        case .run(let run):
            for mount in run.mounts {
                switch mount {
                case .secret(let secret): Self.add(secret.id, secret.isRequired, source, to: &secrets)
                case .ssh(let agent): Self.add(agent.id, agent.isRequired, source, to: &agents)
                default: break
                }
            }
        default: break
        }
    }

    fileprivate mutating func add(_ name: String, _ value: String?, _ source: Dockerfile.Source) {
        guard !arguments.contains(where: { $0.name == name }) else { return }
        arguments.append(
            Argument(name: name, value: value ?? "", description: source.description(of: name), lines: source.lines))
    }

    private static func add(_ id: String, _ isRequired: Bool, _ source: Dockerfile.Source, to needs: inout [Need]) {
        guard let index = needs.firstIndex(where: { $0.id == id }) else {
            needs.append(Need(id: id, isRequired: isRequired, lines: source.lines))
            return
        }
        if isRequired { needs[index] = Need(id: id, isRequired: true, lines: needs[index].lines) }
    }
}

extension Dockerfile.Source {
    /// What the comment right above says of `name`; empty where it speaks of something else.
    func description(of name: String) -> String {
        guard !name.isEmpty, let comment = comments.last, comment.utf8.starts(with: "\(name) ".utf8) else { return "" }
        return String(comment.unicodeScalars.dropFirst(name.unicodeScalars.count + 1))
    }
}

extension String {
    /// Whether `$name` or `${name…}` stands in it.
    fileprivate func mentions(_ name: String) -> Bool {
        let isPart = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return utf8.split(separator: UInt8(ascii: "$")).contains { part in
            let word = part.first == UInt8(ascii: "{") ? part.dropFirst() : part
            return word.prefix(while: isPart).elementsEqual(name.utf8)
        }
    }
}
