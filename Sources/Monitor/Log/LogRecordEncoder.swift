import Linux
import MonitorProtocol
import OCI

/// Writes the records of a log's files.
struct LogRecordEncoder {
    private let format: LogDestination.LogFile.Format
    private let details: [UInt8]
    /// Kept, as many lines are read at once.
    private var ending: JSONLogRecord.Ending?

    init(_ settings: LogDestination.LogFile) {
        format = settings.format
        details = Array(settings.details.utf8)
    }

    /// Writes a record of each line, or of the text that is none, until there are `limit` bytes of records; one in any case.
    ///
    /// - Returns: How many bytes of the text they hold.
    @discardableResult
    mutating func append(
        _ text: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp, to records: inout [UInt8], until limit: Int = 0
    ) -> Int {
        var index = text.startIndex
        switch format {
        case .local:
            repeat {
                let end = text[index...].endOfLine
                LocalLogRecord.append(
                    text[index..<end], isError: stream == .stderr, time: time, details: details, to: &records)
                index = end
            } while index < text.endIndex && records.count < limit
        case .json:
            let ending = ending(stream, time)
            repeat {
                let next = records.appendPlainLines(
                    of: text, from: index, beginning: ending.beginning, ending: ending.ofLine, until: limit)
                index = next > index ? next : JSONLogRecord.append(text, from: index, ending, to: &records)
            } while index < text.endIndex && records.count < limit
        }
        return index - text.startIndex
    }

    private mutating func ending(_ stream: LogStream, _ time: Timestamp) -> JSONLogRecord.Ending {
        if let ending, ending.time == time, ending.stream == stream { return ending }
        let new = JSONLogRecord.Ending(stream, time, attributes: details)
        ending = new
        return new
    }

    /// How many bytes of `bytes` are whole records.
    func wholeRecords(_ bytes: ArraySlice<UInt8>) -> Int {
        switch format {
        case .json:
            return (bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.startIndex) - bytes.startIndex
        case .local:
            var end = bytes.startIndex
            while let length = LocalLogRecord.length(at: end, in: bytes),
                end + LocalLogRecord.size(length: length) <= bytes.endIndex
            {
                end += LocalLogRecord.size(length: length)
            }
            return end - bytes.startIndex
        }
    }

    /// How many records they are.
    func count(of bytes: ArraySlice<UInt8>) -> Int {
        switch format {
        case .json: return bytes.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        case .local: return LocalLogRecord.count(in: bytes)
        }
    }

    /// A host that went down in the middle of a write leaves half a record: a line gets an end, another is cut off.
    ///
    /// - Returns: The file's size.
    func repair(_ file: borrowing FileDescriptor) throws(SystemCallError) -> Int64 {
        let size = try file.status().size
        guard size > 0 else { return 0 }
        switch format {
        case .json:
            try file.seek(to: size - 1)
            guard try file.read(upTo: 1) != [UInt8(ascii: "\n")] else { return size }
            try file.writeAll("\n")
            return size + 1
        case .local: return try repairLocal(file, size)
        }
    }

    private func repairLocal(_ file: borrowing FileDescriptor, _ size: Int64) throws(SystemCallError) -> Int64 {
        let reach = Int64(LocalLogRecord.size(length: LocalLogRecord.limit))
        try file.seek(to: max(0, size - reach))
        let end = try file.read(upTo: Int(reach))[...]
        if let length = LocalLogRecord.length(at: end.endIndex - 4, in: end),
            end.count >= LocalLogRecord.size(length: length),
            LocalLogRecord(end.suffix(LocalLogRecord.size(length: length))) != nil
        {
            return size
        }
        var whole: Int64 = 0
        try file.seek(to: 0)
        var rest: [UInt8] = []
        while true {
            let chunk = try file.read(upTo: 1 << 20)
            rest += chunk
            let count = wholeRecords(rest[...])
            whole += Int64(count)
            rest.removeFirst(count)
            if chunk.isEmpty || (count == 0 && rest.count > reach) { break }
        }
        try file.truncate(to: whole)
        return whole
    }
}

/// Writes one record of Docker's json-file format: `{"log":"…\n","stream":"stdout","time":"…"}` and a line end.
///
/// Text is escaped as Docker's own encoder does it, so that nothing a container prints can look like a record of its own.
/// Bytes that are not UTF-8 become U+FFFD each, which loses them for Docker's readers; the whole piece is then there once
/// more as `raw`, in base64, which those pass over and ours prefer.
enum JSONLogRecord {
    /// What ends each record of one stream and time.
    struct Ending {
        let stream: LogStream
        let time: Timestamp
        /// What stands before the piece as `raw`, and what behind it.
        fileprivate let first: [UInt8]
        fileprivate let last: [UInt8]
        /// Of a whole line without `raw`.
        let ofLine: [UInt8]
        fileprivate let ofPiece: [UInt8]
        let beginning = Array(#"{"log":""#.utf8)

        /// - Parameter attributes: A JSON object, or nothing.
        init(_ stream: LogStream, _ time: Timestamp, attributes: [UInt8]) {
            self.stream = stream
            self.time = time
            first = Array((stream == .stdout ? #"","stream":"stdout""# : #"","stream":"stderr""#).utf8)
            var last: [UInt8] = []
            if !attributes.isEmpty {
                last += #","attrs":"#.utf8
                last += attributes
            }
            last += #","time":""#.utf8
            time.append(to: &last)
            last += "\"}\n".utf8
            self.last = last
            ofPiece = first + last
            ofLine = Array(#"\n"#.utf8) + ofPiece
        }
    }

    /// Writes the record of what begins at `index`: a line, or the rest of the text. Returns where that ends.
    static func append(
        _ text: ArraySlice<UInt8>, from index: Int, _ ending: Ending, to record: inout [UInt8]
    ) -> Int {
        record.append(contentsOf: ending.beginning)
        let plain = text.endOfPlainJSON(from: index)
        record.append(contentsOf: text[index..<plain])
        if plain < text.endIndex, text[plain] == UInt8(ascii: "\n") {
            record.append(contentsOf: ending.ofLine)
            return plain + 1
        }
        let end = text[plain...].endOfLine
        let isValid = appendEscaped(text[plain..<end], to: &record)
        if isValid {
            record.append(contentsOf: ending.ofPiece)
        } else {
            record.append(contentsOf: ending.first)
            record.append(contentsOf: #","raw":""#.utf8)
            record.append(contentsOf: Base64.encode(text[index..<end]).utf8)
            record.append(UInt8(ascii: "\""))
            record.append(contentsOf: ending.last)
        }
        return end
    }

    /// False if some bytes were not UTF-8.
    private static func appendEscaped(_ piece: ArraySlice<UInt8>, to record: inout [UInt8]) -> Bool {
        var isValid = true
        var index = piece.startIndex
        while index < piece.endIndex {
            let plain = piece.endOfPlainJSON(from: index)
            if plain > index { record.append(contentsOf: piece[index..<plain]) }
            guard plain < piece.endIndex else { break }
            index = plain
            let byte = piece[index]
            if byte < 0x80 {
                appendASCII(byte, to: &record)
                index += 1
                continue
            }
            let length = UTF8Sequence.length(at: index, in: piece)
            if length == 0 {
                isValid = false
                record.append(contentsOf: #"\ufffd"#.utf8)
                index += 1
            } else if length == 3, byte == 0xE2, piece[index + 1] == 0x80, piece[index + 2] & 0xFE == 0xA8 {
                // U+2028 and U+2029 end a line in JavaScript; Go escapes them, too.
                record.append(contentsOf: (piece[index + 2] == 0xA8 ? #"\u2028"# : #"\u2029"#).utf8)
                index += 3
            } else {
                record.append(contentsOf: piece[index..<index + length])
                index += length
            }
        }
        return isValid
    }

    private static func appendASCII(_ byte: UInt8, to record: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            record.append(UInt8(ascii: "\\"))
            record.append(byte)
        case 0x0A: record.append(contentsOf: #"\n"#.utf8)
        case 0x0D: record.append(contentsOf: #"\r"#.utf8)
        case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
            record.append(contentsOf: #"\u00"#.utf8)
            record.append(hex(byte >> 4))
            record.append(hex(byte & 0xF))
        default: record.append(byte)
        }
    }

    private static func hex(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
