import CommandLineTables
import Engine
import Glibc
import Linux
import OCI

/// Times in words, as Docker's lists have them.
enum Moment {
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// `5 minutes`
    static func since(_ nanoseconds: Int64) -> String {
        Units.duration(seconds: max(0, now.subtractingReportingOverflow(nanoseconds).partialValue) / 1_000_000_000)
    }

    /// `5 minutes ago`
    static func ago(_ nanoseconds: Int64) -> String { since(nanoseconds) + " ago" }

    /// `2024-05-01 14:00:00 +0200 CEST`, in this host's zone.
    static func local(_ nanoseconds: Int64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        tzset()
        guard localtime_r(&seconds, &parts) != nil else { return Timestamp(nanoseconds: nanoseconds).description }
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S %z %Z", &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// `2024-05-01T14:00:00+02:00`, in this host's zone.
    static func seconds(_ seconds: Int64) -> String {
        let stamp = stamp(seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
        guard let point = stamp.firstIndex(of: ".") else { return stamp }
        let zone = String(stamp[point...].dropFirst(10))
        return "\(stamp[..<point])\(zone == "+00:00" ? "Z" : zone)"
    }

    /// `2024-05-01T14:00:00.123456789+02:00`, in this host's zone.
    static func stamp(_ nanoseconds: Int64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        tzset()
        guard localtime_r(&seconds, &parts) != nil else { return Timestamp(nanoseconds: nanoseconds).description }
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let text = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fraction = String(nanoseconds % 1_000_000_000)
        let (sign, minutes) = (parts.tm_gmtoff < 0 ? "-" : "+", abs(parts.tm_gmtoff) / 60)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return text + "." + String(repeating: "0", count: 9 - fraction.utf8.count) + fraction
            + "\(sign)\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// RFC 3339 with all nine digits of the fraction, so that lines are as wide as one another.
    static func logTime(_ time: Timestamp) -> String {
        var text = time.description
        text.removeLast()
        let fraction = text.split(separator: ".").dropFirst().first.map(String.init) ?? ""
        if fraction.isEmpty { text += "." }
        return text + String(repeating: "0", count: 9 - fraction.utf8.count) + "Z"
    }

    /// A time as people and scripts give it: RFC 3339, whole or up to the day or minute (in UTC), seconds since 1970 with a
    /// fraction, or a duration, which is as long ago.
    static func parse(_ text: String) -> Timestamp? {
        let forms = [text, text + "Z", text + ":00Z", text + "T00:00:00Z"]
        for form in forms { if let moment = Timestamp(parsing: form) { return moment } }
        // Failing is an answer for both: it is the other form, or none.
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }), let nanoseconds = try? OptionValue.billionths(text) {
            return Timestamp(nanoseconds: nanoseconds)
        }
        guard let ago = try? OptionValue.nanoseconds(text) else { return nil }
        return Timestamp(nanoseconds: now.subtractingReportingOverflow(ago).partialValue)
    }
}

extension ParsedArguments {
    /// The time that an option has, as ``Moment/parse(_:)`` takes it; nil where it isn't given.
    func moment(_ option: String) throws -> Timestamp? {
        guard let text = value(option) else { return nil }
        if let moment = Moment.parse(text) { return moment }
        throw EngineError(
            .invalidArgument, "invalid value for \"\(option)\": \"\(text)\" is no time or duration",
            hint: "As in 2024-05-01T12:00:00Z, 1714564800 or 42m.")
    }
}
