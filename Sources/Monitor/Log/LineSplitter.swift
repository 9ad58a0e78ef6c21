import Linux
import OCI

/// Which of its two outputs a container wrote to.
enum LogStream: String {
    case stdout, stderr
}

/// Cuts one stream into what becomes records: lines with their end, several at once where they came so, and pieces of at most
/// 16 KiB of longer ones, as Docker has it. What has no line end yet is kept.
struct LineSplitter {
    /// In bytes, of one record's text.
    static let pieceLimit = 16 << 10

    private var kept: [UInt8] = []
    /// When the first byte of what is kept, or of the line that it continues, arrived: all pieces of a line have one time.
    private var lineTime: Timestamp?

    mutating func append(
        _ bytes: ArraySlice<UInt8>, at time: Timestamp, _ emit: (ArraySlice<UInt8>, Timestamp) -> Void
    ) {
        var rest = bytes
        if let begun = lineTime, let end = rest.place(of: UInt8(ascii: "\n")) {
            kept.append(contentsOf: rest[...end])
            emitPieces(kept[...], begun, emit)
            kept.removeAll(keepingCapacity: true)
            lineTime = nil
            rest = rest[(end + 1)...]
        }
        if lineTime == nil, let last = rest.lastIndex(of: UInt8(ascii: "\n")) {
            emitLines(rest[...last], time, emit)
            rest = rest[(last + 1)...]
        }
        guard !rest.isEmpty else { return }
        lineTime = lineTime ?? time
        kept.append(contentsOf: rest)
        while kept.count >= Self.pieceLimit { kept.removeFirst(emitPiece(kept[...], lineTime ?? time, emit)) }
    }

    /// The stream has ended: what is kept becomes a record without a line end.
    mutating func finish(_ emit: (ArraySlice<UInt8>, Timestamp) -> Void) {
        if !kept.isEmpty, let lineTime { emitPieces(kept[...], lineTime, emit) }
        kept = []
        lineTime = nil
    }

    /// Whole lines: at once where none of them can be too long.
    private func emitLines(
        _ lines: ArraySlice<UInt8>, _ time: Timestamp, _ emit: (ArraySlice<UInt8>, Timestamp) -> Void
    ) {
        guard lines.count > Self.pieceLimit else { return emit(lines, time) }
        var rest = lines
        while !rest.isEmpty {
            let line = rest[..<rest.endOfLine]
            emitPieces(line, time, emit)
            rest = rest[line.endIndex...]
        }
    }

    private func emitPieces(
        _ line: ArraySlice<UInt8>, _ time: Timestamp, _ emit: (ArraySlice<UInt8>, Timestamp) -> Void
    ) {
        var rest = line
        while rest.count > Self.pieceLimit { rest = rest.dropFirst(emitPiece(rest, time, emit)) }
        emit(rest, time)
    }

    /// One piece, not through a character where that can be helped. Returns its length.
    private func emitPiece(
        _ bytes: ArraySlice<UInt8>, _ time: Timestamp, _ emit: (ArraySlice<UInt8>, Timestamp) -> Void
    ) -> Int {
        let piece = bytes.prefix(Self.pieceLimit)
        let length = piece.count - UTF8Sequence.incompleteSuffix(of: piece)
        emit(piece.prefix(length), time)
        return length
    }
}

extension ArraySlice<UInt8> {
    /// Behind the first line and its end; behind all where it has none.
    var endOfLine: Int { place(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? endIndex }
}
