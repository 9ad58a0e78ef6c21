/// Splits a command's words into options and arguments, as pflag does for Docker's client.
struct OptionParser {
    var options: ParsedOptions
    /// The program's own options; those that are taken anywhere are looked up here too.
    var global: ParsedOptions
    let order: OptionOrder
    private(set) var positionals: [String] = []
    private(set) var wantsHelp = false
    private var words: ArraySlice<String>

    init(_ words: ArraySlice<String>, options: ParsedOptions, global: ParsedOptions, order: OptionOrder) {
        self.words = words
        self.options = options
        self.global = global
        self.order = order
    }

    mutating func parse() throws(CommandLineError) {
        while let word = words.popFirst() {
            let bytes = word.utf8
            guard bytes.first == UInt8(ascii: "-"), bytes.count > 1 else {
                positionals.append(word)
                if order == .mixed { continue }
                break
            }
            if word == "--" { break }
            if bytes.dropFirst().first == UInt8(ascii: "-") { try long(word) } else { try cluster(word) }
        }
        positionals.append(contentsOf: words)
        words = []
    }

    private mutating func long(_ word: String) throws(CommandLineError) {
        let body = word.utf8.dropFirst(2)
        guard let first = body.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "=") else {
            throw options.place.error(.badSyntax, "bad flag syntax: \(word)")
        }
        let equals = body.firstIndex(of: UInt8(ascii: "="))
        let name = String(word[body.startIndex..<(equals ?? body.endIndex)])
        let attached = equals.map { String(word[body.index(after: $0)...]) }
        guard let found = find({ $0.name == name }) else {
            if name == "help" {
                wantsHelp = attached.flatMap(OptionValue.bool) ?? true
                return
            }
            throw unknownOption(name)
        }
        if let attached { return try take(attached, for: found) }
        if option(found).kind == .flag { return try take("true", for: found) }
        guard let next = words.popFirst() else {
            throw options.place.error(.missingValue, "flag needs an argument: --\(name)")
        }
        try take(next, for: found)
    }

    /// `-it`, `-n5`, `-n=5`, `-n 5`: flags in a row, the last of which may take a value.
    private mutating func cluster(_ word: String) throws(CommandLineError) {
        var rest = word.unicodeScalars.dropFirst()
        while let letter = rest.first {
            let whole = String(rest)
            rest = rest.dropFirst()
            guard let found = find({ $0.short == String(letter) }) else {
                if letter == "h" {
                    wantsHelp = true
                    continue
                }
                throw unknownLetter(letter, in: whole, of: word)
            }
            if rest.first == "=", rest.count > 1 { return try take(String(rest.dropFirst()), for: found) }
            if option(found).kind == .flag {
                try take("true", for: found)
                continue
            }
            if !rest.isEmpty { return try take(String(rest), for: found) }
            guard let next = words.popFirst() else {
                throw options.place.error(.missingValue, "flag needs an argument: '\(letter)' in -\(whole)")
            }
            return try take(next, for: found)
        }
    }

    // MARK: Looking up

    private enum Found {
        case own(Int)
        case global(Int)
    }

    private func find(_ matches: (Option) -> Bool) -> Found? {
        if let index = options.table.firstIndex(where: matches) { return .own(index) }
        return global.table.firstIndex { $0.isTakenAnywhere && matches($0) }.map(Found.global)
    }

    private func option(_ found: Found) -> Option {
        switch found {
        case .own(let index): options.table[index]
        case .global(let index): global.table[index]
        }
    }

    private mutating func take(_ value: String, for found: Found) throws(CommandLineError) {
        let option = option(found)
        do { try option.kind.check(value) } catch {
            throw options.place.invalid(value, for: option, because: error.reason)
        }
        // A flag that is given as off asks for nothing that is missing.
        let asksForIt =
            option.kind == .flag
            ? OptionValue.bool(value) != option.isOnByDefault : !option.acceptedValues.contains(value)
        if let reason = option.reasonItIsUnsupported, asksForIt {
            throw options.place.error(.unsupportedOption, "--\(option.name) is not supported: \(reason)")
        }
        switch found {
        case .own(let index): options.add(value, to: index)
        case .global(let index): global.add(value, to: index)
        }
    }

    private func unknownOption(_ name: String) -> CommandLineError {
        let nearest = Suggestion.nearest(to: name, among: shownNames)
        return options.place.error(.unknownOption, "unknown flag: --\(name)", suggestion: nearest.map { "--\($0)" })
    }

    /// `-detach` for `--detach` is a long name that lost a dash; `-D` may be `-d`.
    private func unknownLetter(_ letter: UnicodeScalar, in whole: String, of word: String) -> CommandLineError {
        let name = String(word.unicodeScalars.dropFirst().prefix { $0 != "=" }.map(Character.init))
        var suggestion: String?
        if name.utf8.count > 2 {
            suggestion = Suggestion.nearest(to: name, among: shownNames).map { "--\($0)" }
        }
        if suggestion == nil {
            let other = letter.properties.isUppercase ? letter.properties.lowercaseMapping : letter.properties.uppercaseMapping
            suggestion = shown.first { $0.short == other }.map { "-\(other), --\($0.name)" }
        }
        return options.place.error(
            .unknownOption, "unknown shorthand flag: '\(letter)' in -\(whole)", suggestion: suggestion)
    }

    private var shown: [Option] { (options.table + global.table.filter(\.isTakenAnywhere)).filter { !$0.isHidden } }
    private var shownNames: [String] { shown.map(\.name) + ["help"] }
}
