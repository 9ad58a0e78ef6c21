/// What the rules remember while they go through a stage.
struct StageLint {
    private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    var scope: Dockerfile.StageScope
    /// What the configuration's Env will be.
    var environment: Dockerfile.Variables
    /// Of the image that the stage begins with; nil where it isn't known.
    let base: Dockerfile.BaseImage?
    /// Whether all variables of the base are known.
    let knowsEnvironment: Bool
    var hasShell = false
    var hasWorkdir = false
    /// The last CMD, ENTRYPOINT and HEALTHCHECK of this stage.
    var last: [String: Dockerfile.Source] = [:]

    init(
        of node: Dockerfile.StageGraph.Node, states: [Int: StageLint], arguments: Dockerfile.BuildArguments,
        baseImage: (Dockerfile.StageGraph.Origin) -> Dockerfile.BaseImage?
    ) {
        if case .stage(let index) = node.base, let state = states[index] {
            self = state
            last = [:]
            scope = Dockerfile.StageScope(inheriting: state.scope, environment: state.environment.entries)
            return
        }
        base = node.base == .scratch ? Dockerfile.BaseImage(environment: []) : baseImage(node.base)
        knowsEnvironment = base != nil
        environment = Dockerfile.Variables([Self.path] + (base?.environment ?? []))
        scope = Dockerfile.StageScope(arguments, environment: environment.entries)
        hasShell = base?.hasShell ?? false
    }
}

/// The rules that look at a stage's instructions with their values.
extension Linter {
    mutating func check(
        _ statement: Dockerfile.Statement, in state: inout StageLint, isIgnored: ((String) -> Bool)?
    ) throws(DockerfileError) {
        let source = statement.source
        checkPorts(statement, scope: state.scope)
        let known = state.scope.variables.names.count
        let evaluation = try state.scope.evaluate(statement)
        if state.knowsEnvironment {
            for name in evaluation.undefinedNames {
                // Those that the statement itself sets stand behind the others.
                let names = state.scope.variables.names.prefix(known)
                let suggestion = suggestion(for: name, among: names).map { " (did you mean $\($0)?)" } ?? ""
                add(.undefinedVar, "Usage of undefined variable '$\(name)'" + suggestion, in: source)
            }
        }
        switch evaluation.instruction {
        case .env(let assignments):
            for assignment in assignments {
                checkForm(of: assignment, in: source)
                checkSecret("ENV", assignment.name, in: source)
                state.environment[assignment.name] = assignment.value
            }
        case .label(let assignments): for assignment in assignments { checkForm(of: assignment, in: source) }
        case .arg(let arguments): for argument in arguments { checkSecret("ARG", argument.name, in: source) }
        case .shell: state.hasShell = true
        case .cmd(let command), .entrypoint(let command):
            checkOnce(source, in: &state)
            if case .shell = command, !state.hasShell {
                add(
                    .jsonArgsRecommended,
                    "JSON arguments recommended for \(source.keyword) to prevent unintended behavior related to OS signals",
                    in: source)
            }
        case .healthcheck: checkOnce(source, in: &state)
        case .workdir(let path): checkWorkdir(path, in: source, &state)
        case .copy(let copy) where copy.from == nil: checkSources(copy.files, "Copy", in: source, isIgnored)
        case .add(let add): checkSources(add.files, "Add", in: source, isIgnored)
        default: break
        }
    }

    private mutating func checkForm(of assignment: Dockerfile.Assignment, in source: Dockerfile.Source) {
        guard assignment.isLegacy else { return }
        let name = source.keyword
        add(
            .legacyKeyValueFormat,
            "\"\(name) key=value\" should be used instead of legacy \"\(name) key value\" format",
            in: source)
    }

    /// A word of the name tells a secret, and none that it isn't one.
    private mutating func checkSecret(_ keyword: String, _ name: String, in source: Dockerfile.Source) {
        let words = Set(name.lowercased().split(by: UInt8(ascii: "_")))
        let secret: Set = [
            "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token",
        ]
        guard !words.isDisjoint(with: secret), words.isDisjoint(with: ["public", "file", "version"]) else { return }
        add(
            .secretsUsedInArgOrEnv, "Do not use ARG or ENV instructions for sensitive data (\(keyword) \(name.quoted))",
            in: source)
    }

    /// The earlier one is told: it is the one that has no effect.
    private mutating func checkOnce(_ source: Dockerfile.Source, in state: inout StageLint) {
        if let earlier = state.last.updateValue(source, forKey: source.keyword.uppercased()) {
            add(
                .multipleInstructionsDisallowed,
                "Multiple \(source.keyword) instructions should not be used in the same stage because only the last one will be used",
                in: earlier)
        }
    }

    /// Only the first of a stage and its bases: the others are mended with it.
    private mutating func checkWorkdir(_ path: String, in source: Dockerfile.Source, _ state: inout StageLint) {
        defer { state.hasWorkdir = true }
        guard !state.hasWorkdir, path.utf8.first != .slash else { return }
        add(
            .workdirRelativePath,
            "Relative workdir \(path.quoted) can have unexpected results if the base image changes", in: source)
    }

    private mutating func checkPorts(_ statement: Dockerfile.Statement, scope: Dockerfile.StageScope) {
        // What can't be expanded is told as an error when the statement is evaluated.
        guard case .expose(let words) = statement.instruction, let ports = try? scope.portWords(words, of: statement)
        else {
            return
        }
        for port in ports {
            if let proto = port.split(atFirst: .slash)?.after, !proto.isLowercase {
                add(
                    .exposeProtoCasing, "Defined protocol '\(port)' in EXPOSE instruction should be lowercase",
                    in: statement.source)
            }
            if port.utf8.contains(.colon) {
                add(
                    .exposeInvalidFormat,
                    "EXPOSE instruction should not define an IP address or host-port mapping, found '\(port)'",
                    in: statement.source)
            }
        }
    }

    private mutating func checkSources(
        _ files: Dockerfile.CopiedFiles, _ keyword: String, in source: Dockerfile.Source,
        _ isIgnored: ((String) -> Bool)?
    ) {
        guard let isIgnored else { return }
        for path in files.sources where !path.holds("://") && !path.hasPrefix("git@") {
            // The root of the context isn't a file that could be excluded.
            let cleaned = String(("/" + path).cleanedPath.dropFirst())
            guard !cleaned.isEmpty, isIgnored(cleaned) else { continue }
            add(
                .copyIgnoredFile, "Attempting to \(keyword) file \(cleaned.quoted) that is excluded by .dockerignore",
                in: source)
        }
    }
}

extension Dockerfile.StageScope {
    /// The words of an EXPOSE with their values.
    fileprivate func portWords(
        _ words: [String], of statement: Dockerfile.Statement
    ) throws(DockerfileError) -> [String] {
        var evaluator = evaluator(for: statement.source)
        return try evaluator.portWords(words)
    }
}
