import Builder
import CommandLineTables
import Dockerfile
import Engine
import Glibc
import Linux
import OCI

/// `--build-arg` and `--label`.
enum BuildPairs {
    /// - Parameter fromEnvironment: A name alone has the value that Hako's caller has, or isn't given; else an empty one.
    static func read(_ words: [String], fromEnvironment: Bool) throws(BuildRefusal) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for word in words {
            let (name, value) = word.assignment().map { ($0.name, Optional($0.value)) } ?? (word, nil)
            guard !name.isEmpty else { throw BuildRefusal("invalid key-value pair \(word.inQuotes): empty key") }
            if let value {
                pairs.append((name, value))
            } else if !fromEnvironment {
                pairs.append((name, ""))
            } else if let value = getenv(name) {
                pairs.append((name, String(cString: value)))
            }
        }
        return pairs
    }
}

/// `--secret id=token,src=FILE` and `--secret id=token,env=NAME`.
enum SecretOption {
    /// As BuildKit has it: a secret is held in memory.
    private static let largestSecret: Int64 = 500 << 10

    static func read(_ words: [String]) throws(BuildRefusal) -> [String: BuildSecret] {
        var secrets: [String: BuildSecret] = [:]
        for word in words where !word.isEmpty {
            let (id, secret) = try read(word)
            secrets[id] = secret
        }
        return secrets
    }

    private static func read(_ word: String) throws(BuildRefusal) -> (String, BuildSecret) {
        guard let fields = CommaSeparated.fields(word) else {
            throw BuildRefusal("failed to parse csv secret: its quotes don't match up")
        }
        var (id, path, variable, kind) = ("", "", "", "")
        for field in fields {
            guard let (key, value) = field.assignment() else {
                throw BuildRefusal("invalid field '\(field)' must be a key=value pair")
            }
            switch key.lowercased() {
            case "type":
                guard ["file", "env"].contains(value) else { throw BuildRefusal("unsupported secret type \(value.inQuotes)") }
                kind = value
            case "id": id = value
            case "source", "src": path = value
            case "env": variable = value
            default: throw BuildRefusal("unexpected key '\(key.lowercased())' in '\(field)'")
            }
        }
        if kind == "env", variable.isEmpty { (variable, path) = (path, "") }
        guard !id.isEmpty else { throw .building("secret missing ID") }
        return (id, try secret(id, path: path, variable: variable))
    }

    /// Without a source, the variable of that name, else the file.
    private static func secret(_ id: String, path: String, variable: String) throws(BuildRefusal) -> BuildSecret {
        var (path, variable) = (path, variable)
        if path.isEmpty, variable.isEmpty {
            if getenv(id) != nil { variable = id } else { path = id }
        }
        guard path.isEmpty else {
            let status: FileStatus
            do throws(SystemCallError) { status = try FileDescriptor.status(of: path) } catch {
                throw .building("failed to stat \(path): stat \(path): \(error.errno)")
            }
            guard status.size <= largestSecret else { throw .building("secret \(id) too big. max size 500KB") }
            return .file(path)
        }
        return .value(getenv(variable).map { Array(String(cString: $0).utf8) } ?? [])
    }
}

/// `--ssh default` and `--ssh id=SOCKET`.
enum SSHOption {
    static func read(_ words: [String]) throws(BuildRefusal) -> [String: String] {
        var agents: [String: String] = [:]
        for word in words where !word.isEmpty {
            let (id, path) = word.assignment().map { ($0.name, $0.value) } ?? (word, "")
            agents[id] = try socket(path, id: id)
        }
        return agents
    }

    private static func socket(_ path: String, id: String) throws(BuildRefusal) -> String {
        let refusal = { (reason: String, hint: String?) in
            BuildRefusal.building("failed to convert agent config {\(id) [\(path)] false}: \(reason)", hint: hint)
        }
        guard !path.isEmpty else {
            guard let agent = GlobalOptions.environment("SSH_AUTH_SOCK") else {
                throw refusal("invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set", nil)
            }
            return agent
        }
        let status: FileStatus
        do throws(SystemCallError) { status = try FileDescriptor.status(of: path) } catch {
            throw refusal("stat \(path): \(error.errno)", nil)
        }
        guard status.kind == .socket else {
            throw refusal(
                "\(path) is no socket",
                "Hako forwards agents and reads no keys: start one (eval $(ssh-agent)), ssh-add the key, and give --ssh \(id).")
        }
        return path
    }
}

/// `--add-host`, as BuildKit takes it: `host:ip`, `host=ip`, several addresses, IPv6 in brackets.
enum BuildHostOption {
    /// `NAME:ADDRESS`, one for each address.
    static func read(_ words: [String]) throws(BuildRefusal) -> [String] {
        var hosts: [String] = []
        for word in words.flatMap({ CommaSeparated.fields($0) ?? [$0] }) {
            guard let (name, addresses) = word.assignment() ?? word.assignment(by: ":"), !name.isEmpty, !addresses.isEmpty else {
                throw .building("invalid host \(word)")
            }
            let bare = addresses.hasPrefix("[") && addresses.hasSuffix("]") ? String(addresses.dropFirst().dropLast()) : addresses
            guard bare == "host-gateway" || IPAddress(bare) != nil else { throw .building("invalid host \(word)") }
            hosts.append("\(name):\(bare)")
        }
        return hosts
    }
}

/// `--platform linux/amd64,linux/arm64`.
enum BuildPlatformOption {
    static func read(_ words: [String]) throws(BuildRefusal) -> [Dockerfile.PlatformName] {
        var platforms: [Dockerfile.PlatformName] = []
        for word in words.flatMap({ $0.split(separator: ",").map(String.init) }) {
            let name = try platform(word)
            if !platforms.contains(name) { platforms.append(name) }
        }
        return platforms
    }

    static func platform(_ word: String) throws(BuildRefusal) -> Dockerfile.PlatformName {
        do throws(PlatformError) {
            return Dockerfile.PlatformName(try Platform(word))
        } catch { throw .building("\(word.inQuotes): \(error.reason): invalid argument") }
    }
}

extension Dockerfile.PlatformName {
    init(_ platform: Platform) {
        self.init(
            os: platform.os, architecture: platform.architecture, variant: platform.variant ?? "", osVersion: platform.osVersion ?? "")
    }
}
