/// A Dockerfile: its directives, the ARGs before the first FROM, and its stages.
///
/// Words that hold variables are kept as they are written; ``StageScope`` expands them.
public struct Dockerfile: Hashable, Sendable {
    public let directives: Directives
    /// The ARG instructions before the first FROM.
    public let globalArguments: [Statement]
    /// At least one.
    public let stages: [Stage]

    /// Reads a whole file.
    ///
    /// Time and memory grow with its length and no faster. The file is UTF-8; comments and the bodies of heredocs may hold
    /// anything.
    /// - Throws: What BuildKit's parser refuses, and what would be lost: bytes that aren't UTF-8, and NUL.
    public init(parsing bytes: [UInt8]) throws(DockerfileError) {
        guard !bytes.isEmpty else { throw DockerfileError("the Dockerfile cannot be empty") }
        var reader = LineReader(bytes)
        var globalArguments: [Statement] = []
        var stages: [Stage] = []
        while let (source, parsed) = try reader.instruction() {
            switch parsed {
            case .from(let from):
                stages.append(Stage(index: stages.count, from: from, source: source))
            case .other(let instruction):
                let statement = Statement(instruction: instruction, source: source)
                if !stages.isEmpty {
                    stages[stages.count - 1].statements.append(statement)
                } else if case .arg = instruction {
                    globalArguments.append(statement)
                } else {
                    throw DockerfileError(
                        "no build stage in current context", lines: [source.lines], at: source.position)
                }
            }
        }
        guard !stages.isEmpty else {
            let line = max(1, reader.lineNumber)
            let message =
                globalArguments.isEmpty ? "file with no instructions" : "dockerfile contains no stages to build"
            throw DockerfileError(message, lines: [line...line], at: Position(line: line, column: 1))
        }
        directives = reader.directives
        self.globalArguments = globalArguments
        self.stages = stages
    }

    public init(parsing text: String) throws(DockerfileError) { try self.init(parsing: Array(text.utf8)) }
}

extension Dockerfile {
    /// Where an instruction is written, and how.
    public struct Source: Hashable, Sendable {
        /// As it is written: `RUN`, `run`.
        public let keyword: String
        /// The instruction with its continuation lines joined, without the bodies of heredocs.
        public let text: String
        /// From the first to the last, the bodies of heredocs included; from 1.
        public let lines: ClosedRange<Int>
        /// The comments right above it, without `#`.
        public let comments: [String]
        /// A blank line stood inside it.
        public let hasEmptyContinuation: Bool
        /// The lines of the first part alone: without the bodies of heredocs.
        let lastLineOfText: Int
        let map: SourceMap

        /// Where it begins.
        public var position: Position { map.position(of: 0, in: text) }

        /// Where `word` is written in it; where it begins when that can't be told.
        func position(ofWord word: String) -> Position {
            guard let offset = text.offset(of: word) else { return position }
            return map.position(of: offset, in: text)
        }

        func error(_ message: String, at word: String? = nil, suggestion: String? = nil) -> DockerfileError {
            DockerfileError(
                message, lines: [lines], at: word.map { position(ofWord: $0) } ?? position, suggestion: suggestion)
        }
    }

    /// An instruction of a stage, or an ARG before the first.
    public struct Statement: Hashable, Sendable {
        public let instruction: Instruction
        public let source: Source
        /// It came from an ONBUILD of the base; its lines are those of the FROM.
        public internal(set) var isTrigger = false

        /// What the progress shows for it, variables as they are written: `RUN make  install`.
        ///
        /// The keyword is in upper case. Of a script in a heredoc the first line is added in parentheses.
        public var title: String {
            var title = source.keyword.uppercased() + source.text.dropFirst(source.keyword.count)
            if case .run(let run) = instruction, case .script(let script) = run.command {
                title += " (\(script.summary))"
            }
            return title
        }
    }

    /// `FROM base AS name` and what follows it.
    public struct Stage: Hashable, Sendable {
        /// From 0.
        public let index: Int
        /// In lower case; nil where it has none.
        public let name: String?
        /// The base, unexpanded.
        public let base: String
        /// What `--platform` says, unexpanded.
        public let platform: String?
        /// Of the FROM.
        public let source: Source
        public internal(set) var statements: [Statement] = []
        /// `Builder` and `As`, as they are written.
        let nameAsWritten: String?
        let asKeyword: String?

        init(index: Int, from: From, source: Source) {
            self.index = index
            name = from.name?.lowercased()
            base = from.base
            platform = from.platform
            self.source = source
            nameAsWritten = from.name
            asKeyword = from.asKeyword
        }

        /// Its name, else `stage-2`.
        public var displayName: String { name ?? "stage-\(index)" }
    }
}

extension String {
    /// The offset in bytes of the first place where `part` stands.
    fileprivate func offset(of part: String) -> Int? {
        let text = Array(utf8)
        let part = Array(part.utf8)
        guard let first = part.first, part.count <= text.count else { return nil }
        // Words are short; a bound keeps a long one in a long line from costing their product.
        guard part.count <= 256 else { return nil }
        for offset in 0...(text.count - part.count) where text[offset] == first {
            if text[offset..<(offset + part.count)].elementsEqual(part) { return offset }
        }
        return nil
    }
}
