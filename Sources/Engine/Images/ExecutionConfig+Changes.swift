import OCI

// The instructions of `commit --change`, each in a line of its own. They are taken as they stand: no variables, no heredocs, no
// line continuations.
extension ExecutionConfig {
    /// Applies Dockerfile instructions that change nothing but the configuration.
    mutating func apply(_ changes: [String]) throws(EngineError) {
        var hasCommand = false
        for change in changes {
            let (name, rest) = try Self.instruction(change)
            switch name {
            case "CMD":
                command = try words(rest)
                hasCommand = true
            case "ENTRYPOINT":
                entrypoint = try words(rest)
                // The command was another program's arguments.
                if !hasCommand { command = nil }
            case "ENV":
                for (name, value) in try Self.pairs(rest, of: change) {
                    environment = Environment.merged(environment, with: ["\(name)=\(value)"])
                }
            case "LABEL": for (name, value) in try Self.pairs(rest, of: change) { labels[name] = value }
            case "EXPOSE": exposedPorts = Set(exposedPorts + rest.words.map(Self.port)).sorted()
            case "VOLUME": volumes = Set(volumes + (Self.list(rest) ?? rest.words)).sorted()
            case "USER": user = rest
            case "WORKDIR": workingDirectory = rest.hasPrefix("/") ? rest : ContainerMount.cleaned("\(workingDirectory)/\(rest)")
            case "STOPSIGNAL": stopSignal = rest
            case "ONBUILD": onBuild.append(rest)
            case "HEALTHCHECK": healthcheck = try Self.healthcheck(rest, of: change)
            default: throw EngineError(.invalidArgument, "\(name.lowercased()) is not a valid change command")
            }
        }
    }

    /// Its name in capitals, and what follows.
    private static func instruction(_ text: String) throws(EngineError) -> (name: String, rest: String) {
        // More than one line would be more than one instruction to whoever reads it as a Dockerfile.
        guard !text.unicodeScalars.contains(where: { $0 == "\n" || $0 == "\r" || $0 == "\0" }) else {
            throw EngineError(.invalidArgument, "--change takes one instruction, which has one line: give it once for each")
        }
        let trimmed = text.drop { $0 == " " || $0 == "\t" }
        let name = trimmed.prefix { $0 != " " && $0 != "\t" }
        var rest = String(trimmed.dropFirst(name.count).drop { $0 == " " || $0 == "\t" })
        while rest.hasSuffix(" ") || rest.hasSuffix("\t") { rest.removeLast() }
        guard !rest.isEmpty else {
            throw EngineError(.invalidArgument, "\(name.uppercased()) requires at least one argument")
        }
        return (name.uppercased(), rest)
    }

    /// A JSON list as it is; anything else is the shell's.
    private func words(_ text: String) throws(EngineError) -> [String] {
        Self.list(text) ?? (shell ?? ["/bin/sh", "-c"]) + [text]
    }

    private static func list(_ text: String) -> [String]? {
        guard let elements = (try? JSON(parsing: text))?.array else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }

    private static func port(_ text: String) -> String { text.contains("/") ? text : text + "/tcp" }

    /// `NAME=VALUE …`, or the older `NAME VALUE`.
    private static func pairs(_ text: String, of change: String) throws(EngineError) -> [(name: String, value: String)] {
        let words = try quotedWords(text, of: change)
        guard let first = words.first, !first.contains("=") else {
            return try words.map { word throws(EngineError) -> (name: String, value: String) in
                guard let equals = word.firstIndex(of: "="), equals != word.startIndex else {
                    throw EngineError(.invalidArgument, "syntax error in \"\(change)\": \"\(word)\" is no NAME=VALUE")
                }
                return (String(word[..<equals]), String(word[word.index(after: equals)...]))
            }
        }
        let rest = text.dropFirst(first.count).drop { $0 == " " || $0 == "\t" }
        guard !rest.isEmpty else { throw EngineError(.invalidArgument, "syntax error in \"\(change)\": \(first) has no value") }
        return [(first, String(rest))]
    }

    /// Words as a Dockerfile parts them: by blanks that are neither quoted nor behind a backslash.
    private static func quotedWords(_ text: String, of change: String) throws(EngineError) -> [String] {
        var (words, word, quote): ([String], String?, Character?) = ([], nil, nil)
        var rest = text[...]
        while let character = rest.popFirst() {
            if character == "\\", quote != "'", let next = rest.popFirst() {
                word = (word ?? "") + (quote == "\"" && next != "\"" && next != "\\" ? "\\\(next)" : "\(next)")
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character == " " || character == "\t" {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                word = (word ?? "") + "\(character)"
            }
        }
        guard quote == nil else { throw EngineError(.invalidArgument, "syntax error in \"\(change)\": a quote is not closed") }
        return words + (word.map { [$0] } ?? [])
    }

    /// `NONE`, or `[--interval=30s …] CMD …`.
    private static func healthcheck(_ text: String, of change: String) throws(EngineError) -> Healthcheck {
        var check = Healthcheck(test: ["NONE"])
        var rest = text[...]
        while rest.hasPrefix("--") {
            let option = rest.prefix { $0 != " " }
            rest = rest.dropFirst(option.count).drop { $0 == " " }
            let parts = option.dropFirst(2).split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, check.set(parts[0], parts[1]) else {
                throw EngineError(.invalidArgument, "syntax error in \"\(change)\": \(option)")
            }
        }
        if rest == "NONE" { return check }
        guard rest.hasPrefix("CMD ") else {
            throw EngineError(.invalidArgument, "unknown type in HEALTHCHECK: \(rest.prefix { $0 != " " })")
        }
        let command = String(rest.dropFirst(4).drop { $0 == " " })
        check.test = list(command).map { ["CMD"] + $0 } ?? ["CMD-SHELL", command]
        return check
    }
}

extension Healthcheck {
    /// False for what is no option, or no value of it.
    fileprivate mutating func set(_ option: String, _ value: String) -> Bool {
        if option == "retries" {
            guard let number = Int64(value), number >= 1 else { return false }
            retries = number
            return true
        }
        guard let time = Self.nanoseconds(value) else { return false }
        switch option {
        case "interval": interval = time
        case "timeout": timeout = time
        case "start-period": startPeriod = time
        case "start-interval": startInterval = time
        default: return false
        }
        return true
    }

    /// Whole numbers with units, as Go writes a duration: `1m30s`.
    private static func nanoseconds(_ text: String) -> Int64? {
        let units: [(String, Int64)] = [("ms", 1_000_000), ("us", 1000), ("ns", 1), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)]
        var (total, rest): (Int64, Substring) = (0, text[...])
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard let number = Int64(digits), let (name, size) = units.first(where: { rest.hasPrefix($0.0) }) else { return nil }
            rest = rest.dropFirst(name.count)
            let (part, overflows) = number.multipliedReportingOverflow(by: size)
            let (sum, alsoOverflows) = total.addingReportingOverflow(part)
            guard !overflows, !alsoOverflows else { return nil }
            total = sum
        }
        return text.isEmpty ? nil : total
    }
}

extension String {
    fileprivate var words: [String] { split { $0 == " " || $0 == "\t" }.map(String.init) }
}
