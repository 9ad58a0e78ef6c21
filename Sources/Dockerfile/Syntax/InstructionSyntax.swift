/// An instruction taken apart: keyword, flags and arguments, not judged yet.
///
/// BuildKit reads a whole file this far before it looks at what the instructions mean, and the words of its errors differ
/// between the two: here nothing is said about a "dockerfile parse error".
struct InstructionSyntax {
    /// `NAME=value`, or the older `NAME value`.
    struct Pair {
        let name: Word
        let value: String
        let isLegacy: Bool
    }

    let keyword: Word
    let flags: [Word]
    /// Those of ENV and LABEL are in ``pairs``; those of ONBUILD are the keyword of the trigger alone. In the shell form
    /// of a command they are one: the whole rest.
    private(set) var arguments: [Word] = []
    private(set) var pairs: [Pair] = []
    private(set) var isJSON = false
    /// Of ONBUILD.
    private(set) var trigger: [InstructionSyntax] = []
    let line: LogicalLine

    var name: String { keyword.text.uppercased() }

    init(_ line: LogicalLine, escape: UInt8) throws(DockerfileError) {
        try self.init(line, bytes: Array(line.text.utf8)[...], escape: escape, isTrigger: false)
    }

    private init(
        _ line: LogicalLine, bytes: ArraySlice<UInt8>, escape: UInt8, isTrigger: Bool
    ) throws(DockerfileError) {
        var end = bytes.startIndex
        while end < bytes.endIndex, !bytes[end].isBlank { end += 1 }
        keyword = Word(text: String(bytes[..<end]), offset: bytes.startIndex)
        let (flags, rest) = Words.flags(bytes[end...], escape: escape)
        self.flags = flags
        self.line = line
        try readArguments(rest.trimmed, escape: escape, isTrigger: isTrigger)
    }

    private mutating func readArguments(
        _ rest: ArraySlice<UInt8>, escape: UInt8, isTrigger: Bool
    ) throws(DockerfileError) {
        switch name {
        case "ADD", "COPY", "VOLUME":
            if try !readJSON(rest) { arguments = Words.byBlanks(rest) }
        case "EXPOSE", "FROM": arguments = Words.byBlanks(rest)
        case "ARG": arguments = Words.outsideQuotes(rest, escape: escape)
        case "ENV", "LABEL": try readPairs(rest, escape: escape)
        case "CMD", "ENTRYPOINT", "RUN", "SHELL":
            if try !readJSON(rest) { arguments = whole(rest) }
        case "HEALTHCHECK":
            guard let kind = Words.byBlanks(rest).first else { return }
            let command = rest[(kind.offset + kind.text.utf8.count)...].trimmedLeft
            if try !readJSON(command) { arguments = whole(command) }
            arguments.insert(kind, at: 0)
        case "MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR": arguments = whole(rest)
        case "ONBUILD" where !rest.isEmpty && !isTrigger:
            let inner = try InstructionSyntax(line, bytes: rest, escape: escape, isTrigger: true)
            trigger = [inner]
            arguments = [inner.keyword]
        default: break
        }
    }

    private func whole(_ rest: ArraySlice<UInt8>) -> [Word] {
        rest.isEmpty ? [] : [Word(text: String(rest), offset: rest.startIndex)]
    }

    /// False where the arguments are in the shell form.
    private mutating func readJSON(_ rest: ArraySlice<UInt8>) throws(DockerfileError) -> Bool {
        switch JSONArray(rest) {
        case .notAnArray: return false
        case .strings(let strings):
            arguments = strings.map { Word(text: $0, offset: rest.startIndex) }
            isJSON = true
            return true
        case .others:
            throw error("when using JSON array syntax, arrays must be comprised of strings only", at: rest.startIndex)
        }
    }

    private mutating func readPairs(_ rest: ArraySlice<UInt8>, escape: UInt8) throws(DockerfileError) {
        let words = Words.outsideQuotes(rest, escape: escape)
        guard let first = words.first else { return }
        guard first.text.utf8.contains(.equals) else {
            var end = rest.startIndex
            while end < rest.endIndex, !rest[end].isBlank { end += 1 }
            guard end < rest.endIndex else { throw error("\(name) must have two arguments", at: first.offset) }
            let key = Word(text: String(rest[..<end]), offset: rest.startIndex)
            pairs = [Pair(name: key, value: String(rest[end...].trimmedLeft), isLegacy: true)]
            return
        }
        for word in words {
            guard let (key, value) = word.text.split(atFirst: .equals) else {
                throw error(
                    "Syntax error - can't find = in \(word.text.quoted). Must be of the form: name=value",
                    at: word.offset)
            }
            pairs.append(Pair(name: Word(text: key, offset: word.offset), value: value, isLegacy: false))
        }
    }

    /// The heredocs that begin in this instruction: of RUN, COPY and ADD in the shell form, also behind ONBUILD.
    func heredocWords() throws(DockerfileError) -> [HeredocWord] {
        let instruction = trigger.first ?? self
        guard ["RUN", "COPY", "ADD"].contains(instruction.name), !instruction.isJSON else { return [] }
        guard line.text.utf8.contains(.less) else { return [] }
        return HeredocWord.all(in: line.text)
    }

    func position(_ offset: Int) -> Dockerfile.Position { line.map.position(of: offset, in: line.text) }

    private func error(_ message: String, at offset: Int) -> DockerfileError {
        DockerfileError(message, lines: [line.lines], at: position(offset))
    }
}
