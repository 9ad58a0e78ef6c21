import Builder
import CommandLineTables
import Dockerfile
import Engine
import Linux
import OCI

/// What a command line of `build` asks for.
extension BuildOptions {
    /// But for Dockerfile and contexts, see ``BuildSources``.
    static func request(_ arguments: ParsedArguments) throws -> BuildRequest {
        guard !(arguments.flag("no-cache") && arguments.isGiven("no-cache-filter")) else {
            throw BuildRefusal.building("--no-cache and --no-cache-filter cannot currently be used together")
        }
        var request = BuildRequest(file: [])
        try setArguments(of: &request, arguments)
        request.labels = StringMap(try BuildPairs.read(arguments.values("label"), fromEnvironment: false))
        request.target = arguments.value("target").flatMap { $0.isEmpty ? nil : $0 }
        request.platforms = try platforms(arguments)
        request.tags = try tags(arguments)
        request.usesCache = !arguments.flag("no-cache")
        request.uncachedStages = Set(arguments.commaSeparated("no-cache-filter").map { $0.lowercased() })
        request.pullsBases = arguments.flag("pull")
        request.annotations = try AnnotationOption.read(arguments.values("annotation"))
        request.cacheSources = try CacheOption.sources(arguments.values("cache-from"))
        request.cacheDestinations = try CacheOption.destinations(arguments.values("cache-to"))
        request.secrets = try SecretOption.read(arguments.values("secret"))
        request.agents = try SSHOption.read(arguments.values("ssh"))
        request.run = try run(arguments)
        request.outputs = try BuildOutputOption.read(arguments)
        request.explainsCache = arguments.flag("explain")
        request.keepsFailedState = arguments.flag("debug")
        return request
    }

    /// Those of the command line, the proxies of the user's configuration, and SOURCE_DATE_EPOCH of the environment, as
    /// Docker's client has it.
    private static func setArguments(of request: inout BuildRequest, _ arguments: ParsedArguments) throws {
        let epoch = SourceDateEpoch.name
        let given = try BuildPairs.read(arguments.values("build-arg"), fromEnvironment: true)
        for (name, value) in given { request.arguments[name] = value }
        for variable in GlobalOptions.user.proxyVariables(host: GlobalOptions.localHost, beside: given.map(\.name)) {
            if let (name, value) = variable.assignment() { request.arguments[name] = value }
        }
        if request.arguments[epoch] == nil {
            request.arguments[epoch] = GlobalOptions.environment(epoch)
        }
        request.isReproducible = arguments.flag("reproducible")
        // A mistake is told before anything is fetched.
        guard let text = request.arguments[epoch] else { return }
        do throws(BuildError) { _ = try SourceDateEpoch.seconds(text) } catch {
            throw BuildRefusal.building("failed to solve: \(error.message)")
        }
    }

    private static func platforms(_ arguments: ParsedArguments) throws(BuildRefusal) -> [Dockerfile.PlatformName] {
        guard !arguments.isGiven("platform"), let usual = GlobalOptions.environment("DOCKER_DEFAULT_PLATFORM") else {
            return try BuildPlatformOption.read(arguments.values("platform"))
        }
        return try BuildPlatformOption.read([usual])
    }

    private static func tags(_ arguments: ParsedArguments) throws(BuildRefusal) -> [Reference] {
        var tags: [Reference] = []
        for word in arguments.values("tag") {
            let reference: Reference
            do throws(ReferenceError) { reference = try Reference(word) } catch {
                let reason = if case .upperCase = error { "repository name must be lowercase" } else { "\(error)" }
                throw .building("invalid tag \(word.inQuotes): \(reason)")
            }
            guard reference.digest == nil else {
                throw .building("invalid tag \(word.inQuotes): refusing to create a tag with a digest reference")
            }
            tags.append(reference.withDefaultTag)
        }
        return tags
    }

    private static func run(_ arguments: ParsedArguments) throws -> RunSettings {
        var run = RunSettings()
        run.network = try network(arguments)
        run.hosts = try BuildHostOption.read(arguments.values("add-host"))
        run.sharedMemory = arguments.bytes("shm-size")
        run.limits = try arguments.values("ulimit").map { text in
            let limit = try UlimitOption.parse(text, arguments)
            return "\(limit.name)=\(limit.soft):\(limit.hard)"
        }
        run.memory = arguments.bytes("memory")
        if let text = arguments.value("memory-swap") { run.memoryAndSwap = try LimitOptions.memorySwap(text, arguments) }
        run.cpuShares = arguments.integer("cpu-shares").map(Int64.init)
        run.cpuPeriod = arguments.integer("cpu-period").map(Int64.init)
        run.cpuQuota = arguments.integer("cpu-quota").map(Int64.init)
        run.cpus = arguments.value("cpuset-cpus")
        run.memoryNodes = arguments.value("cpuset-mems")
        run.cgroupParent = arguments.value("cgroup-parent")
        try allow(arguments.values("allow"), &run)
        return run
    }

    /// To ask for the host's network is to allow it, as with Docker's own builder.
    private static func network(_ arguments: ParsedArguments) throws(BuildRefusal) -> RunSettings.Network {
        guard let name = arguments.value("network"), !name.isEmpty else { return .default }
        guard let network = RunSettings.Network(rawValue: name) else {
            throw .building("network mode \(name.inQuotes) not supported", hint: "RUN steps have the network default, none or host.")
        }
        return network
    }

    private static func allow(_ names: [String], _ run: inout RunSettings) throws(BuildRefusal) {
        run.allowsHostNetwork = run.network == .host
        for name in names where !name.isEmpty {
            switch name {
            case "network.host": run.allowsHostNetwork = true
            case "security.insecure": run.allowsInsecure = true
            default:
                throw .building("unknown entitlement \(name)", hint: "There are network.host and security.insecure.")
            }
        }
    }

    /// What can't be had here, whatever else is asked for.
    static func refuseForeign(_ arguments: ParsedArguments) throws(BuildRefusal) {
        try AttestOption.refuse(arguments)
        let builder = arguments.value("builder") ?? GlobalOptions.environment("BUILDX_BUILDER") ?? ""
        guard ["", "default"].contains(builder) else {
            throw BuildRefusal("no builder \(builder.inQuotes) found", hint: "Hako builds itself: leave out --builder and BUILDX_BUILDER.")
        }
    }
}
