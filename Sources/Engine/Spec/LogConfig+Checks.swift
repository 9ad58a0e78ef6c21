import GoTemplate
import Linux
import MonitorProtocol

extension LogConfig {
    /// The drivers that there are.
    public static let drivers = ["journald", "json-file", "local", "none", "syslog"]
    private static let tagging = ["env", "env-regex", "labels", "labels-regex", "tag"]
    private static let files = ["compress", "max-file", "max-size"]

    /// Checks the driver's name and all options, wherever they come from: a command line, or the configuration as the default of
    /// all containers. Nothing is opened or asked.
    ///
    /// - Throws: ``EngineError`` of kind `invalidArgument`, in Docker's words where it has any.
    public func validate() throws(EngineError) {
        // As Docker does: whoever switches the log off need not take the options out.
        guard type != "none" else { return }
        guard Self.drivers.contains(type) else {
            throw EngineError(
                .invalidArgument, "logger: no log driver named '\(type)' is registered",
                hint: "There are \(Self.drivers.joined(separator: ", ")).")
        }
        try validateMode()
        let known = knownOptions
        for name in options.keys.sorted() where !known.contains(name) {
            throw EngineError(
                .invalidArgument,
                "unknown log opt '\(name)' for \(type == "local" ? "log driver local" : "\(type) log driver")",
                hint: "It has \(known.sorted().joined(separator: ", ")).")
        }
        try LogTag.validate(options["tag"])
        for name in ["labels-regex", "env-regex"] {
            _ = try options[name].map { text throws(EngineError) in try LogPattern(text, of: name) }
        }
        switch type {
        case "json-file", "local": _ = try fileLimits()
        case "syslog": _ = try syslogForm(tag: "", hostName: ""); _ = try syslogAddress()
        default: break
        }
    }

    private var knownOptions: [String] {
        let common = ["max-buffer-size", "mode"] + Self.tagging
        return switch type {
        case "json-file", "local": common + Self.files
        case "syslog": common + ["syslog-address", "syslog-facility", "syslog-format"]
        default: common
        }
    }

    private func validateMode() throws(EngineError) {
        let mode = options["mode"] ?? ""
        guard ["", "blocking", "non-blocking"].contains(mode) else {
            throw EngineError(
                .invalidArgument, "logger: logging mode not supported: \(mode)",
                hint: "There are blocking and non-blocking.")
        }
        guard let text = options["max-buffer-size"] else { return }
        guard mode == "non-blocking" else {
            throw EngineError(
                .invalidArgument, "logger: max-buffer-size option is only supported with 'mode=non-blocking'")
        }
        guard let size = Self.bytes(text, unit: 1024), size > 0 else {
            throw EngineError(.invalidArgument, "error parsing option max-buffer-size: invalid size: '\(text)'")
        }
    }

    /// What may wait for a slow receiver, in bytes; nil has the container wait.
    var bufferSize: Int64? {
        guard options["mode"] == "non-blocking" else { return nil }
        return options["max-buffer-size"].flatMap { Self.bytes($0, unit: 1024) } ?? 1 << 20
    }

    // MARK: Files

    struct FileLimits: Hashable {
        /// In bytes; nil for no limit.
        var maxSize: Int64?
        var maxFile: Int
        var isCompressed: Bool
    }

    /// How long a log's files get, and how many there are. By default `local` has five of 20 MB, compressed, as in Docker, and
    /// `json-file` three of 10 MiB, where Docker has one without limit: no log fills a disk.
    func fileLimits() throws(EngineError) -> FileLimits {
        var limits =
            type == "local"
            ? FileLimits(maxSize: 20_000_000, maxFile: 5, isCompressed: true)
            : FileLimits(maxSize: 10 << 20, maxFile: 3, isCompressed: false)
        if let text = options["max-size"] {
            guard text == "-1" || Self.bytes(text, unit: 1000).map({ $0 > 0 }) ?? false else {
                throw EngineError(
                    .invalidArgument, "invalid value for max-size: \(text)", hint: "As in 10m, or -1 for none.")
            }
            limits.maxSize = Self.bytes(text, unit: 1000)
        }
        if let text = options["max-file"] {
            guard let count = Int(text), (1...1000).contains(count) else {
                throw EngineError(
                    .invalidArgument, "max-file cannot be less than 1: \(text)", hint: "Give a number from 1 to 1000.")
            }
            limits.maxFile = count
        }
        let isRotated = limits.maxFile > 1 && limits.maxSize != nil
        if let text = options["compress"] {
            guard let isOn = Self.flag(text) else {
                throw EngineError(
                    .invalidArgument, "invalid boolean value for compress: \(text)", hint: "Give true or false.")
            }
            if isOn, !isRotated {
                throw EngineError(
                    .invalidArgument, "compress cannot be true when max-file is less than 2 or max-size is not set")
            }
            limits.isCompressed = isOn
        }
        limits.isCompressed = limits.isCompressed && isRotated
        return limits
    }

    /// As Go's strconv.ParseBool.
    private static func flag(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }

    /// `20m`, `1.5k`, `10mb`: as go-units reads sizes, in thousands or in 1024s.
    static func bytes(_ text: String, unit: Int64) -> Int64? {
        let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
        var suffix = text.dropFirst(number.count).drop { $0 == " " }.lowercased()[...]
        if suffix.hasSuffix("b") { suffix.removeLast() }
        if suffix.hasSuffix("i") { suffix.removeLast() }
        guard let value = Double(number), let power = ["", "k", "m", "g", "t", "p"].firstIndex(of: suffix) else {
            return nil
        }
        let bytes = (0..<power).reduce(value) { product, _ in product * Double(unit) }
        return bytes < 9e18 ? Int64(bytes) : nil
    }

    // MARK: Syslog

    private static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    ]

    func syslogForm(tag: String, hostName: String) throws(EngineError) -> LogDestination.SyslogForm {
        guard let format = LogDestination.SyslogForm.Format(rawValue: options["syslog-format"] ?? "") else {
            throw EngineError(
                .invalidArgument, "Invalid syslog format", hint: "There are rfc3164, rfc5424 and rfc5424micro.")
        }
        let name = options["syslog-facility"] ?? "daemon"
        var facility = Self.facilities.firstIndex(of: name) ?? Int(name)
        if name.hasPrefix("local") {
            facility = Int(name.dropFirst(5)).flatMap { (0...7).contains($0) ? 16 + $0 : nil }
        }
        guard let facility, (0...23).contains(facility) else {
            throw EngineError(
                .invalidArgument, "invalid syslog facility",
                hint: "There are \(Self.facilities.joined(separator: ", ")), local0 to local7, and 0 to 23.")
        }
        return .init(format, facility: UInt8(facility), tag: tag, hostName: hostName)
    }

    /// Nil for the host's own `/dev/log`.
    func syslogAddress() throws(EngineError) -> LogAddress? {
        guard let text = options["syslog-address"], !text.isEmpty else { return nil }
        if text.hasPrefix("tcp+tls:") {
            throw EngineError(
                .invalidArgument, "syslog-address \(text): TLS is not available",
                hint: "Send to a syslog daemon or stunnel of this host, which encrypts: tcp://127.0.0.1:514.")
        }
        guard var address = LogAddress(parsing: text) else {
            throw EngineError(
                .invalidArgument, "syslog-address should be in form proto://address, got \(text)",
                hint: "The protocols are unix, unixgram, udp and tcp.")
        }
        if address.host == "localhost" { address.host = "127.0.0.1" }
        guard address.transport == .unix || address.transport == .unixgram || IPAddress(address.host) != nil else {
            throw EngineError(
                .invalidArgument, "syslog-address \(text): names are not looked up",
                hint: "Give the receiver's IP address.")
        }
        return address
    }
}
