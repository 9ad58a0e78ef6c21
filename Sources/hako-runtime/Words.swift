import Runtime

/// A command line in runc's form: options, a command, its options, arguments.
struct Words {
    /// What was given of the options that take a value; of several, the last.
    private(set) var values: [String: String] = [:]
    /// The same for those that may be given again and again.
    private(set) var lists: [String: [String]] = [:]
    private(set) var flags: Set<String> = []
    private(set) var arguments: [String] = []

    /// Which options a command has, by their long names.
    struct Table {
        var valued: Set<String> = []
        var listed: Set<String> = []
        var flags: Set<String> = []
        /// `b` for `bundle`.
        var short: [Character: String] = [:]
    }

    /// Takes options up to the first word that is none; the rest are the arguments.
    ///
    /// - Throws: ``RuntimeError`` for an option that isn't in the table: none is ever passed over.
    init(_ words: [String], _ table: Table) throws(RuntimeError) {
        var rest = words[...]
        while let word = rest.first, word.hasPrefix("-"), word != "-" {
            rest = rest.dropFirst()
            if word == "--" { break }
            let (name, attached) = try Self.split(word, table)
            try take(name, attached, &rest, table)
        }
        arguments = Array(rest)
    }

    private static func split(_ word: String, _ table: Table) throws(RuntimeError) -> (String, String?) {
        let body = word.hasPrefix("--") ? word.dropFirst(2) : word.dropFirst()
        let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let attached = parts.count > 1 ? String(parts[1]) : nil
        // runc takes long names behind one dash, too.
        guard !word.hasPrefix("--"), let letter = parts[0].first, let long = table.short[letter] else {
            return (String(parts[0]), attached)
        }
        if parts[0].count == 1 { return (long, attached) }
        if table.valued.contains(long) || table.listed.contains(long) { return (long, String(body.dropFirst())) }
        return (String(parts[0]), attached)
    }

    private mutating func take(
        _ name: String, _ attached: String?, _ rest: inout ArraySlice<String>, _ table: Table
    ) throws(RuntimeError) {
        if table.flags.contains(name) {
            switch attached {
            case nil, "true": flags.insert(name)
            case "false": flags.remove(name)
            default: throw Self.usage("option --\(name) takes no value")
            }
            return
        }
        guard table.valued.contains(name) || table.listed.contains(name) else {
            throw Self.usage("unknown option --\(name)")
        }
        guard let value = attached ?? rest.popFirst() else { throw Self.usage("option --\(name) needs a value") }
        if table.listed.contains(name) { lists[name, default: []].append(value) } else { values[name] = value }
    }

    static func usage(_ reason: String) -> RuntimeError {
        RuntimeError(
            .invalid, cannot: "read the command line", because: reason, hint: "See hako-runtime --help")
    }

    /// The only argument.
    func single() throws(RuntimeError) -> String {
        guard arguments.count == 1, let argument = arguments.first else {
            throw Self.usage("expected one argument, the container's id")
        }
        return argument
    }

    func count(_ name: String) throws(RuntimeError) -> Int32 {
        guard let text = values[name] else { return 0 }
        guard let number = Int32(text), (0...1024).contains(number) else {
            throw Self.usage("option --\(name) needs a number from 0 to 1024")
        }
        return number
    }
}
