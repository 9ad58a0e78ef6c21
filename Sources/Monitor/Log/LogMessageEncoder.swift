import Glibc
import MonitorProtocol
import OCI

/// Writes records as messages of the journal's native protocol, or of syslog.
struct LogMessageEncoder {
    private let kind: LogDestination.LogSocket.Kind
    /// What all messages of the journal have.
    private let fields: [UInt8]
    private var stdout = PartialLine()
    private var stderr = PartialLine()

    init(_ kind: LogDestination.LogSocket.Kind) {
        self.kind = kind
        var fields: [UInt8] = []
        if case .journal(let pairs) = kind {
            for (name, value) in pairs.sorted(by: { $0.key < $1.key }) {
                JournalMessage.append(name, Array(value.utf8)[...], to: &fields)
            }
        }
        self.fields = fields
    }

    mutating func message(_ piece: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) -> [UInt8] {
        let isWhole = piece.last == UInt8(ascii: "\n")
        let text = isWhole ? piece.dropLast() : piece
        switch kind {
        case .journal:
            let part = stream == .stdout ? stdout.next(isLast: isWhole, time) : stderr.next(isLast: isWhole, time)
            return JournalMessage.bytes(text, of: stream, at: time, part, fields)
        case .syslog(let form): return form.message(text, of: stream, at: time)
        }
    }
}

/// Where in a line that is longer than a record a piece of it is.
struct PartialLine {
    struct Part {
        var id: String
        /// From 1.
        var ordinal: Int
        var isLast: Bool
    }

    private var ordinal = 0
    private var id = ""

    /// Nil for a line that is whole.
    mutating func next(isLast: Bool, _ time: Timestamp) -> Part? {
        if isLast, ordinal == 0 { return nil }
        if ordinal == 0 { id = String(time.nanoseconds, radix: 16) }
        ordinal += 1
        let part = Part(id: id, ordinal: ordinal, isLast: isLast)
        if isLast { ordinal = 0 }
        return part
    }
}

/// Messages as systemd's journal takes them: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.
enum JournalMessage {
    static func bytes(
        _ text: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp, _ part: PartialLine.Part?,
        _ fields: [UInt8]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count + fields.count + 100)
        append("MESSAGE", text, to: &bytes)
        // syslog(3): LOG_ERR and LOG_INFO.
        append("PRIORITY", Array((stream == .stderr ? "3" : "6").utf8)[...], to: &bytes)
        append("SYSLOG_TIMESTAMP", Array(time.description.utf8)[...], to: &bytes)
        if let part {
            append("CONTAINER_PARTIAL_ID", Array(part.id.utf8)[...], to: &bytes)
            append("CONTAINER_PARTIAL_ORDINAL", Array(String(part.ordinal).utf8)[...], to: &bytes)
            append("CONTAINER_PARTIAL_LAST", Array((part.isLast ? "true" : "false").utf8)[...], to: &bytes)
            if !part.isLast { append("CONTAINER_PARTIAL_MESSAGE", Array("true".utf8)[...], to: &bytes) }
        }
        bytes += fields
        return bytes
    }

    /// `NAME=value`, or, where the value holds a line end, the name, the value's length in 8 bytes and the value.
    static func append(_ name: String, _ value: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        bytes += name.utf8
        if value.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: UInt64(value.count) >> shift))
            }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value
        bytes.append(UInt8(ascii: "\n"))
    }
}

extension LogDestination.SyslogForm {
    /// One message with a line end, as Docker's driver writes it.
    func message(_ text: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) -> [UInt8] {
        let priority = Int(facility) << 3 | (stream == .stderr ? 3 : 6)
        let clock = SyslogClock(time)
        let head =
            switch format {
            case .unix: "<\(priority)>\(clock.short) \(tag)[\(getpid())]: "
            case .rfc3164: "<\(priority)>\(clock.short) \(hostName) \(tag)[\(getpid())]: "
            case .rfc5424: "<\(priority)>1 \(clock.long(digits: 0)) \(hostName) \(tag) \(getpid()) \(tag) - "
            case .rfc5424micro: "<\(priority)>1 \(clock.long(digits: 6)) \(hostName) \(tag) \(getpid()) \(tag) - "
            }
        return Array(head.utf8) + text + [UInt8(ascii: "\n")]
    }
}

/// A time in this host's zone.
private struct SyslogClock {
    private var parts = tm()
    private let nanoseconds: Int64

    init(_ time: Timestamp) {
        var seconds = time_t(time.nanoseconds / 1_000_000_000)
        nanoseconds = time.nanoseconds % 1_000_000_000
        localtime_r(&seconds, &parts)
    }

    /// `Jan  2 15:04:05`
    var short: String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = parts.tm_mday < 10 ? " \(parts.tm_mday)" : "\(parts.tm_mday)"
        return "\(months[Int(parts.tm_mon) % 12]) \(day) \(time)"
    }

    private var time: String { "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))" }

    /// RFC 3339 with so many digits of a second.
    func long(digits: Int) -> String {
        let fraction = String(nanoseconds + 1_000_000_000).dropFirst().prefix(digits)
        let (sign, minutes) = (parts.tm_gmtoff < 0 ? "-" : "+", CInt(abs(parts.tm_gmtoff) / 60))
        let zone = minutes == 0 ? "Z" : "\(sign)\(two(minutes / 60)):\(two(minutes % 60))"
        let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        return "\(date)T\(time)\(digits > 0 ? "." : "")\(fraction)\(zone)"
    }

    private func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
