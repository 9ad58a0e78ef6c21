import Linux
import OCI

/// Something about a configuration that is wrong, or means nothing.
public struct Finding: Sendable, Equatable {
    enum Place: Sendable, Equatable {
        /// A value, or its name, by the way to it.
        case steps([JSONStep], ofName: Bool)
        case offset(JSONLocation)
    }

    let place: Place
    /// One line: what is wrong, why, and what to write instead where that is known.
    public let message: String
    /// Whether the configuration can't be used so.
    public let isError: Bool

    init(_ place: Place, _ message: String, isError: Bool = true) {
        self.place = place
        self.message = message
        self.isError = isError
    }

    /// The key that it is about, or below which it is.
    var key: String? {
        guard case .steps(let steps, _) = place, case .member(let name)? = steps.first else { return nil }
        return name
    }

    /// About the value of a key.
    public init(of key: String, _ message: String) {
        self.init(.steps([.member(key)], ofName: false), "\"\(key)\": \(message)")
    }

    /// About a value below a key.
    public init(of key: String, _ member: String, _ message: String) {
        self.init(.steps([.member(key), .member(member)], ofName: false), "\"\(key).\(member)\": \(message)")
    }
}

/// A finding with where it is.
public struct LocatedFinding: Error, Sendable, Equatable, CustomStringConvertible {
    public let path: String
    public let line: Int
    public let column: Int
    public let finding: Finding
    /// The whole line of the file.
    public let lineText: String

    /// `/etc/hako/config.json:3:5: "bipp" is no key of the configuration; did you mean "bip"?`
    public var description: String { "\(path):\(line):\(column): \(finding.message)" }

    /// The line, and a mark below the place.
    public var excerpt: String {
        let before = lineText.utf8.prefix(column - 1).map { $0 == UInt8(ascii: "\t") ? "\t" : " " }
        return "    \(lineText)\n    \(before.joined())^\n"
    }
}

/// Why a configuration can't be used.
public enum ConfigurationError: Error, Sendable {
    case unreadable(path: String, SystemCallError)
    case wrong(LocatedFinding)
}
