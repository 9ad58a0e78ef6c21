extension Dockerfile {
    /// What the linter has to know of the image that a stage begins with.
    public struct BaseImage: Sendable {
        /// `NAME=value` each.
        public let environment: [String]
        /// Whether its configuration has a SHELL.
        public let hasShell: Bool
        public let platform: PlatformName?

        public init(environment: [String], hasShell: Bool = false, platform: PlatformName? = nil) {
            self.environment = environment
            self.hasShell = hasShell
            self.platform = platform
        }
    }

    /// Looks for what BuildKit advises against.
    ///
    /// - Parameters:
    ///   - graph: Says which stages' instructions are looked at, and in them the triggers of their bases.
    ///   - options: In place of those of the file's `# check=`.
    ///   - expectedPlatform: Of a stage; nil where its base's isn't judged.
    ///   - baseImage: Of a named context or an image; nil where it isn't known: then no variable of the stage is told to be
    ///     undefined.
    ///   - isIgnored: Whether .dockerignore excludes a path of the build context; nil where nothing is ignored, and where
    ///     .dockerignore has a `!`: what is excluded can't be told then.
    public func lint(
        _ graph: StageGraph, arguments: BuildArguments, options: LintOptions? = nil,
        expectedPlatform: (StageGraph.Node) -> PlatformName? = { _ in nil },
        baseImage: (StageGraph.Origin) -> BaseImage? = { _ in nil }, isIgnored: ((String) -> Bool)? = nil
    ) -> LintReport {
        var linter = Linter(options: options ?? directives.lintOptions)
        linter.checkLines(of: self)
        linter.checkStageNames(of: self)
        linter.checkCasing(of: self)
        do throws(DockerfileError) {
            try linter.checkBases(of: self, arguments: arguments)
            var states: [Int: StageLint] = [:]
            for index in graph.order {
                guard let node = graph.nodes[index] else { continue }
                var state = StageLint(of: node, states: states, arguments: arguments, baseImage: baseImage)
                if let expected = expectedPlatform(node), let actual = state.base?.platform {
                    linter.checkPlatform(of: stages[index], node: node, expected: expected, actual: actual)
                }
                for statement in node.statements { try linter.check(statement, in: &state, isIgnored: isIgnored) }
                states[index] = state
            }
        } catch { linter.report.error = error }
        return linter.finished()
    }
}

/// Gathers findings.
struct Linter {
    let options: Dockerfile.LintOptions
    var report = Dockerfile.LintReport()
    /// Nobody reads more of them, and each is compared with many names.
    private var suggestionsLeft = 100

    init(options: Dockerfile.LintOptions) { self.options = options }

    /// Notes what was found in `source`, unless the options of the file or of a comment above skip the rule.
    mutating func add(
        _ rule: Dockerfile.LintRule, _ text: String, in source: Dockerfile.Source, lines: ClosedRange<Int>? = nil
    ) {
        let own = source.comments.isEmpty ? nil : DirectiveParser.lintOptions(inComments: source.comments)
        guard options.merging(own).allow(rule) else { return }
        report.findings.append(Dockerfile.LintFinding(rule: rule, text: text, lines: lines ?? source.lines))
    }

    /// The nearest of `candidates` to an undefined name.
    mutating func suggestion(for name: String, among candidates: some Sequence<String>) -> String? {
        guard suggestionsLeft > 0 else { return nil }
        suggestionsLeft -= 1
        return Suggestion.nearest(to: name, among: candidates)
    }

    func finished() -> Dockerfile.LintReport {
        var report = report
        // Those of one line stay in the order in which the rules looked.
        let sorted = report.findings.enumerated().sorted {
            ($0.element.lines.lowerBound, $0.offset) < ($1.element.lines.lowerBound, $1.offset)
        }
        report.findings = sorted.map(\.element)
        if options.failsOnFindings, !report.findings.isEmpty {
            var seen: Set<Dockerfile.LintRule> = []
            let names = report.findings.map(\.rule).filter { seen.insert($0).inserted }.map(\.name)
            report.violation = "lint violation found for rules: " + names.joined(separator: ", ")
        }
        return report
    }
}

/// The rules that look at the file alone.
extension Linter {
    mutating func checkLines(of dockerfile: Dockerfile) {
        for statement in dockerfile.globalArguments { checkLine(statement) }
        for stage in dockerfile.stages {
            checkContinuation(of: stage.source)
            checkFrom(of: stage)
            for statement in stage.statements { checkLine(statement) }
        }
    }

    private mutating func checkLine(_ statement: Dockerfile.Statement) {
        checkContinuation(of: statement.source)
        switch statement.instruction {
        case .maintainer:
            add(
                .maintainerDeprecated, "Maintainer instruction is deprecated in favor of using label",
                in: statement.source)
        case .arg(let arguments): checkDescription("ARG", of: arguments.map(\.name), in: statement.source)
        default: break
        }
    }

    private mutating func checkContinuation(of source: Dockerfile.Source) {
        guard source.hasEmptyContinuation else { return }
        let last = source.lastLineOfText
        add(.noEmptyContinuation, "Empty continuation line", in: source, lines: last...last)
    }

    private mutating func checkFrom(of stage: Dockerfile.Stage) {
        guard let name = stage.nameAsWritten, let asKeyword = stage.asKeyword else { return }
        if !name.isLowercase { add(.stageNameCasing, "Stage name '\(name)' should be lowercase", in: stage.source) }
        let keyword = stage.source.keyword
        if (keyword.isLowercase && !asKeyword.isLowercase) || (keyword.isUppercase && !asKeyword.isUppercase) {
            add(.fromAsCasing, "'\(asKeyword)' and '\(keyword)' keywords' casing do not match", in: stage.source)
        }
        checkDescription("FROM", of: [name.lowercased()], in: stage.source)
    }

    /// A comment right above describes what is defined: `# name what it is for`.
    private mutating func checkDescription(_ keyword: String, of names: [String], in source: Dockerfile.Source) {
        guard let comment = source.comments.last, let first = names.first else { return }
        guard !names.contains(comment.split(atFirst: .space)?.before ?? comment) else { return }
        let shown = names.count > 1 ? "<arg_key>" : first
        add(
            .invalidDefinitionDescription,
            "Comment for \(keyword) should follow the format: `# \(shown) <description>`",
            in: source)
    }

    mutating func checkStageNames(of dockerfile: Dockerfile) {
        var seen: Set<String> = []
        for stage in dockerfile.stages {
            guard let name = stage.name else { continue }
            if name == "scratch" || name == "context" {
                add(
                    .reservedStageName, "Stage name should not use the same name as reserved stage \(name.quoted)",
                    in: stage.source)
            }
            if !seen.insert(name).inserted {
                add(
                    .duplicateStageName, "Duplicate stage name \(name.quoted), stage names should be unique",
                    in: stage.source)
            }
        }
    }

    /// All instructions are written as most of them are; those in mixed case count for neither.
    mutating func checkCasing(of dockerfile: Dockerfile) {
        let sources = dockerfile.stages.flatMap { [$0.source] + $0.statements.map(\.source) }
        let lower = sources.count { $0.keyword.isLowercase }
        let upper = sources.count { $0.keyword.isUppercase }
        for source in sources where !(lower > upper ? source.keyword.isLowercase : source.keyword.isUppercase) {
            add(
                .consistentInstructionCasing,
                "Command '\(source.keyword)' should match the case of the command majority (\(lower > upper ? "lowercase" : "uppercase"))",
                in: source)
        }
    }
}
