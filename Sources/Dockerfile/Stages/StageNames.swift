/// A COPY or a mount that reads from somewhere else than the build context.
struct StageReference {
    /// As it is written.
    let name: String
    let origin: Dockerfile.StageGraph.Origin
    let statement: Dockerfile.Statement
    /// Where a mount of RUN goes; nil for COPY.
    let mountTarget: String?

    var stage: Int? {
        guard case .stage(let index) = origin else { return nil }
        return index
    }

    func tooEarly(in user: Dockerfile.Stage) -> DockerfileError {
        let message =
            if let mountTarget {
                "cannot mount from stage \(name.quoted) to \(mountTarget.quoted), stage needs to be defined before current command"
            } else {
                "cannot copy from stage \(name.quoted), it needs to be defined before current stage \(user.displayName.quoted)"
            }
        return statement.source.error(message, at: name)
    }
}

/// Says what names in FROM, `--from` and `from=` stand for.
struct StageNames {
    typealias Origin = Dockerfile.StageGraph.Origin

    /// Of stages with the same name, the last.
    private var indices: [String: Int] = [:]
    private let count: Int
    /// By their short names, as they were given.
    private let contexts: [String: String]

    init(_ stages: [Dockerfile.Stage], contexts: Set<String>) {
        for stage in stages { if let name = stage.name { indices[name] = stage.index } }
        count = stages.count
        self.contexts = Dictionary(contexts.map { (Self.familiar($0), $0) }) { first, _ in first }
    }

    func target(_ name: String?, of stages: [Dockerfile.Stage]) throws(DockerfileError) -> Int {
        guard let name, !name.isEmpty else { return count - 1 }
        if let index = indices[name.lowercased()] { return index }
        let suggestion = Suggestion.nearest(to: name, among: stages.lazy.map(\.displayName))
        throw DockerfileError(
            "target stage \(name.quoted) could not be found" + Suggestion.text(suggestion), suggestion: suggestion)
    }

    /// Whether a named context stands in for the stage.
    func isReplaced(_ stage: Dockerfile.Stage) -> Bool { stage.name.map { context($0) != nil } ?? false }

    /// What a FROM begins with. Stages are named in lower case there.
    func base(_ name: String, of stage: Dockerfile.Stage, earlier: [String: Int]) -> Origin {
        if let own = stage.name, let context = context(own) { return .context(context) }
        if let index = earlier[name] { return .stage(index) }
        return other(name)
    }

    func origin(of name: String) -> Origin {
        if let index = indices[name.lowercased()] { return .stage(index) }
        if let index = Int(name), (0..<count).contains(index) { return .stage(index) }
        return other(name)
    }

    private func other(_ name: String) -> Origin {
        if name == "scratch" { return .scratch }
        return context(name).map(Origin.context) ?? .image(name)
    }

    /// The named context of that name; `scratch` and `context` are none.
    private func context(_ name: String) -> String? {
        let familiar = Self.familiar(name)
        return ["scratch", "context"].contains(familiar.lowercased()) ? nil : contexts[familiar]
    }

    /// `docker.io/library/alpine:latest` is `alpine`.
    private static func familiar(_ name: String) -> String {
        var name = name
        for prefix in ["docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/"]
        where name.hasPrefix(prefix) {
            name.removeFirst(prefix.count)
            break
        }
        if name.hasSuffix(":latest") { name.removeLast(":latest".count) }
        return name
    }

    /// - Throws: A variable in `--from`, and a number that no stage has.
    func references(of statements: [Dockerfile.Statement]) throws(DockerfileError) -> [StageReference] {
        var found: [StageReference] = []
        for statement in statements {
            switch statement.instruction {
            case .copy(let copy):
                guard let name = copy.from else { continue }
                try check(name, of: statement)
                found.append(
                    StageReference(name: name, origin: origin(of: name), statement: statement, mountTarget: nil))
            case .run(let run):
                for mount in run.mountOptions {
                    guard let name = mount.from else { continue }
                    found.append(
                        StageReference(
                            name: name, origin: origin(of: name), statement: statement, mountTarget: mount.target ?? "")
                    )
                }
            default: continue
            }
        }
        return found
    }

    private func check(_ name: String, of statement: Dockerfile.Statement) throws(DockerfileError) {
        if let index = Int(name), !(0..<count).contains(index) {
            throw statement.source.error("invalid stage index \(index)", at: name)
        }
        // The graph of stages is known before any variable.
        let expander = Dockerfile.WordExpander(escape: .backslash) { _ in nil }
        guard (try? expander.expand(name))?.text == name else {
            throw statement.source.error(
                "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround",
                at: name)
        }
    }
}

extension Dockerfile.RunMount.Options {
    fileprivate var target: String? {
        fields.last { ["target", "dst", "destination"].contains($0.key) }?.value
    }
}
