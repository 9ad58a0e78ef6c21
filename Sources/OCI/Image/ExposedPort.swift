/// Ports that a program in the image listens on.
public struct ExposedPort: Hashable, Sendable, CustomStringConvertible {
    public enum TransportProtocol: String, Hashable, Sendable { case tcp, udp, sctp }

    /// 1 to 65535, in order.
    public let ports: ClosedRange<UInt16>
    public let transport: TransportProtocol

    public init(_ ports: ClosedRange<UInt16>, _ transport: TransportProtocol) {
        self.ports = ports
        self.transport = transport
    }

    /// `80`, `80/tcp`, `8000-8010/udp`; nil for anything else. Without a protocol it is TCP.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let numbers = parts.first, parts.count <= 2 else { return nil }
        let name = parts.dropFirst().first.map { String($0)?.lowercased() ?? "" }
        guard let transport = name.map(TransportProtocol.init(rawValue:)) ?? .tcp else { return nil }
        let ends = numbers.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map(Self.port)
        guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else {
            return nil
        }
        self.init(first...last, transport)
    }

    private static func port(_ digits: Substring.UTF8View) -> UInt16? {
        guard !digits.isEmpty, digits.count <= 5, digits.allSatisfy(ASCII.isDigit), let text = String(digits),
            let number = UInt16(text), number > 0
        else { return nil }
        return number
    }

    public var description: String {
        let numbers =
            ports.lowerBound == ports.upperBound ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
        return "\(numbers)/\(transport.rawValue)"
    }
}

extension ExecutionConfig {
    /// The exposed ports. A range stays a range: how many of them may be published is the caller's to limit.
    public func ports() throws(FormatError) -> [ExposedPort] {
        var ports: [ExposedPort] = []
        for text in exposedPorts {
            guard let port = ExposedPort(text) else { throw FormatError("config.ExposedPorts", "has no such port: \(text)") }
            ports.append(port)
        }
        return ports
    }

    /// The volumes as clean paths in the container, each once: `/a/../../b//c` is `/b/c`, which no path leads out of.
    public func volumePaths() throws(FormatError) -> [String] {
        var paths: [String] = []
        var seen: Set<[UInt8]> = []
        for text in volumes {
            guard text.utf8.first == UInt8(ascii: "/"), !text.utf8.contains(0) else {
                throw FormatError("config.Volumes", "has a path that is not absolute: \(text)")
            }
            let path = ContainerPath.clean(text)
            guard path != "/" else { throw FormatError("config.Volumes", "must not hold the root directory") }
            if seen.insert(Array(path.utf8)).inserted { paths.append(path) }
        }
        return paths
    }
}

/// Paths inside a container, as texts.
public enum ContainerPath {
    /// Takes `.`, `..`, and repeated slashes out of an absolute path without looking at a file system; `..` at the
    /// root stays there. A relative path is taken from the root.
    public static func clean(_ path: String) -> String {
        var parts: [Substring.UTF8View] = []
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual(".".utf8) { continue }
            if part.elementsEqual("..".utf8) { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.map { String(Substring($0)) }.joined(separator: "/")
    }
}
