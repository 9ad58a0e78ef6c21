import BuildContext
import Dockerfile
import OCI

/// What `build` is asked for.
public struct BuildRequest: Sendable {
    /// The Dockerfile's bytes.
    public var file: [UInt8]
    /// What messages call it.
    public var fileName: String
    /// What COPY and ADD read; nil where there is none (`build - < Dockerfile`).
    public var context: ContextTree?
    /// `--build-context NAME=…`.
    public var namedContexts: [String: NamedContext] = [:]
    /// `--build-arg`.
    public var arguments: [String: String] = [:]
    /// `--target`.
    public var target: String?
    /// `--platform`; empty for the host's.
    public var platforms: [Dockerfile.PlatformName] = []
    /// `--label`, after the Dockerfile's.
    public var labels = StringMap()
    /// `-t`: names with tags.
    public var tags: [Reference] = []
    /// False for `--no-cache`.
    public var usesCache = true
    /// `--no-cache-filter`: names of stages.
    public var uncachedStages: Set<String> = []
    /// What names Dockerfile and context from one build to the next, so that the last one is found to compare with: their absolute
    /// paths, or URLs. It is no part of any key.
    public var origin = ""
    /// `--pull`: ask for bases that are here, too.
    public var pullsBases = false
    /// `--reproducible`: ``SourceDateEpoch`` is 0 where neither the arguments nor the Dockerfile say another.
    public var isReproducible = false
    /// `--secret`, by id.
    public var secrets: [String: BuildSecret] = [:]
    /// `--ssh`: the path of an agent's socket, by id.
    public var agents: [String: String] = [:]
    /// What RUN steps get.
    public var run = RunSettings()
    /// `--annotation`.
    public var annotations: [BuildAnnotation] = []
    /// `--output`, `--push` and `--load`; empty for an image in the store.
    public var outputs: [BuildOutput] = []
    /// `--cache-from`: asked in this order for what the store's own cache doesn't have.
    public var cacheSources: [BuildCachePlace] = []
    /// `--cache-to`.
    public var cacheDestinations: [CacheDestination] = []
    /// `--explain`: each step's note says why it was, or wasn't, in the cache.
    public var explainsCache = false
    /// `--debug`: the state that a failed RUN leaves becomes an image.
    public var keepsFailedState = false

    public init(file: [UInt8], fileName: String = "Dockerfile", context: ContextTree? = nil) {
        self.file = file
        self.fileName = fileName
        self.context = context
    }

    /// What is known before the first FROM.
    ///
    /// - Throws: A default of a global ARG that can't be expanded.
    func arguments(
        of dockerfile: Dockerfile, for platform: Dockerfile.PlatformName
    ) throws(DockerfileError) -> Dockerfile.BuildArguments {
        try Dockerfile.BuildArguments(
            dockerfile, given: arguments, buildPlatform: Platform.host.name, targetPlatform: platform, target: target)
    }
}

/// What a name of `--build-context` stands for.
public enum NamedContext: Sendable {
    case tree(ContextTree)
    /// `docker-image://REFERENCE`.
    case image(String)
}

/// What `--secret` gives.
public enum BuildSecret: Sendable {
    /// A file of the host.
    case file(String)
    /// What an environment variable held.
    case value([UInt8])
}

/// What the command line says of every RUN step.
public struct RunSettings: Sendable {
    public enum Network: String, Sendable { case `default`, none, host }

    public var network = Network.default
    /// `--add-host`: `NAME:ADDRESS`.
    public var hosts: [String] = []
    /// Of /dev/shm, in bytes; nil for the default.
    public var sharedMemory: Int64?
    /// `--ulimit`: `nofile=1024:2048`.
    public var limits: [String] = []
    /// `--memory`, in bytes.
    public var memory: Int64?
    /// `--memory-swap`, in bytes; -1 for no limit.
    public var memoryAndSwap: Int64?
    /// `--cpu-shares`.
    public var cpuShares: Int64?
    /// `--cpu-period` and `--cpu-quota`, in microseconds.
    public var cpuPeriod: Int64?
    public var cpuQuota: Int64?
    /// `--cpuset-cpus` and `--cpuset-mems`.
    public var cpus: String?
    public var memoryNodes: String?
    public var cgroupParent: String?
    /// `--allow security.insecure`.
    public var allowsInsecure = false
    /// `--allow network.host`.
    public var allowsHostNetwork = false

    public init() {}
}
