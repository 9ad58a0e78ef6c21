/// Expands the words of one instruction.
struct InstructionEvaluator {
    let source: Dockerfile.Source
    let variables: Dockerfile.Variables
    let escape: UInt8
    /// By ARG, with a value or without.
    let declaredNames: Set<String>
    private(set) var undefinedNames: [String] = []
    /// By how much the words have become longer, in bytes.
    private(set) var growth = 0
    private var noted: Set<String> = []

    init(source: Dockerfile.Source, variables: Dockerfile.Variables, escape: UInt8, declaredNames: Set<String>) {
        self.source = source
        self.variables = variables
        self.escape = escape
        self.declaredNames = declaredNames
    }

    /// ARG is the scope's: each of its names changes what the next one sees.
    mutating func evaluate(_ instruction: Dockerfile.Instruction) throws(DockerfileError) -> Dockerfile.Instruction {
        switch instruction {
        case .run(let run): return .run(try evaluate(run))
        case .copy(var copy):
            copy.files = try evaluate(copy.files)
            if let url = copy.files.sources.first(where: Self.isURL) {
                throw source.error("source can't be a URL for COPY", at: url)
            }
            return .copy(copy)
        case .add(var add):
            add.files = try evaluate(add.files)
            add.checksum = try expand(add.checksum)
            return .add(add)
        case .env(let assignments): return .env(try evaluate(assignments))
        case .label(let assignments): return .label(try evaluate(assignments))
        case .expose(let words): return .expose(try ports(words))
        case .user(let word): return .user(try expand(word))
        case .workdir(let word): return .workdir(try expand(word))
        case .volume(let words): return .volume(try volumes(words))
        case .stopSignal(let word):
            let signal = try expand(word)
            guard StopSignal.isKnown(signal) else { throw source.error("invalid signal: \(signal)", at: word) }
            return .stopSignal(signal)
        case .arg, .healthcheck, .shell, .onBuild, .cmd, .entrypoint, .maintainer: return instruction
        }
    }

    private static func isURL(_ text: String) -> Bool { text.hasPrefix("http://") || text.hasPrefix("https://") }

    private mutating func expansion(_ word: String) throws(DockerfileError) -> Dockerfile.Expansion {
        let variables = variables
        do throws(ExpansionError) {
            let expansion = try Dockerfile.WordExpander(escape: escape) { variables[$0] }.expand(word)
            note(expansion.unsetNames)
            growth += max(0, expansion.bytes.count - word.utf8.count)
            return expansion
        } catch { throw source.error(error.message, at: word) }
    }

    mutating func expand(_ word: String) throws(DockerfileError) -> String { try expansion(word).text }

    private mutating func expand(_ word: String?) throws(DockerfileError) -> String? {
        guard let word else { return nil }
        let text = try expansion(word).text
        return text.isEmpty ? nil : text
    }

    private mutating func expand(_ words: [String]) throws(DockerfileError) -> [String] {
        var result: [String] = []
        for word in words { result.append(try expand(word)) }
        return result
    }

    private mutating func note(_ names: [String]) {
        for name in names where !declaredNames.contains(name) && noted.insert(name).inserted {
            undefinedNames.append(name)
        }
    }

    private mutating func evaluate(
        _ assignments: [Dockerfile.Assignment]
    ) throws(DockerfileError) -> [Dockerfile.Assignment] {
        var result: [Dockerfile.Assignment] = []
        for assignment in assignments {
            let name = try expand(assignment.name)
            guard !name.isEmpty else {
                throw source.error("\(source.keyword.uppercased()) names can not be blank", at: assignment.name)
            }
            result.append(
                Dockerfile.Assignment(name: name, value: try expand(assignment.value), isLegacy: assignment.isLegacy))
        }
        return result
    }

    private mutating func evaluate(_ files: Dockerfile.CopiedFiles) throws(DockerfileError) -> Dockerfile.CopiedFiles {
        var files = files
        files.owner = try expand(files.owner)
        files.mode = try expand(files.mode)
        files.sources = try expand(files.sources)
        files.destination = try expand(files.destination)
        for index in files.heredocs.indices where files.heredocs[index].isExpanded {
            files.heredocs[index] = try evaluate(files.heredocs[index])
        }
        return files
    }

    private mutating func evaluate(_ heredoc: Dockerfile.Heredoc) throws(DockerfileError) -> Dockerfile.Heredoc {
        let variables = variables
        do throws(ExpansionError) {
            let expansion = try Dockerfile.WordExpander.ofBodies { variables[$0] }.expand(heredoc.content[...])
            note(expansion.unsetNames)
            growth += max(0, expansion.bytes.count - heredoc.body.count)
            return Dockerfile.Heredoc(name: heredoc.name, body: expansion.bytes, isExpanded: false, stripsTabs: false)
        } catch { throw source.error(error.message, at: "<<") }
    }

    private mutating func evaluate(_ run: Dockerfile.Run) throws(DockerfileError) -> Dockerfile.Run {
        var run = run
        for options in run.mountOptions {
            var fields: [Dockerfile.RunMount.Options.Field] = []
            for field in options.fields {
                guard field.key != "from", let word = field.value else {
                    fields.append(field)
                    continue
                }
                fields.append(.init(text: field.text, key: field.key, value: try expand(word)))
            }
            do throws(RunMountError) {
                run.mounts.append(try Dockerfile.RunMount(fields))
            } catch { throw source.error(error.text, at: options.text, suggestion: error.suggestion) }
        }
        return run
    }

    private mutating func ports(_ words: [String]) throws(DockerfileError) -> [String] {
        let values = try portWords(words)
        do throws(ExposedPorts.Failure) {
            return try ExposedPorts.ports(of: values)
        } catch { throw source.error(error.message) }
    }

    /// The words of EXPOSE: a variable may hold several.
    mutating func portWords(_ words: [String]) throws(DockerfileError) -> [String] {
        var values: [String] = []
        for word in words { values += try expansion(word).words }
        return values
    }

    private mutating func volumes(_ words: [String]) throws(DockerfileError) -> [String] {
        let volumes = try expand(words)
        if volumes.contains("") { throw source.error("VOLUME specified can not be an empty string") }
        return volumes
    }
}
