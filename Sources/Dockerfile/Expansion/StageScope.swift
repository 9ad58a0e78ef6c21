extension Dockerfile {
    /// The variables of a stage while its instructions are gone through, one after the other.
    ///
    /// A name set twice has the later value, be it by ENV or ARG. An ARG is seen from its line on; a global ARG only after an
    /// ARG of the stage.
    public struct StageScope: Sendable {
        /// An exec(3) with more can't succeed on Linux: MAX_ARG_STRLEN and a stack of 8 MiB.
        static let largestEnvironment = 8 << 20
        /// Of all words of a stage together: one may become long, and a file may hold a million of them.
        static let largestGrowth = 64 << 20

        /// Of the base, ENV and ARG: what is expanded, and what RUN gets beside the proxies.
        public private(set) var variables: Variables
        /// The ARGs of the stage and of the stages it is based on, in the order of their lines.
        public private(set) var arguments: [Argument]
        private var declaredNames: Set<String> = []
        /// By how much all words of the stage so far have become longer, in bytes.
        private var growth = 0
        private let build: BuildArguments

        /// - Parameter environment: Of the base's configuration, `NAME=value` each; PATH should be in it.
        public init(_ build: BuildArguments, environment: [String]) {
            self.build = build
            variables = Variables(environment)
            arguments = []
        }

        /// For instructions that stand alone, in no file.
        public init(environment: [String]) { self.init(BuildArguments(), environment: environment) }

        /// For a stage that is based on another: its ARGs are inherited.
        ///
        /// - Parameters:
        ///   - base: As it is after the last instruction of that stage.
        ///   - environment: Of that stage's configuration. It is set anew, so that there an ENV wins over an ARG after it.
        public init(inheriting base: StageScope, environment: [String]) {
            self = base
            let fresh = Variables(environment)
            for name in fresh.names { variables[name] = fresh[name] }
        }

        /// `NAME=value` of all variables: the environment of RUN, but for proxies.
        public var environment: [String] { variables.entries }

        /// The environment of RUN, with the proxies of the command line.
        public var runEnvironment: [String] {
            var all = variables
            let proxies = Variables(build.proxyEnvironment)
            for name in proxies.names { all[name] = proxies[name] }
            return all.entries
        }

        /// `NAME=value` of the ARGs, each once, as the history of RUN tells them: `|2 A=9 B=`.
        public var historyArguments: [String] {
            var shown = Variables()
            for argument in arguments { shown[argument.name] = variables[argument.name] ?? argument.value ?? "" }
            return shown.entries
        }

        /// Expands an instruction and, if it is ENV or ARG, sets its variables.
        ///
        /// - Returns: The instruction with values in place of words; RUN with its mounts, EXPOSE with a port each, ARG with
        ///   the values used.
        /// - Throws: A word that can't be expanded, a mount, port or signal that is none, a URL as a source of COPY.
        public mutating func evaluate(_ statement: Statement) throws(DockerfileError) -> Evaluation {
            let evaluation: Evaluation
            if case .arg(let declared) = statement.instruction {
                evaluation = try declare(declared, in: statement.source)
            } else {
                evaluation = try expand(statement)
            }
            if case .env(let assignments) = evaluation.instruction {
                for assignment in assignments { variables[assignment.name] = assignment.value }
            }
            guard variables.sizeInBytes <= Self.largestEnvironment else {
                throw statement.source.error("the environment is larger than 8 MiB")
            }
            guard growth <= Self.largestGrowth else {
                throw statement.source.error("the values of all variables of the stage come to more than 64 MiB")
            }
            return evaluation
        }

        // The evaluator has to be gone when the variables are set: as long as it shares them, setting one copies all.
        private mutating func expand(_ statement: Statement) throws(DockerfileError) -> Evaluation {
            var evaluator = evaluator(for: statement.source)
            let instruction = try evaluator.evaluate(statement.instruction)
            growth += evaluator.growth
            return Evaluation(instruction: instruction, undefinedNames: evaluator.undefinedNames)
        }

        func evaluator(for source: Source) -> InstructionEvaluator {
            InstructionEvaluator(
                source: source, variables: variables, escape: build.escape, declaredNames: declaredNames)
        }

        /// Each ARG of a line sees those before it.
        private mutating func declare(_ declared: [Argument], in source: Source) throws(DockerfileError) -> Evaluation {
            var result: [Argument] = []
            var undefinedNames: [String] = []
            for argument in declared {
                let (value, undefined) = try value(of: argument, in: source)
                if let value { variables[argument.name] = value }
                let used = Argument(name: argument.name, value: value)
                arguments.append(used)
                declaredNames.insert(argument.name)
                result.append(used)
                undefinedNames += undefined
            }
            return Evaluation(instruction: .arg(result), undefinedNames: undefinedNames)
        }

        private mutating func value(
            of argument: Argument, in source: Source
        ) throws(DockerfileError) -> (value: String?, undefinedNames: [String]) {
            if let given = build.given[argument.name] { return (given, []) }
            guard let word = argument.value else { return (build.globals[argument.name], []) }
            var evaluator = evaluator(for: source)
            let value = try evaluator.expand(word)
            growth += evaluator.growth
            return (value, evaluator.undefinedNames)
        }

        /// What the progress shows for a statement: its ``Statement/title`` with the values of the variables that are set.
        public func title(of statement: Statement) -> String {
            let variables = variables
            var expander = WordExpander(escape: build.escape) { variables[$0] }
            expander.keepsQuotes = true
            expander.keepsUnset = true
            // A command may hold what only its shell understands; then it is shown as it is.
            return (try? expander.expand(statement.title))?.text ?? statement.title
        }
    }

    /// An instruction with values in place of words.
    public struct Evaluation: Hashable, Sendable {
        public let instruction: Instruction
        /// Variables that it used and nobody set or declared.
        public let undefinedNames: [String]
    }
}
