extension Dockerfile {
    /// Which stages a target needs, and what each is made from.
    ///
    /// A stage is made from earlier ones alone, so that the order of the file is an order to build in.
    public struct StageGraph: Sendable {
        /// What a name in FROM, `--from` or `from=` stands for.
        public enum Origin: Hashable, Sendable {
            case scratch
            /// A stage, by its index.
            case stage(Int)
            /// A named context (`--build-context`), as the caller named it.
            case context(String)
            /// A reference as it is written.
            case image(String)
        }

        /// A stage that the target needs.
        public struct Node: Hashable, Sendable {
            public let index: Int
            public let base: Origin
            /// What its FROM says; nil for the target's platform, or the base stage's.
            public let platform: String?
            /// What its instructions are, those of the base's ONBUILD first.
            public internal(set) var statements: [Statement]
            /// The stages that have to be built before it, in rising order, the base among them.
            public internal(set) var dependencies: [Int]
            /// The named contexts and images that its `--from`s read, in the order of the file.
            public internal(set) var otherOrigins: [Origin]
        }

        public let target: Int
        /// By index: those that are needed.
        public private(set) var nodes: [Int: Node] = [:]

        private let stages: [Stage]
        private let names: StageNames
        private var bases: [Origin] = []
        private var platforms: [String?] = []

        /// - Parameters:
        ///   - target: The name of a stage; nil for the last.
        ///   - contexts: The names of `--build-context`. One takes the place of a stage or an image of its name.
        ///   - needsAllStages: As `--check` without a target looks at them.
        /// - Throws: An unknown target, a base that is blank, a cycle, a stage that is used before it is defined.
        public init(
            _ dockerfile: Dockerfile, arguments: BuildArguments, target: String? = nil, contexts: Set<String> = [],
            needsAllStages: Bool = false
        ) throws(DockerfileError) {
            stages = dockerfile.stages
            names = StageNames(stages, contexts: contexts)
            self.target = try names.target(target, of: stages)
            var earlier: [String: Int] = [:]
            for stage in stages {
                bases.append(names.base(try arguments.base(of: stage), of: stage, earlier: earlier))
                platforms.append(try arguments.platform(of: stage))
                if let name = stage.name { earlier[name] = stage.index }
            }
            try refuseCycles()
            try addNeeded(needsAllStages ? Array(stages.indices) : [self.target])
        }

        /// The stages to build, each behind those that it needs.
        public var order: [Int] { nodes.keys.sorted() }

        /// What the `--from` of a COPY or the `from` of a mount stands for.
        public func origin(of name: String) -> Origin { names.origin(of: name) }

        /// Puts the ONBUILD triggers of an image's configuration before the instructions of a stage; stages that they name
        /// are needed from now on.
        public mutating func addTriggers(_ texts: [String], to index: Int) throws(DockerfileError) {
            guard let old = nodes[index] else { return }
            let triggers = try Statement.triggers(texts, for: stages[index])
            let node = try node(index, statements: triggers + old.statements)
            nodes[index] = node
            try addNeeded(node.dependencies)
        }

        /// Adds the stages and all that they need. Without recursion: a file may hold more stages than the stack has frames.
        private mutating func addNeeded(_ indices: [Int]) throws(DockerfileError) {
            var waiting = indices
            while let index = waiting.popLast() {
                guard nodes[index] == nil else { continue }
                let node = try node(index, statements: try statements(of: index))
                nodes[index] = node
                waiting += node.dependencies
            }
        }

        /// With the triggers of the stage that it is based on; not with those of that one's base: they aren't inherited.
        private func statements(of index: Int) throws(DockerfileError) -> [Statement] {
            let stage = stages[index]
            if names.isReplaced(stage) { return [] }
            guard case .stage(let base) = bases[index] else { return stage.statements }
            let triggers = stages[base].statements.compactMap { statement -> String? in
                guard case .onBuild(let onBuild) = statement.instruction else { return nil }
                return onBuild.trigger
            }
            return try Statement.triggers(triggers, for: stage) + stage.statements
        }

        private func node(_ index: Int, statements: [Statement]) throws(DockerfileError) -> Node {
            var needed: Set<Int> = []
            if case .stage(let base) = bases[index] { needed.insert(base) }
            var others: [Origin] = []
            var seen: Set<Origin> = []
            for reference in try names.references(of: statements) {
                switch reference.origin {
                case .stage(let origin):
                    guard origin < index else { throw reference.tooEarly(in: stages[index]) }
                    needed.insert(origin)
                case .scratch: break
                case .context, .image: if seen.insert(reference.origin).inserted { others.append(reference.origin) }
                }
            }
            for statement in statements { try statement.checkMounts() }
            return Node(
                index: index, base: bases[index], platform: platforms[index], statements: statements,
                dependencies: needed.sorted(), otherOrigins: others)
        }

        /// Looks for stages that read from themselves, needed or not, in one walk in depth without recursion.
        private func refuseCycles() throws(DockerfileError) {
            var edges: [[StageReference]] = []
            for stage in stages {
                let references = names.isReplaced(stage) ? [] : try names.references(of: stage.statements)
                edges.append(references.filter { $0.stage != nil })
            }
            var isDone = [Bool](repeating: false, count: stages.count)
            var isOnPath = isDone
            for root in stages.indices where !isDone[root] {
                var path = [(stage: root, next: 0)]
                isOnPath[root] = true
                while let (stage, next) = path.last {
                    guard next < edges[stage].count else {
                        path.removeLast()
                        (isOnPath[stage], isDone[stage]) = (false, true)
                        continue
                    }
                    path[path.count - 1].next += 1
                    guard let origin = edges[stage][next].stage, !isDone[origin] else { continue }
                    guard !isOnPath[origin] else { throw cycle(root, path.map { edges[$0.stage][$0.next - 1] }) }
                    isOnPath[origin] = true
                    path.append((origin, 0))
                }
            }
        }

        private func cycle(_ root: Int, _ references: [StageReference]) -> DockerfileError {
            DockerfileError(
                "circular dependency detected on stage: \(stages[root].displayName)",
                lines: references.map(\.statement.source.lines),
                at: references.last.map { $0.statement.source.position(ofWord: $0.name) })
        }
    }
}
