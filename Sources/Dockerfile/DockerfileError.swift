/// Why a Dockerfile can't be built, in BuildKit's words where it has some, and where that is written.
public struct DockerfileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The whole sentence. Where BuildKit writes them, the place (`dockerfile parse error on line 2: `) and the proposed
    /// fix (` (did you mean RUN?)`) are part of it.
    public let message: String
    /// The lines of the instructions at fault, from 1; empty where no line is.
    public let lines: [ClosedRange<Int>]
    /// Where the mistake begins; nil where it has no place in the file (an unknown target).
    public let position: Dockerfile.Position?
    /// What was probably meant, alone.
    public let suggestion: String?

    public var line: Int? { position?.line }
    public var column: Int? { position?.column }
    public var description: String { message }

    public init(
        _ message: String, lines: [ClosedRange<Int>] = [], at position: Dockerfile.Position? = nil,
        suggestion: String? = nil
    ) {
        self.message = message
        self.lines = lines
        self.position = position
        self.suggestion = suggestion
    }

    /// The lines around the mistake, see ``Dockerfile/excerpt(of:marking:fileName:)``.
    public func excerpt(of source: [UInt8], fileName: String) -> String {
        Dockerfile.excerpt(of: source, marking: lines, fileName: fileName)
    }
}

extension Dockerfile {
    /// A place in the file.
    public struct Position: Hashable, Sendable {
        /// From 1.
        public let line: Int
        /// From 1, in characters (Unicode scalars) of that line.
        public let column: Int

        public init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }
}
