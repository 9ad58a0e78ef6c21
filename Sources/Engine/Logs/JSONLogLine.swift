import Linux
import OCI

/// Reads records of Docker's json-file format.
struct JSONLogLine {
    /// Lines of one moment follow one another.
    private var lastTime: (text: [UInt8], value: Timestamp)?
    private static let plain = ByteSet { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }

    /// Nil for a line that is no record: a torn one after a crash, or one that a person added.
    mutating func record(_ line: ArraySlice<UInt8>) -> LogRecord? { quick(line) ?? Self.thorough(line) }

    /// The members in the order in which they are written, and nothing else.
    private mutating func quick(_ line: ArraySlice<UInt8>) -> LogRecord? {
        var rest = line
        guard Self.skip(#"{"log":""#, &rest), let text = Self.text(&rest), Self.skip(#","stream":"std"#, &rest) else {
            return nil
        }
        let stream: LogRecord.Stream = rest.first == UInt8(ascii: "e") ? .stderr : .stdout
        guard Self.skip(#"err","time":""#, &rest) || Self.skip(#"out","time":""#, &rest), rest.count > 2,
            rest.suffix(2).elementsEqual("\"}".utf8),
            let time = time(rest.dropLast(2))
        else { return nil }
        return LogRecord(stream, time, text)
    }

    private mutating func time(_ text: ArraySlice<UInt8>) -> Timestamp? {
        if let lastTime, lastTime.text.elementsEqual(text) { return lastTime.value }
        guard let value = Timestamp(parsing: String(decoding: text, as: UTF8.self)) else { return nil }
        lastTime = (Array(text), value)
        return value
    }

    private static func skip(_ literal: StaticString, _ rest: inout ArraySlice<UInt8>) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard rest.count >= count, rest.prefix(count).elementsEqual(literal.description.utf8) else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    /// A string up to its end, without escapes but the simple ones.
    private static func text(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var text: [UInt8] = []
        text.reserveCapacity(rest.count)
        while true {
            let count = plain.prefixLength(of: rest)
            text.append(contentsOf: rest.prefix(count))
            rest = rest.dropFirst(count)
            guard let mark = rest.popFirst() else { return nil }
            if mark == UInt8(ascii: "\"") { return text }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): text.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): text.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "t"): text.append(UInt8(ascii: "\t"))
            case let byte? where byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\"): text.append(byte)
            case UInt8(ascii: "u"):
                guard let byte = ascii(rest.prefix(4)) else { return nil }
                text.append(byte)
                rest = rest.dropFirst(4)
            default: return nil
            }
        }
    }

    /// `003c`; nil for what is not ASCII.
    private static func ascii(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard digits.count == 4, digits.prefix(2).elementsEqual("00".utf8) else { return nil }
        return UInt8(String(decoding: digits.suffix(2), as: UTF8.self), radix: 16).flatMap { $0 < 0x80 ? $0 : nil }
    }

    private static func thorough(_ line: ArraySlice<UInt8>) -> LogRecord? {
        guard let json = try? JSON(parsing: Array(line)), let text = json["log"]?.string,
            let time = json["time"]?.string.flatMap(Timestamp.init(parsing:))
        else { return nil }
        // Hako's own addition: what is not UTF-8 is in `log` only in part.
        let bytes = json["raw"]?.string.flatMap { Base64.decode($0) } ?? Array(text.utf8)
        return LogRecord(
            json["stream"]?.string == "stderr" ? .stderr : .stdout, time, bytes,
            details: json["attrs"].flatMap(\.stringMembers).map(LogDetails.text) ?? [])
    }
}
