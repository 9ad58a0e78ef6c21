import Dockerfile
import Engine
import ImageStore
import Linux
import OCI

/// A RUN instruction that is to be executed: what it says, and what it finds.
public struct RunStep {
    /// What a mount reads from that isn't of the step's own.
    public enum Source {
        /// A stage or an image: its layers, the lowest first.
        case layers([DiffID])
        /// The build context or a named one: puts what `source` names there into a directory, for this step alone; of a single file
        /// its name.
        case files((_ source: String, _ directory: String) throws -> String?)
    }

    /// For the reporter.
    public var step: BuildStep
    /// Evaluated.
    public var instruction: Dockerfile.Run
    public var configuration: StageConfiguration
    /// `NAME=value` of all variables, with PATH.
    public var environment: [String]
    /// The lowest first.
    public var layers: [DiffID]
    /// In the image spec's words.
    public var architecture = Platform.host.architecture
    public var settings = RunSettings()
    public var secrets: [String: BuildSecret] = [:]
    public var agents: [String: String] = [:]
    /// By the place of the mount among the instruction's.
    public var sources: [Int: Source] = [:]
    /// Of those that only read from a context: where a copy is that several steps have. In place of ``sources``.
    public var copies: [Int: () throws -> String] = [:]
    /// False for `--no-cache`: cache mounts begin anew.
    public var usesCache = true
    /// Those that did so in this build, for which once is enough.
    public var renewedCaches = RenewedCaches()
    /// Whether what a step that fails has written becomes a layer, too.
    public var keepsFailedState = false
    /// Seconds since 1970: no time of the layer is later.
    public var latestModified: Int64?

    public init(
        _ step: BuildStep, _ instruction: Dockerfile.Run, configuration: StageConfiguration, environment: [String], layers: [DiffID]
    ) {
        self.step = step
        self.instruction = instruction
        self.configuration = configuration
        self.environment = environment
        self.layers = layers
    }

    /// Begins it; nothing is waited for but the start of its program.
    ///
    /// - Parameters:
    ///   - lease: Keeps its layer.
    ///   - reporter: Is told what it prints.
    public func start(engine: Engine, lease: Lease, reporter: any BuildReporter) throws -> RunningStep {
        try requireEntitlements()
        return try RunningStep(self, try request(engine), engine: engine, lease: lease, reporter: reporter)
    }

    /// As messages show it: `/bin/sh -c make`.
    public var commandText: String { words.joined(separator: " ") }

    /// What its failure is called.
    ///
    /// - Parameter reason: `exit code: 3`.
    func failure(_ reason: String) -> BuildError {
        BuildError("process \"\(commandText)\" did not complete successfully: \(reason)")
    }

    public func failure(exitCode: Int32) -> BuildError {
        var error = failure("exit code: \(exitCode)")
        error.exitCode = exitCode
        return error
    }

    /// - Throws: Where it asks for powers that the command line doesn't allow, whatever the cache has of it.
    public func requireEntitlements() throws(BuildError) {
        if network == .host, !settings.allowsHostNetwork, settings.network != .host {
            throw BuildError("network.host is not allowed")
        }
        if instruction.security == .insecure, !settings.allowsInsecure { throw BuildError("security.insecure is not allowed") }
    }

    var network: RunSettings.Network {
        switch instruction.network {
        case .default: settings.network
        case .none: .none
        case .host: .host
        }
    }

    // MARK: The program

    private static let pipes = "/dev/pipes"

    var words: [String] {
        switch instruction.command {
        case .shell(let text): configuration.shell + [text]
        case .exec(let words): words
        case .script(let document) where document.isProgram: configuration.shell + ["\(Self.pipes)/\(document.name)"]
        case .script(let document): configuration.shell + [String(decoding: document.content, as: UTF8.self)]
        }
    }

    private func request(_ engine: Engine) throws -> StepRequest {
        guard !words.isEmpty else { throw BuildError("arguments are required") }
        var request = StepRequest(layers: layers, words: words, host: try hostConfig(engine))
        request.architecture = architecture
        request.environment = environment
        let user = configuration.config.user
        // `USER :group` is root in that group.
        request.user = user.hasPrefix(":") ? "0" + user : user
        request.workingDirectory = configuration.absolutePath(".")
        if case .script(let document) = instruction.command, document.isProgram {
            let access = StepFileAccess(mode: 0o755)
            request.mounts.append(StepMount(.file(document.content, access), at: "\(Self.pipes)/\(document.name)", isReadOnly: true))
        }
        try addMounts(to: &request)
        return request
    }

    // MARK: Mounts

    /// All but those of caches, which have to be waited for.
    private func addMounts(to request: inout StepRequest) throws {
        var agentCount = 0
        for (index, mount) in instruction.mounts.enumerated() {
            switch mount {
            case .bind(let bind):
                if let copy = copies[index] {
                    request.mounts.append(StepMount(.host(try copy()), at: try target(bind.target), isReadOnly: true))
                } else {
                    request.mounts.append(try self.mount(bind, sources[index]))
                }
            case .cache(let cache): _ = try target(cache.target)
            case .tmpfs(let tmpfs):
                request.mounts.append(
                    StepMount(.memory(size: tmpfs.size), at: try target(tmpfs.target), isReadOnly: tmpfs.isReadOnly))
            case .secret(let secret): try add(secret, to: &request)
            case .ssh(let ssh):
                try add(ssh, number: agentCount, to: &request)
                agentCount += 1
            }
        }
    }

    func target(_ path: String) throws(BuildError) -> String {
        let target = configuration.absolutePath(path)
        guard target != "/" else { throw BuildError("invalid mount target \"\(path)\"") }
        return target
    }

    private func mount(_ bind: Dockerfile.RunMount.Bind, _ source: Source?) throws -> StepMount {
        let target = try target(bind.target)
        switch source {
        case .layers(let layers): return StepMount(.layers(layers, path: bind.source), at: target, isReadOnly: bind.isReadOnly)
        case .files(let fill):
            return StepMount(.filled { directory in try fill(bind.source, directory) }, at: target, isReadOnly: bind.isReadOnly)
        case nil: throw BuildError("there is no build context for the mount at \(target)")
        }
    }

    /// As BuildKit's.
    private static let largestSecret = 500 << 10

    private func add(_ secret: Dockerfile.RunMount.Secret, to request: inout StepRequest) throws {
        guard let bytes = try value(of: secret) else {
            guard !secret.isRequired else { throw BuildError("secret \(secret.id): not found") }
            return
        }
        guard bytes.count <= Self.largestSecret else { throw BuildError("secret \(secret.id): is larger than 500 KiB") }
        if let name = secret.environmentName {
            guard !bytes.contains(0) else { throw BuildError("secret \(secret.id): a variable can't hold a NUL byte") }
            request.environment.removeAll { $0.hasPrefix(name + "=") }
            request.environment.append("\(name)=\(String(decoding: bytes, as: UTF8.self))")
        }
        guard let path = secret.target else { return }
        let access = StepFileAccess(mode: secret.mode, userID: secret.userID, groupID: secret.groupID)
        request.mounts.append(StepMount(.file(bytes, access), at: try target(path), isReadOnly: true))
    }

    private func value(of secret: Dockerfile.RunMount.Secret) throws -> [UInt8]? {
        switch secrets[secret.id] {
        case .value(let bytes): return bytes
        case .file(let path):
            do throws(SystemCallError) { return try FileDescriptor.contents(of: path, limit: Self.largestSecret + 1) } catch {
                throw BuildError("secret \(secret.id): \(error)")
            }
        case nil: return nil
        }
    }

    private func add(_ ssh: Dockerfile.RunMount.SSH, number: Int, to request: inout StepRequest) throws {
        guard agents[ssh.id] != nil || !ssh.isRequired else { throw BuildError("unset ssh forward key \(ssh.id)") }
        let path = try target(ssh.target ?? "/run/buildkit/ssh_agent.\(number)")
        // As BuildKit sets it, whether there is an agent or not.
        if !request.environment.contains(where: { $0.hasPrefix("SSH_AUTH_SOCK=") }) { request.environment.append("SSH_AUTH_SOCK=\(path)") }
        guard agents[ssh.id] != nil else { return }
        let access = StepFileAccess(mode: ssh.mode, userID: ssh.userID, groupID: ssh.groupID)
        request.mounts.append(StepMount(.socket(access), at: path, isReadOnly: false))
    }

    /// The agents' sockets, in the order of ``StepContainer/listeners``: of those mounts that have one.
    var agentPaths: [String] {
        instruction.mounts.compactMap { mount in
            guard case .ssh(let ssh) = mount else { return nil }
            return agents[ssh.id]
        }
    }
}
