import Linux
import OCI

/// Which of its two outputs a container wrote to.
enum LogStream: String {
    case stdout, stderr
}

/// Cuts one stream into what becomes records: lines with their end, and pieces of at most 16 KiB of longer ones, as Docker
/// has it. What has no line end yet is kept.
struct LineSplitter {
    /// In bytes, of one record's text.
    static let pieceLimit = 16 << 10

    private var kept: [UInt8] = []
    /// When the first byte of what is kept, or of the line that it continues, arrived: all pieces of a line have one time.
    private var lineTime: Timestamp?

    mutating func append(
        _ bytes: ArraySlice<UInt8>, at time: Timestamp, _ emit: (ArraySlice<UInt8>, Timestamp) -> Void
    ) {
        var start = bytes.startIndex
        while let end = bytes[start...].place(of: UInt8(ascii: "\n")) {
            if kept.isEmpty {
                emitPieces(bytes[start...end], lineTime ?? time, emit)
            } else {
                kept.append(contentsOf: bytes[start...end])
                emitPieces(kept[...], lineTime ?? time, emit)
                kept.removeAll(keepingCapacity: true)
            }
            lineTime = nil
            start = end + 1
        }
        guard start < bytes.endIndex else { return }
        lineTime = lineTime ?? time
        kept.append(contentsOf: bytes[start...])
        while kept.count >= Self.pieceLimit { kept.removeFirst(emitPiece(kept[...], lineTime ?? time, emit)) }
    }

    /// The stream has ended: what is kept becomes a record without a line end.
    mutating func finish(_ emit: (ArraySlice<UInt8>, Timestamp) -> Void) {
        if !kept.isEmpty, let lineTime { emitPieces(kept[...], lineTime, emit) }
        kept = []
        lineTime = nil
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
