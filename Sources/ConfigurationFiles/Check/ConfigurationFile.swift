import CommandLineTables
import Linux
import OCI

/// A file of Hako's configuration as it stands: JSON, with comments and a comma after the last element.
public struct ConfigurationFile: Sendable {
    public let path: String
    let bytes: [UInt8]
    let document: JSON

    /// - Throws: ``ConfigurationError`` where it can't be read, or is no JSON.
    public init(path: String) throws(ConfigurationError) {
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try FileDescriptor.contents(of: path, limit: 4 << 20) } catch {
            throw .unreadable(path: path, error)
        }
        try self.init(path: path, bytes: bytes)
    }

    init(path: String, bytes: [UInt8]) throws(ConfigurationError) {
        self.path = path
        self.bytes = bytes
        do throws(JSONError) { document = try JSON(parsing: bytes, limits: .commented) } catch {
            throw .wrong(Self.locate(Finding(.offset(error.location), error.reason), path: path, bytes: bytes))
        }
    }

    /// All that is wrong, in the order of the file, by the table of keys alone.
    public func findings() -> [Finding] {
        guard let members = document.object?.members else {
            return [Finding(.steps([], ofName: false), "the configuration must be an object")]
        }
        return members.flatMap { name, value in Self.findings(name, value) }
    }

    public func located(_ finding: Finding) -> LocatedFinding { Self.locate(finding, path: path, bytes: bytes) }

    static func findings(_ name: String, _ value: JSON) -> [Finding] {
        if let key = ConfigurationKey.named(name) { return key.shape.findings(value, at: [.member(name)]) }
        if let key = DockerKey.named(name) {
            guard !key.acceptedValues.contains(value) else { return [] }
            let verb = key.isRefused ? "is not supported" : "means nothing here"
            return [Finding(.steps([.member(name)], ofName: true), "\"\(name)\" \(verb): \(key.reason)", isError: key.isRefused)]
        }
        let names = ConfigurationKey.all.map(\.name)
        let nearest =
            ConfigurationKey.otherNames[name] ?? Suggestion.nearest(to: name, among: names)
            ?? Suggestion.nearest(to: name, among: DockerKey.all.map(\.name))
        return [Finding.unknown(name, at: [.member(name)], what: "key of the configuration", nearest: nearest)]
    }

    private static func locate(_ finding: Finding, path: String, bytes: [UInt8]) -> LocatedFinding {
        let location: JSONLocation =
            switch finding.place {
            case .offset(let location): location
            case .steps(let steps, let ofName):
                JSON.location(of: steps, ofName: ofName, in: bytes, limits: .commented) ?? .start
            }
        let newline = UInt8(ascii: "\n")
        let first = location.offset - (location.column - 1)
        let line = bytes[first...].prefix { $0 != newline }
        return LocatedFinding(
            path: path, line: location.line, column: location.column, finding: finding,
            lineText: String(decoding: line, as: UTF8.self))
    }
}

extension Finding {
    static func unknown(_ name: String, at path: [JSONStep], what: String, nearest: String?) -> Finding {
        let proposal = nearest.map { "; did you mean \"\($0)\"?" } ?? ""
        return Finding(.steps(path, ofName: true), "\"\(name)\" is no \(what)\(proposal)")
    }
}
