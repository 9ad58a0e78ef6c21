import MonitorProtocol
import OCI

extension StartFailure {
    /// Reads a runtime's `--log-format json`: one object a line with `level` and `msg`; the last error is the cause. A log
    /// without one leaves the exit code to tell.
    public init(runtimeLog log: [UInt8], exitCode: Int32) {
        guard let found = Self.lastError(in: log) else {
            self.init(.system, "the runtime failed with exit code \(exitCode)")
            return
        }
        self.init(found.kind ?? Self.kind(of: found.message), found.message)
    }

    static func isLogged(in log: [UInt8]) -> Bool { lastError(in: log) != nil }

    private static func lastError(in log: [UInt8]) -> (message: String, kind: Kind?)? {
        var found: (message: String, kind: Kind?)?
        for line in log.split(separator: UInt8(ascii: "\n")) {
            guard let json = try? JSON(parsing: Array(line)), let text = json["msg"]?.string else { continue }
            let level = json["level"]?.string ?? "error"
            if level == "error" || level == "fatal" { found = (text, json["kind"]?.string.flatMap(Kind.init(rawValue:))) }
        }
        return found
    }

    /// Foreign runtimes tell the kind only in words; Docker, too, looks for these.
    private static func kind(of message: String) -> Kind {
        let bytes = Array(message.lowercasedASCII.utf8)
        func says(_ words: String) -> Bool { bytes.contains(words) }
        if says("executable file not found") || says("executable file `") || says("exec") && says("no such file") {
            return says("permission denied") ? .notExecutable : .notFound
        }
        let isAboutExec = says("exec") || says("open executable")
        if isAboutExec, says("permission denied") || says("exec format error") || says("is a directory") {
            return .notExecutable
        }
        return .system
    }
}

extension String {
    fileprivate var lowercasedASCII: String {
        String(decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate func contains(_ words: String) -> Bool {
        let words = Array(words.utf8)
        guard count >= words.count else { return false }
        return (0...(count - words.count)).contains { self[$0..<($0 + words.count)].elementsEqual(words) }
    }
}
