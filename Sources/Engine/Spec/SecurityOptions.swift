import OCI

/// What `--security-opt` asks for.
struct SecurityOptions {
    private let options: [String]

    init(_ options: [String]) { self.options = options }

    private static let noNewPrivileges = ["", ":true", "=true"].map { "no-new-privileges" + $0 }
    private static let newPrivileges = [":false", "=false"].map { "no-new-privileges" + $0 }

    var noNewPrivileges: Bool {
        (options.last { (Self.noNewPrivileges + Self.newPrivileges).contains($0) }).map(Self.noNewPrivileges.contains) ?? false
    }
    var hasUnconfinedSystemPaths: Bool { options.contains { $0 == "systempaths=unconfined" } }
    /// `unconfined`, or a profile as JSON text; nil is the default policy.
    private var ownSeccompProfile: String? {
        let profile = options.last { $0.hasPrefix("seccomp=") }.map { String($0.dropFirst("seccomp=".count)) }
        return profile == "builtin" ? nil : profile
    }
    var hasDefaultSeccomp: Bool { ownSeccompProfile == nil }

    /// Refuses what Hako doesn't know, or this host doesn't have.
    func validate() throws(EngineError) {
        for option in options {
            let name = option.split(whereSeparator: { $0 == "=" || $0 == ":" }).first.map(String.init) ?? option
            switch name {
            case "no-new-privileges" where (Self.noNewPrivileges + Self.newPrivileges).contains(option): break
            case "seccomp": break
            case "systempaths" where option == "systempaths=unconfined": break
            case "label" where option == "label=disable" || option == "label:disable": break
            case "apparmor" where option == "apparmor=unconfined" || option == "apparmor:unconfined": break
            case "apparmor":
                throw EngineError(
                    .invalidArgument, cannot: "apply \(option)", because: "Hako loads no AppArmor profiles")
            case "label":
                throw EngineError(
                    .invalidArgument, cannot: "apply \(option)", because: "Hako sets no SELinux labels")
            default: throw EngineError(.invalidArgument, "Invalid --security-opt: \"\(option)\"")
            }
        }
        // Hako's own has no mistakes to find.
        if !hasDefaultSeccomp { _ = try seccomp(capabilities: []) }
    }

    /// The filter of system calls for a container with these capabilities in its bounding set; nil: none.
    ///
    /// - Parameter imageArchitecture: In the image spec's words; an image of `386` needs calls that others don't get.
    func seccomp(
        capabilities: [String], imageArchitecture: String = SeccompHost.current.architecture
    ) throws(EngineError) -> RuntimeSpec.Seccomp? {
        guard let profile = ownSeccompProfile else {
            return try DefaultSeccompPolicy.policy(capabilities: capabilities, imageArchitecture: imageArchitecture)
        }
        return profile == "unconfined" ? nil : try SeccompProfile(parsing: profile).resolved(capabilities: capabilities)
    }
}
