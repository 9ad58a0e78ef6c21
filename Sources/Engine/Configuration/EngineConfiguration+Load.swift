import ConfigurationFiles
import ContainerNetwork
import Glibc
import Linux

extension EngineConfiguration {
    /// Reads the configuration, and refuses what this engine can't do.
    ///
    /// - Parameter path: Nil for the default, which need not be there; a path that was given must.
    public static func load(path: String?) throws(EngineError) -> EngineConfiguration {
        do throws(ConfigurationError) {
            let configuration = try read(path: path)
            guard let file = configuration.path else { return configuration }
            if let finding = configuration.findings().first { throw .wrong(try ConfigurationFile(path: file).located(finding)) }
            return configuration
        } catch { throw EngineError(error) }
    }

    /// What the table of keys can't see: values that the engine would refuse when a container asks for them.
    public func findings() -> [Finding] {
        logFindings() + ulimitFindings() + resolverFindings() + poolFindings() + runtimeFindings()
    }

    private func logFindings() -> [Finding] {
        func complaint(_ options: [String: String]) -> String? {
            var log = LogConfig()
            (log.type, log.options) = (logDriver, options)
            return Self.complaint { () throws(EngineError) in try log.validate() }
        }
        if document["log-driver"] != nil, let complaint = complaint([:]) { return [Finding(of: "log-driver", complaint)] }
        // Some options need another one: each alone would be refused.
        guard let whole = complaint(logOptions) else { return [] }
        let single = logOptions.sorted { $0.key < $1.key }.compactMap { option in
            complaint([option.key: option.value]).map { Finding(of: "log-opts", option.key, $0) }
        }
        return single.isEmpty ? [Finding(of: "log-opts", whole)] : single
    }

    private func ulimitFindings() -> [Finding] {
        ulimits.compactMap { limit in
            let ulimit = Ulimit(name: limit.name, soft: limit.soft, hard: limit.hard)
            return Self.complaint { () throws(EngineError) in try ulimit.validate() }
                .map { Finding(of: "default-ulimits", limit.name, $0) }
        }
    }

    private func resolverFindings() -> [Finding] {
        func finding(_ key: String, domains: [String] = [], options: [String] = []) -> Finding? {
            do throws(NetworkError) {
                _ = try ResolverConfiguration.Overrides(searchDomains: domains, options: options)
                return nil
            } catch { return Finding(of: key, "\(error)") }
        }
        return [finding("dns-search", domains: dnsSearch), finding("dns-opts", options: dnsOptions)].compactMap { $0 }
    }

    private func poolFindings() -> [Finding] {
        addressPools.filter { $0.prefixLength < $0.base.length }.map {
            Finding(of: "default-address-pools", "\($0.base) has no piece of /\($0.prefixLength)")
        }
    }

    private func runtimeFindings() -> [Finding] {
        var findings = runtimes.keys.sorted().filter(Engine.ownRuntimeNames.contains).map {
            Finding(of: "runtimes", $0, "the name is Hako's own runtime's")
        }
        let known = defaultRuntime.isEmpty || Engine.ownRuntimeNames.contains(defaultRuntime) || runtimes[defaultRuntime] != nil
        if !known, Engine.foreignRuntime(defaultRuntime) == nil {
            findings.append(
                Finding(of: "default-runtime", "there is no runtime \"\(defaultRuntime)\": \"runtimes\" does not name it, nor is it in /usr/bin"))
        }
        return findings
    }

    /// What only a start would find out, and takes longer to look at: for `config check`.
    public func deepFindings() -> [Finding] {
        var findings: [Finding] = runtimes.sorted { $0.key < $1.key }.compactMap { name, path in
            access(path, X_OK) == 0 ? nil : Finding(of: "runtimes", name, "\(path) is no program that can be executed")
        }
        let profile = Self.complaint { () throws(EngineError) in
            if let option = try seccompOption() { try SecurityOptions([option]).validate() }
        }
        if let profile { findings.append(Finding(of: "seccomp-profile", profile)) }
        var resources = Resources()
        resources.cgroupParent = cgroupParent
        let parent = Self.complaint { () throws(EngineError) in try resources.validate() }
        if let parent { findings.append(Finding(of: "cgroup-parent", parent)) }
        return findings
    }

    private static func complaint(_ check: () throws(EngineError) -> Void) -> String? {
        do throws(EngineError) {
            try check()
            return nil
        } catch { return error.description }
    }
}

extension EngineError {
    /// For people.
    public init(_ error: ConfigurationError) {
        switch error {
        case .unreadable(let path, let cause):
            self.init(.invalidArgument, cannot: "read the configuration \(path)", because: "\(cause.errno)", cause: cause)
        case .wrong(let finding):
            self.init(.invalidArgument, finding.description, hint: "`hako config check` shows all that is wrong.")
        }
    }
}
