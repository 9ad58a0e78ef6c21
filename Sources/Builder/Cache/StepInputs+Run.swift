import Dockerfile

extension StepInputs {
    /// What a RUN depends on.
    ///
    /// - Parameters:
    ///   - run: Evaluated.
    ///   - environment: `NAME=value` of the configuration and the ARGs, without proxies (``Dockerfile/StageScope/environment``).
    ///   - argumentNames: Of the ARGs.
    ///   - mountDigests: For each mount of `run` the digest of the files that it brings (``Dockerfile/RunMount/Bind`` and what a
    ///     cache begins with); nil for others.
    /// - SeeAlso: BuildKit's solver/llbsolver/ops/exec.go, `CacheMap`.
    public static func run(
        _ run: Dockerfile.Run, on base: StepBase, in stage: StageConfiguration, environment: [String], argumentNames: Set<String> = [],
        settings: RunSettings = RunSettings(), mountDigests: [[UInt8]?] = []
    ) -> StepInputs {
        var inputs = StepInputs(.run, on: base)
        inputs.argumentNames = argumentNames
        inputs.add(run.command, stage)
        inputs.add(.user, stage.config.user)
        inputs.add(.directory, stage.config.workingDirectory)
        for variable in Dockerfile.Variables(environment).entries { inputs.add(variable: variable) }
        inputs.add(run, settings)
        for (index, mount) in run.mounts.enumerated() {
            inputs.add(mount, digest: index < mountDigests.count ? mountDigests[index] : nil)
        }
        return inputs
    }

    private mutating func add(_ command: Dockerfile.Run.Command, _ stage: StageConfiguration) {
        let words: [[UInt8]] =
            switch command {
            case .shell(let text): stage.shell.map { Array($0.utf8) } + [Array(text.utf8)]
            case .exec(let words): words.map { Array($0.utf8) }
            case .script(let script): stage.shell.map { Array($0.utf8) } + [script.isProgram ? Array(script.name.utf8) : script.content]
            }
        for (index, word) in words.enumerated() { add(.command, String(index), value: word) }
        if case .script(let script) = command, script.isProgram { add(.script, script.name, value: script.content) }
    }

    private mutating func add(variable: String) {
        let name = variable.prefix { $0 != "=" }
        add(.environment, String(name), value: Array(variable.utf8.dropFirst(name.utf8.count + 1)))
    }

    private mutating func add(_ run: Dockerfile.Run, _ settings: RunSettings) {
        // The names alone: where a host is isn't what a step is about, as BuildKit sees it.
        for host in settings.hosts { add(.host, String(host.prefix { $0 != ":" && $0 != "=" })) }
        add(.network, run.network == .default ? settings.network.rawValue : run.network.rawValue)
        add(.security, run.security.rawValue)
        for limit in settings.limits { add(.limit, limit) }
        if let size = settings.sharedMemory { add(.limit, "shm-size=\(size)") }
    }

    private mutating func add(_ mount: Dockerfile.RunMount, digest: [UInt8]?) {
        let (target, fields) = Self.fields(of: mount)
        var bytes = ByteWriter()
        for field in fields { bytes.append(field.utf8) }
        add(.mount, target, value: bytes.bytes)
        if let digest { add(.mountFiles, target, value: digest) }
    }

    /// Neither where files come from, as their digest is what counts, nor what is in a cache or a secret.
    private static func fields(of mount: Dockerfile.RunMount) -> (target: String, fields: [String]) {
        switch mount {
        case .bind(let bind): (bind.target, ["bind", "\(bind.isReadOnly)"])
        case .cache(let cache):
            (
                cache.target,
                ["cache", cache.id, cache.sharing.rawValue, "\(cache.isReadOnly)"] + numbers(cache.mode, cache.userID, cache.groupID)
            )
        case .tmpfs(let tmpfs): (tmpfs.target, ["tmpfs", tmpfs.size.map { "\($0)" } ?? "", "\(tmpfs.isReadOnly)"])
        case .secret(let secret):
            (
                secret.target ?? "$\(secret.environmentName ?? "")",
                ["secret", secret.id, secret.target ?? "", secret.environmentName ?? "", "\(secret.isRequired)"]
                    + numbers(secret.mode, secret.userID, secret.groupID)
            )
        case .ssh(let ssh):
            (ssh.target ?? ssh.id, ["ssh", ssh.id, "\(ssh.isRequired)"] + numbers(ssh.mode, ssh.userID, ssh.groupID))
        }
    }

    private static func numbers(_ numbers: UInt32...) -> [String] { numbers.map { "\($0)" } }
}
