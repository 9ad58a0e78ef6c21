import Glibc
import Linux
import OCI

/// The logins of the user: Docker's `config.json` and the credential helpers that it names. Read when first asked.
public struct CredentialStore: Sendable {
    let path: String?
    let environment: [String: String]

    /// `$DOCKER_CONFIG/config.json`, else `$HOME/.docker/config.json`.
    public init(environment: [String: String]) {
        self.environment = environment
        if let directory = environment["DOCKER_CONFIG"], !directory.isEmpty {
            path = directory + "/config.json"
        } else {
            path = environment["HOME"].map { $0 + "/.docker/config.json" }
        }
    }

    /// The login for `registry`, named exactly so, port included; nil where there is none.
    ///
    /// Helpers go first, as in Docker: `credHelpers` for this registry, `credsStore` for all, then `auths`. Waits for
    /// the helper.
    ///
    /// - Parameter registry: `docker.io` or `HOST[:PORT]`.
    public func credential(for registry: String) throws(RegistryError) -> Credential? {
        guard let path, let configuration = try read(path) else { return nil }
        let keys = Self.keys(of: registry)
        if let name = Self.helperName(for: registry, in: configuration) {
            let helper = try CredentialHelper(named: name, environment: environment)
            if let credential = try helper.credential(for: keys[0]) { return credential }
        }
        for (key, value) in configuration["auths"]?.object?.members ?? [] where keys.contains(Self.registry(ofKey: key))
        {
            if let credential = try Self.credential(from: value, path: path) { return credential }
        }
        return nil
    }

    /// The name and the password that are stored for `registry`; nil where there are none, or a token.
    public func login(for registry: String) throws(RegistryError) -> Login? {
        guard case .password(let username, let password)? = try credential(for: registry)?.kind else { return nil }
        return Login(server: registry, username: username, password: password)
    }

    static func helperName(for registry: String, in configuration: JSON) -> String? {
        let helpers = configuration["credHelpers"]
        let chosen = keys(of: registry).lazy.compactMap { helpers?[$0]?.string }.first ?? configuration["credsStore"]?.string
        return chosen.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Docker Hub's logins stand under an address that has had no service for years; helpers know no other.
    static func keys(of registry: String) -> [String] {
        registry == "docker.io"
            ? ["https://index.docker.io/v1/", "index.docker.io", "docker.io"] : [registry.lowercased()]
    }

    /// `docker login` writes `HOST[:PORT]`, older versions wrote `https://HOST[:PORT]/v1/`.
    static func registry(ofKey key: String) -> String {
        let start = ["https://", "http://"].first { key.hasPrefix($0) }.map {
            key.utf8.index(key.startIndex, offsetBy: $0.utf8.count)
        }
        return String(key[(start ?? key.startIndex)...].prefix { $0 != "/" }).lowercased()
    }

    func read(_ path: String) throws(RegistryError) -> JSON? {
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try FileDescriptor.contents(of: path, limit: 4 << 20) } catch {
            // No file, no login; one that can't be read is another matter.
            if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
            throw RegistryError(on: path, .invalidConfiguration("\(error.errno)"))
        }
        do throws(JSONError) { return try JSON(parsing: bytes) } catch {
            throw RegistryError(on: path, .invalidConfiguration("\(error)"))
        }
    }

    private static func credential(from entry: JSON, path: String) throws(RegistryError) -> Credential? {
        if let token = entry["identitytoken"]?.string, !token.isEmpty { return Credential(.identityToken(token)) }
        if let token = entry["registrytoken"]?.string, !token.isEmpty { return Credential(.registryToken(token)) }
        guard let auth = entry["auth"]?.string, !auth.isEmpty else {
            guard let username = entry["username"]?.string, let password = entry["password"]?.string else { return nil }
            return Credential(username: username, password: password)
        }
        guard let decoded = Base64.decode(auth), let colon = decoded.firstIndex(of: UInt8(ascii: ":")) else {
            throw RegistryError(on: path, .invalidConfiguration("an \"auth\" is not USER:PASSWORD in Base64"))
        }
        let password = decoded[(colon + 1)...].prefix { $0 != 0 }
        return Credential(
            username: String(decoding: decoded[..<colon], as: UTF8.self),
            password: String(decoding: password, as: UTF8.self))
    }
}
