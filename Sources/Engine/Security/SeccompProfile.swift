import OCI

/// A seccomp profile in Docker's form: rules that apply only with some capability, architecture or kernel, which are
/// settled when a container is made. Docker's documentation, "Seccomp security profiles".
struct SeccompProfile: Sendable {
    /// All that is named must hold.
    struct Condition: Sendable {
        var capabilities: [String] = []
        /// In Docker's words: `amd64`, `arm64`.
        var architectures: [String] = []
        /// `4.8`
        var minimumKernel: String?
    }

    struct Rule: Sendable {
        var syscalls: RuntimeSpec.SeccompRule
        var includes: Condition?
        var excludes: Condition?

        init(
            _ names: [String], _ action: RuntimeSpec.SeccompAction, errnoRet: UInt32? = nil,
            args: [RuntimeSpec.SeccompArgument] = [], includes: Condition? = nil, excludes: Condition? = nil
        ) {
            syscalls = .init(names, action, errnoRet: errnoRet, args: args)
            self.includes = includes
            self.excludes = excludes
        }

        init(syscalls: RuntimeSpec.SeccompRule, includes: Condition?, excludes: Condition?) {
            self.syscalls = syscalls
            self.includes = includes
            self.excludes = excludes
        }
    }

    var defaultAction: RuntimeSpec.SeccompAction
    var defaultErrnoRet: UInt32?
    /// `SCMP_ARCH_X86_64`, as the runtime takes them; or
    var architectures: [String] = []
    /// for each of the kernel's architectures, those whose programs it runs as well.
    var architectureMap: [String: [String]] = [:]
    var flags: [String] = []
    var listenerPath: String?
    var listenerMetadata: String?
    var rules: [Rule]

    init(
        defaultAction: RuntimeSpec.SeccompAction, defaultErrnoRet: UInt32? = nil,
        architectureMap: [String: [String]] = [:], rules: [Rule]
    ) {
        self.defaultAction = defaultAction
        self.defaultErrnoRet = defaultErrnoRet
        self.architectureMap = architectureMap
        self.rules = rules
    }

    /// The section of `config.json` for a container with these capabilities in its bounding set.
    func resolved(
        capabilities: some Collection<String>, on host: SeccompHost = .current
    ) throws(EngineError) -> RuntimeSpec.Seccomp {
        var seccomp = RuntimeSpec.Seccomp(defaultAction: defaultAction, architectures: architectures)
        seccomp.defaultErrnoRet = defaultErrnoRet
        if let foreign = architectureMap[host.name] { seccomp.architectures = [host.name] + foreign }
        seccomp.flags = flags
        seccomp.listenerPath = listenerPath
        seccomp.listenerMetadata = listenerMetadata
        for rule in rules where try applies(rule, Set(capabilities), host) { seccomp.syscalls.append(rule.syscalls) }
        return seccomp
    }

    /// As Docker has it: one match of `excludes` is enough to leave the rule out, `includes` must match in all.
    private func applies(
        _ rule: Rule, _ capabilities: Set<String>, _ host: SeccompHost
    ) throws(EngineError) -> Bool {
        if let excludes = rule.excludes {
            if excludes.architectures.contains(host.architecture) { return false }
            if excludes.capabilities.contains(where: { capabilities.contains($0) }) { return false }
            if let kernel = excludes.minimumKernel, try host.hasKernel(atLeast: kernel) { return false }
        }
        guard let includes = rule.includes else { return true }
        if !includes.architectures.isEmpty, !includes.architectures.contains(host.architecture) { return false }
        if !includes.capabilities.allSatisfy({ capabilities.contains($0) }) { return false }
        if let kernel = includes.minimumKernel { return try host.hasKernel(atLeast: kernel) }
        return true
    }
}
