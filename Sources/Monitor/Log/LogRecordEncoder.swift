import OCI

/// Writes one record of Docker's json-file format: `{"log":"…\n","stream":"stdout","time":"…"}` and a line end.
///
/// Text is escaped as Docker's own encoder does it, so that nothing a container prints can look like a record of its own.
/// Bytes that are not UTF-8 become U+FFFD each, which loses them for Docker's readers; the whole piece is then there once
/// more as `raw`, in base64, which those pass over and ours prefer.
enum LogRecordEncoder {
    static func append(_ piece: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp, to record: inout [UInt8]) {
        record.append(contentsOf: #"{"log":""#.utf8)
        let isValid = appendEscaped(piece, to: &record)
        record.append(contentsOf: #"","stream":""#.utf8)
        record.append(contentsOf: stream.rawValue.utf8)
        record.append(UInt8(ascii: "\""))
        if !isValid {
            record.append(contentsOf: #","raw":""#.utf8)
            record.append(contentsOf: Base64.encode(piece).utf8)
            record.append(UInt8(ascii: "\""))
        }
        record.append(contentsOf: #","time":""#.utf8)
        time.append(to: &record)
        record.append(contentsOf: "\"}\n".utf8)
    }

    /// False if some bytes were not UTF-8.
    private static func appendEscaped(_ piece: ArraySlice<UInt8>, to record: inout [UInt8]) -> Bool {
        var isValid = true
        var index = piece.startIndex
        while index < piece.endIndex {
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

/// Where characters of UTF-8 begin and end. Unicode 15, table 3-7.
enum UTF8Sequence {
    /// Bytes of the character that starts at `index`; 0 if none does.
    static func length(at index: Int, in bytes: ArraySlice<UInt8>) -> Int {
        let first = bytes[index]
        let length = announcedLength(first)
        guard length > 0, index + length <= bytes.endIndex else { return 0 }
        if length == 1 { return 1 }
        let second = bytes[index + 1]
        let range: ClosedRange<UInt8> =
            switch first {
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0x80...0xBF
            }
        guard range.contains(second) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }

    private static func announcedLength(_ first: UInt8) -> Int {
        switch first {
        case 0..<0x80: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// How many bytes at the end are the beginning of a character that is not whole yet: 0 to 3.
    static func incompleteSuffix(of bytes: ArraySlice<UInt8>) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.endIndex - count]
            if byte & 0xC0 == 0x80 { continue }
            return announcedLength(byte) > count ? count : 0
        }
        return 0
    }
}
