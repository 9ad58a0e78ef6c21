import Glibc
import Linux
import OCI

/// What the machine's owner says about registries: `/etc/hako/config.json`.
///
/// ```json
/// {
///   "registry-mirrors": ["https://mirror.example.com"],         // for docker.io, as in Docker's daemon.json
///   "insecure-registries": ["registry.local:5000", "10.0.0.0/8"],
///   "registries": {
///     "docker.io": {"mirrors": ["http://127.0.0.1:5000"]},
///     "registry.example.com": {"insecure": false, "tokenServers": ["https://sso.example.com"]}
///   }
/// }
/// ```
public struct RegistryConfiguration: Sendable {
    /// Where it is unless `--config` or `HAKO_CONFIG` says otherwise.
    public static let defaultPath = "/etc/hako/config.json"

    /// By registry, `docker.io` under that name.
    private var mirrors: [String: [HTTPURL.Origin]] = [:]
    private var insecure: Set<String> = []
    private var insecureNetworks: [(network: IPAddress, prefixLength: Int)] = []
    private var tokenServers: [String: Set<HTTPURL.Origin>] = [:]

    public init() {}

    /// - Parameter path: Nil for the default, which need not exist; a path that was given must.
    public init(path: String?) throws(RegistryError) {
        self.init()
        let file = path ?? Self.defaultPath
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try FileDescriptor.contents(of: file, limit: 4 << 20) } catch {
            guard path == nil, error.errno == .noSuchFile else {
                throw RegistryError(on: file, .invalidConfiguration("\(error.errno)"))
            }
            return
        }
        try parse(bytes, path: file)
    }

    mutating func parse(_ bytes: [UInt8], path: String) throws(RegistryError) {
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: bytes, limits: .commented) } catch {
            throw RegistryError(on: path, .invalidConfiguration("\(error)"))
        }
        do throws(Complaint) { try read(json) } catch {
            throw RegistryError(on: path, .invalidConfiguration(error.text))
        }
    }

    /// Calls one more registry insecure: for who asks for it on the command line.
    ///
    /// - Parameter registry: `HOST[:PORT]`, of a name that was parsed.
    public mutating func addInsecure(registry: String) { insecure.insert(registry.lowercased()) }

    /// Mirrors to ask before `registry`, in this order.
    public func mirrors(of registry: String) -> [HTTPURL.Origin] { mirrors[registry] ?? [] }

    /// Whether `origin` may speak plain HTTP, or HTTPS with a certificate that nobody vouches for.
    func isInsecure(_ origin: HTTPURL.Origin) -> Bool {
        if insecure.contains(origin.authority) || insecure.contains("\(origin.host):\(origin.port)") { return true }
        guard let address = IPAddress(origin.host) else { return false }
        return insecureNetworks.contains { address.matches($0.network, prefixLength: $0.prefixLength) }
    }

    /// Whether the login for `registry` may be shown to the token server at `realm`, beyond the registry's own host.
    func allows(tokenServer realm: HTTPURL.Origin, for registry: String) -> Bool {
        tokenServers[registry]?.contains(realm) ?? false
    }

    private struct Complaint: Error { let text: String }

    private mutating func read(_ json: JSON) throws(Complaint) {
        guard json.object != nil else { throw Complaint(text: "it must be an object") }
        mirrors["docker.io", default: []] += try Self.origins(json["registry-mirrors"], "registry-mirrors")
        for name in try Self.strings(json["insecure-registries"], "insecure-registries") { try addInsecure(name) }
        guard let registries = json["registries"] else { return }
        guard let members = registries.object?.members else { throw Complaint(text: "registries must be an object") }
        for (name, value) in members {
            let registry = name.lowercased()
            mirrors[registry, default: []] += try Self.origins(value["mirrors"], "registries.\(name).mirrors")
            tokenServers[registry, default: []].formUnion(
                try Self.origins(value["tokenServers"], "registries.\(name).tokenServers"))
            if value["insecure"]?.bool == true { try addInsecure(registry) }
        }
    }

    private mutating func addInsecure(_ text: String) throws(Complaint) {
        if let slash = text.firstIndex(of: "/"), let network = IPAddress(String(text[..<slash])),
            let length = Int(text[text.index(after: slash)...]), (0...network.bytes.count * 8).contains(length)
        {
            insecureNetworks.append((network, length))
            return
        }
        guard HostName.origin(of: Array(text.utf8)[...], isEncrypted: true) != nil else {
            throw Complaint(text: "\(ForeignText.escaped(text)) is no HOST[:PORT] and no network")
        }
        insecure.insert(text.lowercased())
    }

    private static func strings(_ value: JSON?, _ name: String) throws(Complaint) -> [String] {
        guard let value else { return [] }
        guard let elements = value.array else { throw Complaint(text: "\(name) must be an array of strings") }
        var strings: [String] = []
        for element in elements {
            guard let string = element.string else { throw Complaint(text: "\(name) must be an array of strings") }
            strings.append(string)
        }
        return strings
    }

    private static func origins(_ value: JSON?, _ name: String) throws(Complaint) -> [HTTPURL.Origin] {
        var origins: [HTTPURL.Origin] = []
        for text in try strings(value, name) {
            guard let url = HTTPURL(text), url.target == "/" else {
                throw Complaint(
                    text: "\(name): \(ForeignText.escaped(text)) is not http://HOST[:PORT] or https://HOST[:PORT]")
            }
            origins.append(url.origin)
        }
        return origins
    }
}
