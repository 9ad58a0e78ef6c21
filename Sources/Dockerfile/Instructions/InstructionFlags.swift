/// The flags of an instruction, judged by what it knows.
struct InstructionFlags {
    enum Kind { case text, boolean, list }

    private var values: [String: [Word]] = [:]

    /// - Throws: BuildKit's words for a flag that is unknown, given twice or has the wrong kind of value.
    init(
        _ words: [Word], known: KeyValuePairs<String, Kind> = [:], error: (String, Word, String?) -> DockerfileError
    ) throws(DockerfileError) {
        for word in words {
            let (flag, value) = word.text.split(atFirst: .equals) ?? (word.text, "")
            let hasValue = word.text.utf8.contains(.equals)
            let name = String(flag.dropFirst(2))
            guard let kind = known.first(where: { $0.key == name })?.value else {
                let suggestion = Suggestion.nearest(to: name, among: known.map(\.key))
                throw error("unknown flag: \(flag)", word, suggestion)
            }
            guard kind == .list || values[name] == nil else {
                throw error("duplicate flag specified: \(flag)", word, nil)
            }
            if kind == .boolean {
                guard !hasValue || !value.isEmpty else { throw error("missing a value on flag: \(flag)", word, nil) }
                guard ["true", "false", ""].contains(value.lowercased()) else {
                    throw error("expecting boolean value for flag \(flag), not: \(value)", word, nil)
                }
            } else {
                guard hasValue else { throw error("missing a value on flag: \(flag)", word, nil) }
            }
            values[name, default: []].append(Word(text: value, offset: word.offset))
        }
    }

    /// The value of a flag; nil where it isn't given. An empty one is as none.
    func text(_ name: String) -> String? {
        guard let text = values[name]?.first?.text, !text.isEmpty else { return nil }
        return text
    }

    /// Nil where the flag isn't given.
    func boolean(_ name: String) -> Bool? { values[name]?.first.map { $0.text.lowercased() != "false" } }

    func word(_ name: String) -> Word? { values[name]?.first }

    func list(_ name: String) -> [Word] { values[name] ?? [] }
}
