import ConfigurationFiles
import Linux

// What the machine's owner wants of each start, and is looked up anew each time; the rest is kept with a container when it is
// made (``ContainerSpec/init(defaults:)``).
extension Engine {
    /// A request with what the configuration says where it says nothing itself.
    func configured(_ stored: StoredSpec) throws(EngineError) -> StoredSpec {
        guard configuration.path != nil else { return stored }
        var spec = stored
        let own = Set(spec.host.resources.ulimits.map(\.name))
        for limit in configuration.ulimits where !own.contains(limit.name) {
            spec.host.resources.ulimits.append(Ulimit(name: limit.name, soft: limit.soft, hard: limit.hard))
        }
        if spec.host.initProcess == nil, configuration.usesInit { spec.host.initProcess = true }
        // Another container's names are looked up as that one's are.
        if !spec.host.networkMode.hasPrefix("container:") {
            if spec.host.dns.isEmpty { spec.host.dns = configuration.dns }
            if spec.host.dnsSearch.isEmpty { spec.host.dnsSearch = configuration.dnsSearch }
            if spec.host.dnsOptions.isEmpty { spec.host.dnsOptions = configuration.dnsOptions }
        }
        for index in spec.host.portBindings.indices where spec.host.portBindings[index].hostIP.isEmpty {
            spec.host.portBindings[index].hostIP = configuration.publishAddress
        }
        try addSecurityOptions(to: &spec.host.securityOptions)
        return spec
    }

    private func addSecurityOptions(to options: inout [String]) throws(EngineError) {
        if configuration.noNewPrivileges, !options.contains(where: { $0.hasPrefix("no-new-privileges") }) {
            options.append("no-new-privileges")
        }
        guard !options.contains(where: { $0.hasPrefix("seccomp=") }) else { return }
        if let profile = try configuration.seccompOption() { options.append(profile) }
    }

    /// For the program's own words: nothing where the configuration is where it is looked for.
    var configurationWords: [String] {
        guard let path = configuration.path, path != EngineConfiguration.defaultPath else { return [] }
        return ["--config-file", path]
    }
}

extension EngineConfiguration {
    /// `seccomp=` and the profile that the file names; nil for Hako's own.
    func seccompOption() throws(EngineError) -> String? {
        if seccompProfile.isEmpty || seccompProfile == "builtin" { return nil }
        if seccompProfile == "unconfined" { return "seccomp=unconfined" }
        do throws(SystemCallError) {
            return "seccomp=" + String(decoding: try FileDescriptor.contents(of: seccompProfile, limit: 4 << 20), as: UTF8.self)
        } catch {
            throw EngineError(
                .invalidArgument, cannot: "read the seccomp profile \(seccompProfile)", because: "\(error.errno)",
                hint: "\(path ?? "The configuration") names it as seccomp-profile.", cause: error)
        }
    }
}
