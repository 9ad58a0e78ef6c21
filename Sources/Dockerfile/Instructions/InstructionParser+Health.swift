/// HEALTHCHECK.
extension InstructionParser {
    func healthcheck() throws(DockerfileError) -> Dockerfile.Healthcheck {
        try needArguments()
        let flags = try self.flags([
            "interval": .text, "timeout": .text, "start-period": .text, "start-interval": .text, "retries": .text,
        ])
        let kind = syntax.arguments[0]
        let command = syntax.arguments.dropFirst().map(\.text)
        switch kind.text.uppercased() {
        case "NONE":
            guard command.isEmpty else { throw error("HEALTHCHECK NONE takes no arguments", at: syntax.arguments[1]) }
            return Dockerfile.Healthcheck(test: ["NONE"])
        case "CMD":
            guard !command.isEmpty else { throw error("Missing command after HEALTHCHECK CMD", at: kind) }
        default: throw error("Unknown type \(kind.text.uppercased().quoted) in HEALTHCHECK (try CMD)", at: kind)
        }
        var health = Dockerfile.Healthcheck(test: [syntax.isJSON ? "CMD" : "CMD-SHELL"] + command)
        health.interval = try duration("interval", flags)
        health.timeout = try duration("timeout", flags)
        health.startPeriod = try duration("start-period", flags)
        health.startInterval = try duration("start-interval", flags)
        health.retries = try retries(flags)
        return health
    }

    /// Nanoseconds: 0, or a millisecond at least, so that nobody asks for a probe in every nanosecond.
    private func duration(_ name: String, _ flags: InstructionFlags) throws(DockerfileError) -> Int64 {
        guard let word = flags.word(name), !word.text.isEmpty else { return 0 }
        let value: Int64
        do throws(DurationError) {
            value = try GoDuration.nanoseconds(word.text)
        } catch { throw self.error(error.message, at: word) }
        guard value == 0 || value >= 1_000_000 else {
            throw error("Interval \(name.quoted) cannot be less than 1ms", at: word)
        }
        return value
    }

    private func retries(_ flags: InstructionFlags) throws(DockerfileError) -> Int64 {
        guard let word = flags.word("retries"), !word.text.isEmpty else { return 0 }
        guard let value = Int64(word.text) else {
            throw error("strconv.ParseInt: parsing \(word.text.quoted): invalid syntax", at: word)
        }
        guard value <= Int64(Int32.max), value >= Int64(Int32.min) else {
            throw error("strconv.ParseInt: parsing \(word.text.quoted): value out of range", at: word)
        }
        guard value >= 0 else { throw error("--retries cannot be negative (\(value))", at: word) }
        return value
    }
}

struct DurationError: Error { let message: String }

/// Durations as Go's time.ParseDuration reads them: `1h30m`, `1.5s`, `-2ms`, `0`.
enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3_600e9),
    ]

    static func nanoseconds(_ text: String) throws(DurationError) -> Int64 {
        let invalid = DurationError(message: "time: invalid duration \(text.quoted)")
        var rest = Array(text.utf8)[...]
        let isNegative = rest.first == .dash
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        if rest.equals([UInt8(ascii: "0")]) { return 0 }
        guard !rest.isEmpty else { throw invalid }
        var sum = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isDigit || $0 == UInt8(ascii: ".") }
            let digits = number.filter(\.isDigit).count
            guard digits > 0, number.count - digits <= 1, let value = Double(padded(number)) else { throw invalid }
            rest = rest.dropFirst(number.count)
            let unit = String(rest.prefix { !$0.isDigit && $0 != UInt8(ascii: ".") })
            guard !unit.isEmpty else { throw DurationError(message: "time: missing unit in duration \(text.quoted)") }
            guard let factor = units.first(where: { $0.name == unit })?.nanoseconds else {
                throw DurationError(message: "time: unknown unit \(unit.quoted) in duration \(text.quoted)")
            }
            rest = rest.dropFirst(unit.utf8.count)
            sum += value * factor
        }
        guard let value = Int64(exactly: (isNegative ? -sum : sum).rounded(.towardZero)) else { throw invalid }
        return value
    }

    /// Swift reads neither `.5` nor `1.`.
    private static func padded(_ number: ArraySlice<UInt8>) -> String {
        let text = String(number)
        return (number.first == UInt8(ascii: ".") ? "0" : "") + text + (number.last == UInt8(ascii: ".") ? "0" : "")
    }
}
