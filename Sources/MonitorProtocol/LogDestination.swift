import OCI

/// Where a container's output goes. There is none for log driver `none`.
public enum LogDestination: Hashable, Sendable {
    case file(LogFile)
    case socket(LogSocket)

    /// Files in the container's directory: drivers `json-file` and `local`.
    public struct LogFile: Hashable, Sendable {
        public enum Format: String, Hashable, Sendable {
            /// A line of JSON each, as Docker writes it.
            case json = "json-file"
            /// ``LocalLogRecord``.
            case local
        }

        public var format: Format
        public var path: String
        /// In bytes: a record that would make the file longer goes into a new one. Nil for one file without a limit.
        public var maxSize: Int64?
        /// How many files there are at most: the current one and `path.1`, `path.2`, … . At least 1.
        public var maxFile: Int
        /// The words of a program that writes its standard input, compressed, to its standard output; the number of the input's
        /// inode, by which readers know it again, is added. Each `path.N` becomes `path.N.gz`. Empty leaves them as they are.
        public var compressor: [String] = []
        /// What `logs --details` shows of each record: a JSON object of strings for ``Format/json``, `name=value,…` for
        /// ``Format/local``; empty for nothing.
        public var details = ""

        public init(_ format: Format = .json, path: String, maxSize: Int64? = 10 << 20, maxFile: Int = 3) {
            self.format = format
            self.path = path
            self.maxSize = maxSize
            self.maxFile = maxFile
        }
    }

    /// Somebody who takes records one by one: drivers `journald` and `syslog`.
    public struct LogSocket: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// systemd's journal; with the fields that each record has beside its own.
            case journal(fields: [String: String])
            case syslog(SyslogForm)
        }

        public var kind: Kind
        public var address: LogAddress
        /// What may wait for a receiver that is slow, in bytes; then new records are lost. Nil has the container wait.
        public var bufferSize: Int64?

        public init(_ kind: Kind, address: LogAddress, bufferSize: Int64? = nil) {
            self.kind = kind
            self.address = address
            self.bufferSize = bufferSize
        }
    }

    /// How a record is written for syslog.
    public struct SyslogForm: Hashable, Sendable {
        public enum Format: String, Hashable, Sendable, CaseIterable {
            /// As a program of this host writes to `/dev/log`: without a host name.
            case unix = ""
            case rfc3164, rfc5424
            /// RFC 5424 with microseconds.
            case rfc5424micro
        }

        public var format: Format
        /// 0 to 23 (RFC 5424, table 1).
        public var facility: UInt8
        public var tag: String
        public var hostName: String

        public init(_ format: Format, facility: UInt8, tag: String, hostName: String) {
            self.format = format
            self.facility = facility
            self.tag = tag
            self.hostName = hostName
        }
    }
}

/// Who takes log records, as a URL says it: `unix:///dev/log`, `unixgram:///dev/log`, `udp://192.0.2.1:514`,
/// `tcp://[2001:db8::1]:514`.
public struct LogAddress: Hashable, Sendable, CustomStringConvertible {
    public enum Transport: String, Hashable, Sendable, CaseIterable { case unix, unixgram, udp, tcp }

    public var transport: Transport
    /// An absolute path, or the text of an IP address.
    public var host: String
    /// 0 for a path.
    public var port: UInt16

    public init(_ transport: Transport, host: String, port: UInt16 = 0) {
        self.transport = transport
        self.host = host
        self.port = port
    }

    /// Nil for what is no such URL; a port that is missing is syslog's, 514.
    public init?(parsing text: String) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"),
            let transport = Transport(rawValue: String(text[..<colon]))
        else { return nil }
        let rest = text[colon...].dropFirst(3)
        switch transport {
        case .unix, .unixgram:
            guard rest.hasPrefix("/"), rest.utf8.count > 1 else { return nil }
            self.init(transport, host: String(rest))
        case .udp, .tcp:
            guard let (host, port) = Self.hostAndPort(rest) else { return nil }
            self.init(transport, host: host, port: port)
        }
    }

    private static func hostAndPort(_ text: Substring) -> (String, UInt16)? {
        var (host, rest) = (text, Substring())
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            rest = text[colon...]
        }
        guard !host.isEmpty, rest.isEmpty || rest.hasPrefix(":") else { return nil }
        if rest.isEmpty { return (String(host), 514) }
        guard let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return (String(host), port)
    }

    public var description: String {
        switch transport {
        case .unix, .unixgram: "\(transport.rawValue)://\(host)"
        case .udp, .tcp: "\(transport.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }
}
