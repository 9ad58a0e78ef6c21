/// Lines joined at their continuations, without comments: the text of one instruction.
struct LogicalLine {
    var text: String
    var map: SourceMap
    var lines: ClosedRange<Int>
    var comments: [String]
    var hasEmptyContinuation: Bool
}

/// Reads a file instruction by instruction, in one pass.
struct LineReader {
    private var physical: PhysicalLines
    private var directiveParser = DirectiveParser()
    /// Those right above the next instruction.
    private var comments: [String] = []

    /// The text is that of an ONBUILD: its lines aren't the file's, and errors don't tell them.
    private let isTrigger: Bool

    init(_ bytes: [UInt8], isTrigger: Bool = false) {
        physical = PhysicalLines(bytes)
        self.isTrigger = isTrigger
    }

    var directives: Dockerfile.Directives { directiveParser.directives }
    var escape: UInt8 { directives.escape }
    var lineNumber: Int { physical.number }

    /// The next instruction with its heredocs; nil at the end of the file.
    mutating func instruction() throws(DockerfileError) -> (Dockerfile.Source, ParsedInstruction)? {
        guard let line = try logicalLine() else { return nil }
        let syntax = try InstructionSyntax(line, escape: escape)
        var heredocs: [Dockerfile.Heredoc] = []
        for word in try syntax.heredocWords() { heredocs.append(try heredoc(word, of: line)) }
        let source = Dockerfile.Source(
            keyword: syntax.keyword.text, text: line.text, lines: line.lines.lowerBound...lineNumber,
            comments: line.comments, hasEmptyContinuation: line.hasEmptyContinuation,
            lastLineOfText: line.lines.upperBound, map: line.map)
        let parser = InstructionParser(syntax, heredocs: heredocs, source: source, isTrigger: isTrigger)
        return (source, try parser.parse())
    }

    /// The next line that isn't blank or a comment, with those that continue it.
    private mutating func logicalLine() throws(DockerfileError) -> LogicalLine? {
        while let whole = try physical.next() {
            let line = whole.withoutLineEnd.trimmedLeft
            if try directiveParser.takes(line, number: lineNumber) { continue }
            if line.isEmpty || line.first == .hash {
                note(comment: line)
                continue
            }
            return try joined(line, column: 1 + line.startIndex - whole.startIndex)
        }
        return nil
    }

    /// A blank line or an empty comment parts the comments above from what follows.
    private mutating func note(comment line: ArraySlice<UInt8>) {
        let text = line.dropFirst().trimmed
        if text.isEmpty { comments = [] } else { comments.append(String(text)) }
    }

    private mutating func joined(_ first: ArraySlice<UInt8>, column: Int) throws(DockerfileError) -> LogicalLine {
        let firstNumber = lineNumber
        var bytes: [UInt8] = []
        var map = SourceMap()
        var hasEmptyContinuation = false
        var (piece, continues) = withoutContinuation(first)
        map.append(offset: 0, line: firstNumber, column: column)
        bytes += piece
        while continues, let whole = try physical.next() {
            let line = whole.withoutLineEnd
            let visible = line.trimmedLeft
            if visible.first == .hash { continue }
            if visible.isEmpty {
                hasEmptyContinuation = true
                continue
            }
            (piece, continues) = withoutContinuation(line)
            map.append(offset: bytes.count, line: lineNumber, column: 1)
            bytes += piece
        }
        let blanks = bytes[...].trimmedLeft.startIndex
        map.dropFirst(blanks)
        defer { comments = [] }
        return LogicalLine(
            text: try text(bytes[blanks...].trimmedRight, map: map, lines: firstNumber...lineNumber), map: map,
            lines: firstNumber...lineNumber, comments: comments, hasEmptyContinuation: hasEmptyContinuation)
    }

    /// What is left of `line` when an escape character at its end continues it. One that is itself escaped doesn't.
    private func withoutContinuation(_ line: ArraySlice<UInt8>) -> (piece: ArraySlice<UInt8>, continues: Bool) {
        var end = line.endIndex
        while end > line.startIndex, line[end - 1] == .space || line[end - 1] == .tab { end -= 1 }
        guard end > line.startIndex, line[end - 1] == escape else { return (line, false) }
        if end - 1 > line.startIndex, line[end - 2] == escape { return (line, false) }
        return (line[..<(end - 1)], true)
    }

    /// Bytes that aren't text would be changed on their way to a shell or an image's configuration.
    private func text(
        _ bytes: ArraySlice<UInt8>, map: SourceMap, lines: ClosedRange<Int>
    ) throws(DockerfileError) -> String {
        func refuse(_ message: String, at offset: Int) -> DockerfileError {
            let before = String(bytes[..<offset])
            return DockerfileError(
                message, lines: [lines], at: map.position(of: offset - bytes.startIndex, in: before))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refuse("the Dockerfile isn't UTF-8 text", at: bytes.validPrefixEnd)
        }
        if let offset = bytes.firstIndex(of: 0) { throw refuse("the Dockerfile holds a NUL byte", at: offset) }
        return text
    }

    /// Reads the lines up to the one that ends `word`.
    private mutating func heredoc(_ word: HeredocWord, of line: LogicalLine) throws(DockerfileError)
        -> Dockerfile.Heredoc
    {
        let terminator = Array(word.name.utf8)[...]
        var body: [UInt8] = []
        while let whole = try physical.next() {
            let candidate = word.stripsTabs ? whole.withoutTabs : whole
            if candidate.withoutLineEnd.equals(terminator) {
                return Dockerfile.Heredoc(
                    name: word.name, body: body, isExpanded: !word.isQuoted, stripsTabs: word.stripsTabs)
            }
            body += whole
        }
        throw DockerfileError(
            "unterminated heredoc", lines: [line.lines.lowerBound...lineNumber],
            at: line.map.position(of: word.offset, in: line.text))
    }
}

extension ArraySlice<UInt8> {
    var withoutTabs: ArraySlice<UInt8> {
        var start = startIndex
        while start < endIndex, self[start] == .tab { start += 1 }
        return self[start...]
    }

    /// Where the first byte stands that is no part of a character in UTF-8.
    fileprivate var validPrefixEnd: Int {
        var decoder = UTF8.ForwardParser()
        var bytes = makeIterator()
        var offset = startIndex
        while case .valid(let character) = decoder.parseScalar(from: &bytes) { offset += character.count }
        return offset
    }
}
