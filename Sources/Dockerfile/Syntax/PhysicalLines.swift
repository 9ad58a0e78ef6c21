/// The lines of a file as they stand there.
struct PhysicalLines {
    /// BuildKit's scanner takes no longer line.
    static let longest = 65_535

    private let bytes: [UInt8]
    private var offset: Int
    /// Of the line read last, from 1; 0 before the first.
    private(set) var number = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // A byte order mark is part of no line.
        offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The next line with its line end; nil after the last.
    mutating func next() throws(DockerfileError) -> ArraySlice<UInt8>? {
        guard offset < bytes.count else { return nil }
        let start = offset
        var end = start
        while end < bytes.count, bytes[end] != .newline { end += 1 }
        number += 1
        guard end - start <= Self.longest else {
            throw DockerfileError(
                "dockerfile line greater than max allowed size of \(Self.longest)", lines: [number...number],
                at: Dockerfile.Position(line: number, column: 1))
        }
        offset = min(end + 1, bytes.count)
        return bytes[start..<offset]
    }
}

/// Says where in the file a byte of a joined line stands.
struct SourceMap: Hashable, Sendable {
    /// The piece that begins at `offset` was cut out of `line` at `column`.
    struct Piece: Hashable, Sendable {
        var offset: Int
        let line: Int
        let column: Int
    }

    private(set) var pieces: [Piece] = []

    init() {}

    /// All of the text stands at one place.
    init(at position: Dockerfile.Position) { pieces = [Piece(offset: 0, line: position.line, column: position.column)] }

    mutating func append(offset: Int, line: Int, column: Int) {
        pieces.append(Piece(offset: offset, line: line, column: column))
    }

    /// Takes away the first `count` bytes of the text.
    mutating func dropFirst(_ count: Int) {
        guard count > 0, let last = pieces.lastIndex(where: { $0.offset <= count }) else { return }
        let piece = pieces[last]
        let cut = Piece(offset: 0, line: piece.line, column: piece.column + count - piece.offset)
        pieces =
            [cut] + pieces[(last + 1)...].map { Piece(offset: $0.offset - count, line: $0.line, column: $0.column) }
    }

    func position(of offset: Int, in text: String) -> Dockerfile.Position {
        guard let piece = pieces.last(where: { $0.offset <= offset }) ?? pieces.first else {
            return Dockerfile.Position(line: 1, column: 1)
        }
        let before = text.utf8.dropFirst(piece.offset).prefix(max(0, offset - piece.offset))
        let characters = before.reduce(0) { $0 + ($1.beginsCharacter ? 1 : 0) }
        return Dockerfile.Position(line: piece.line, column: piece.column + characters)
    }
}
