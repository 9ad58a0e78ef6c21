import Linux
import OCI

/// What a user says about Docker's command line: `~/.docker/config.json`, of which logins are the Registry module's.
public struct ClientConfiguration: Sendable {
    /// Formats of lists where `--format` says nothing, by key: `psFormat`.
    public private(set) var formats: [String: String] = [:]
    public private(set) var detachKeys: String?
    /// By the address of a daemon, or `default`.
    private var proxies: [String: ProxyVariables] = [:]
    /// The file; empty where there is none.
    public private(set) var path = ""

    public init() {}

    /// Reads `DIRECTORY/config.json`. One that isn't there says nothing; what is wrong with one that is, and is then left out,
    /// `warn` is told in Docker's words.
    public static func read(directory: String, warn: (String) -> Void) -> ClientConfiguration {
        let path = directory + "/config.json"
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try FileDescriptor.contents(of: path, limit: 4 << 20) } catch {
            if error.errno != .noSuchFile, error.errno != .notDirectory {
                warn("Error loading config file: open \(path): \(error.errno)")
            }
            return ClientConfiguration()
        }
        do throws(JSONError) {
            return try ClientConfiguration(JSON(parsing: bytes), path: path, warn: warn)
        } catch {
            warn("Error parsing config file (\(path)): \(error)")
            return ClientConfiguration()
        }
    }

    private init(_ json: JSON, path: String, warn: (String) -> Void) {
        self.path = path
        func text(_ name: String, _ value: JSON) -> String? {
            if let text = value.string { return text }
            if !value.isNull { warn("Error parsing config file (\(path)): \(name) must be a text") }
            return nil
        }
        for (name, value) in json.object?.members ?? [] {
            if Self.formatKeys.contains(name) {
                formats[name] = text(name, value)
            } else if name == "detachKeys" {
                detachKeys = text(name, value)
            } else if name == "proxies" {
                for (host, variables) in value.object?.members ?? [] { proxies[host] = ProxyVariables(variables) }
            }
        }
    }

    /// Those of commands that are there.
    static let formatKeys: Set<String> = ["psFormat", "imagesFormat", "volumesFormat", "statsFormat", "networksFormat"]

    /// The variables that a new container has beside its own: what was given goes first, a name alone included, in each of
    /// both spellings.
    ///
    /// - Parameter host: Of the daemon that Docker's client would ask; Docker chooses proxies by it.
    public func proxyVariables(host: String, beside given: [String]) -> [String] {
        guard let chosen = proxies[host] ?? proxies["default"] else { return [] }
        let names = Set(given.map { String($0.prefix { $0 != "=" }) })
        return chosen.variables.flatMap { name, value in [name, name.lowercased()].map { ($0, value) } }
            .filter { !$0.1.isEmpty && !names.contains($0.0) }.map { "\($0.0)=\($0.1)" }
    }
}

/// One member of `proxies`.
private struct ProxyVariables: Sendable {
    /// By their names in upper case.
    let variables: [(name: String, value: String)]

    init(_ json: JSON) {
        let keys = [
            ("ALL_PROXY", "allProxy"), ("FTP_PROXY", "ftpProxy"), ("HTTPS_PROXY", "httpsProxy"), ("HTTP_PROXY", "httpProxy"),
            ("NO_PROXY", "noProxy"),
        ]
        variables = keys.map { ($0.0, json[$0.1]?.string ?? "") }
    }
}
