/// Makes an instruction of its syntax. Its errors say where the parsing stopped, as BuildKit's do.
struct InstructionParser {
    let syntax: InstructionSyntax
    let heredocs: [Dockerfile.Heredoc]
    let source: Dockerfile.Source
    /// The instruction is that of an ONBUILD that is triggered.
    let isTrigger: Bool

    static let names = [
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
        "ONBUILD",
        "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ]

    init(_ syntax: InstructionSyntax, heredocs: [Dockerfile.Heredoc], source: Dockerfile.Source, isTrigger: Bool) {
        self.syntax = syntax
        self.heredocs = heredocs
        self.source = source
        self.isTrigger = isTrigger
    }

    func parse() throws(DockerfileError) -> ParsedInstruction {
        switch syntax.name {
        case "FROM": .from(try from())
        case "RUN": .other(.run(try run()))
        case "COPY": .other(.copy(try copy()))
        case "ADD": .other(.add(try add()))
        case "ARG": .other(.arg(try arguments()))
        case "ENV": .other(.env(try assignments()))
        case "LABEL": .other(.label(try assignments()))
        case "EXPOSE": .other(.expose(try ports()))
        case "USER": .other(.user(try oneArgument()))
        case "WORKDIR": .other(.workdir(try oneArgument()))
        case "VOLUME": .other(.volume(try volumes()))
        case "STOPSIGNAL": .other(.stopSignal(try oneArgument()))
        case "HEALTHCHECK": .other(.healthcheck(try healthcheck()))
        case "SHELL": .other(.shell(try shell()))
        case "ONBUILD": .other(.onBuild(try onBuild()))
        case "CMD": .other(.cmd(try commandLine()))
        case "ENTRYPOINT": .other(.entrypoint(try commandLine()))
        case "MAINTAINER": .other(.maintainer(try oneArgument()))
        default: throw unknown(syntax.keyword)
        }
    }

    /// At `word`, or at the beginning of the instruction.
    func error(_ message: String, at word: Word? = nil, suggestion: String? = nil) -> DockerfileError {
        let place = isTrigger ? "" : "dockerfile parse error on line \(source.lines.lowerBound): "
        return DockerfileError(
            place + message + Suggestion.text(suggestion), lines: [source.lines],
            at: syntax.position(word?.offset ?? 0),
            suggestion: suggestion)
    }

    func flags(_ known: KeyValuePairs<String, InstructionFlags.Kind> = [:]) throws(DockerfileError) -> InstructionFlags
    {
        try InstructionFlags(syntax.flags, known: known) { error($0, at: $1, suggestion: $2) }
    }

    private func unknown(_ keyword: Word) -> DockerfileError {
        error(
            "unknown instruction: \(keyword.text)", at: keyword,
            suggestion: Suggestion.nearestIgnoringCase(to: keyword.text, among: Self.names))
    }

    func needArguments() throws(DockerfileError) {
        if syntax.arguments.isEmpty { throw error("\(syntax.name) requires at least one argument") }
    }

    private func oneArgument() throws(DockerfileError) -> String {
        guard syntax.arguments.count == 1 else { throw error("\(syntax.name) requires exactly one argument") }
        _ = try flags()
        return syntax.arguments[0].text
    }

    private func from() throws(DockerfileError) -> From {
        let words = syntax.arguments
        guard words.count == 1 || (words.count == 3 && words[1].text.lowercased() == "as") else {
            throw error("FROM requires either one or three arguments", at: words.dropFirst().first)
        }
        let name = words.count == 3 ? words[2] : nil
        if let name, !Self.isStageName(name.text) {
            throw error(
                "invalid name for build stage: \(name.text.quoted), name can't start with a number or contain symbols",
                at: name)
        }
        return From(
            base: words[0].text, platform: try flags(["platform": .text]).text("platform"), name: name?.text,
            asKeyword: words.count == 3 ? words[1].text : nil)
    }

    /// `[a-z][a-z0-9-_.]*`, the case folded.
    private static func isStageName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isLetter else { return false }
        return text.utf8.allSatisfy { $0.isNamePart || $0 == .dash || $0 == UInt8(ascii: ".") }
    }

    private func arguments() throws(DockerfileError) -> [Dockerfile.Argument] {
        try needArguments()
        _ = try flags()
        var arguments: [Dockerfile.Argument] = []
        for word in syntax.arguments {
            let (name, value) =
                word.text.split(atFirst: .equals).map { ($0.before, $0.after as String?) } ?? (word.text, nil)
            guard !name.isEmpty else { throw error("ARG names can not be blank", at: word) }
            arguments.append(Dockerfile.Argument(name: name, value: value))
        }
        return arguments
    }

    private func assignments() throws(DockerfileError) -> [Dockerfile.Assignment] {
        guard !syntax.pairs.isEmpty else { throw error("\(syntax.name) requires at least one argument") }
        _ = try flags()
        var assignments: [Dockerfile.Assignment] = []
        for pair in syntax.pairs {
            guard !pair.name.text.isEmpty else { throw error("\(syntax.name) names can not be blank", at: pair.name) }
            assignments.append(Dockerfile.Assignment(name: pair.name.text, value: pair.value, isLegacy: pair.isLegacy))
        }
        return assignments
    }

    private func ports() throws(DockerfileError) -> [String] {
        try needArguments()
        _ = try flags()
        return syntax.arguments.map(\.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func volumes() throws(DockerfileError) -> [String] {
        try needArguments()
        _ = try flags()
        var volumes: [String] = []
        for word in syntax.arguments {
            let path = word.text.trimmed
            guard !path.isEmpty else { throw error("VOLUME specified can not be an empty string", at: word) }
            volumes.append(path)
        }
        return volumes
    }

    private func shell() throws(DockerfileError) -> [String] {
        try needArguments()
        _ = try flags()
        guard syntax.isJSON else {
            throw error("SHELL requires the arguments to be in JSON form", at: syntax.arguments.first)
        }
        return syntax.arguments.map(\.text)
    }

    func commandLine() throws(DockerfileError) -> Dockerfile.CommandLine {
        _ = try flags()
        return syntax.isJSON ? .exec(syntax.arguments.map(\.text)) : .shell(syntax.arguments.first?.text ?? "")
    }

    /// Keeps the trigger's text. What it means is found out when it is triggered, as in BuildKit: the version that
    /// builds on the image may know more than this one.
    private func onBuild() throws(DockerfileError) -> Dockerfile.OnBuild {
        guard let keyword = syntax.arguments.first else { throw error("ONBUILD requires at least one argument") }
        _ = try flags()
        let name = keyword.text.uppercased()
        if name == "ONBUILD" { throw error("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", at: keyword) }
        if name == "FROM" || name == "MAINTAINER" {
            throw error("\(name) isn't allowed as an ONBUILD trigger", at: keyword)
        }
        var trigger = String(decoding: source.text.utf8.dropFirst(keyword.offset), as: UTF8.self)
        for heredoc in heredocs { trigger += "\n" + (try text(of: heredoc)) + heredoc.name }
        return Dockerfile.OnBuild(trigger: trigger)
    }

    /// A body that becomes part of a command or of a configuration.
    func text(of heredoc: Dockerfile.Heredoc) throws(DockerfileError) -> String {
        guard !heredoc.body.contains(0), let text = String(validating: heredoc.body, as: UTF8.self) else {
            throw error("the heredoc \(heredoc.name) isn't UTF-8 text")
        }
        return text
    }
}
