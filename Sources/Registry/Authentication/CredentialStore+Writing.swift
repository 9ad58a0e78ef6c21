import Glibc
import Linux
import OCI

extension CredentialStore {
    /// Where a login is kept.
    public enum Place: Hashable, Sendable {
        case helper(String)
        /// Not encrypted.
        case file(String)
    }

    /// Keeps a login, as `docker login` does: by the helper that is configured for the registry, else in `config.json`.
    ///
    /// - Parameter identityToken: What the token server wants to see from now on; then the password isn't kept.
    public func store(_ login: Login, identityToken: String? = nil) throws(RegistryError) -> Place {
        let file = try file()
        let configuration = try read(file) ?? [:]
        let key = Self.keys(of: login.registry)[0]
        guard let name = Self.helperName(for: login.registry, in: configuration) else {
            let auth = Base64.encode(Array("\(login.username):\(identityToken == nil ? login.password : "")".utf8)[...])
            var entry: JSONObject = ["auth": .string(auth)]
            if let identityToken { entry["identitytoken"] = .string(identityToken) }
            try write(configuration, to: file) { $0[key] = .object(entry) }
            return .file(file)
        }
        let helper = try CredentialHelper(named: name, environment: environment)
        // Docker's mark for an identity token in place of a password.
        try helper.store(identityToken ?? login.password, of: identityToken == nil ? login.username : "<token>", for: key)
        // An empty entry says, as Docker's does, for which registries the helper has one.
        try write(configuration, to: file) { $0[key] = [:] }
        return .helper(name)
    }

    /// Forgets the logins for a registry, under each of the keys that Docker has ever stored it. None is no error.
    public func erase(_ registry: String) throws(RegistryError) {
        let file = try file()
        guard let configuration = try read(file) else { return }
        if let name = Self.helperName(for: registry, in: configuration) {
            let helper = try CredentialHelper(named: name, environment: environment)
            if try helper.credential(for: Self.keys(of: registry)[0]) != nil { try helper.erase(Self.keys(of: registry)[0]) }
        }
        let keys = Self.keys(of: registry)
        let isOurs = { (key: String) in keys.contains(key) || keys.contains(Self.registry(ofKey: key)) }
        guard let entries = configuration["auths"]?.object?.members, entries.contains(where: { isOurs($0.name) }) else { return }
        try write(configuration, to: file) { auths in
            for entry in entries where isOurs(entry.name) { auths[entry.name] = nil }
        }
    }

    private func file() throws(RegistryError) -> String {
        guard let path else {
            throw RegistryError(
                on: "config.json", .invalidConfiguration("neither DOCKER_CONFIG nor HOME says where logins are kept"))
        }
        return path
    }

    /// Writes the file with changed `auths` and all else as it is: whole or not at all, for its owner's eyes alone.
    private func write(
        _ configuration: JSON, to path: String, _ change: (inout JSONObject) -> Void
    ) throws(RegistryError) {
        guard var object = configuration.object else {
            throw RegistryError(on: path, .invalidConfiguration("it must be an object"))
        }
        var auths = object["auths"]?.object ?? [:]
        change(&auths)
        object["auths"] = .object(auths)
        do throws(SystemCallError) {
            let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
            try Directory.create(parent)
            let target = try Self.linkTarget(of: path) ?? path
            try FileDescriptor.replaceContents(of: target, with: JSON.object(object).bytes(indent: 4) + [UInt8(ascii: "\n")])
        } catch { throw RegistryError(on: path, .invalidConfiguration("it can't be written: \(error)")) }
    }

    /// Where the file is a link, as people who keep their configuration elsewhere have it, what it leads to is replaced.
    private static func linkTarget(of path: String) throws(SystemCallError) -> String? {
        do throws(SystemCallError) {
            let file = try FileDescriptor.open(path, flags: FileDescriptor.pathOnly)
            return try FileDescriptor.directory("/proc/self/fd").symlinkTarget(of: String(file.number)).description
        } catch {
            guard error.errno == .noSuchFile || error.errno == .notDirectory else { throw error }
            return nil
        }
    }
}
