import Dockerfile
import OCI

/// The configuration of the image that a stage makes, as its instructions change it one after the other.
///
/// What makes layers is the caller's; here is what they are called in the history, and what each instruction says of a container.
/// - SeeAlso: BuildKit's dockerfile2llb/convert.go; image-spec config.md.
public struct StageConfiguration: Hashable, Sendable {
    public private(set) var config: ExecutionConfig
    /// From MAINTAINER.
    public private(set) var author: String?
    /// A CMD of this stage: an ENTRYPOINT takes only an inherited one away.
    private var hasOwnCommand = false

    /// The PATH of a base that has none: it is written to the configuration, too.
    public static let defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// - Parameter base: The configuration of the base image, or of the stage it is based on; nil for `scratch`. Its ONBUILD is not
    ///   inherited.
    public init(base: ExecutionConfig?, author: String? = nil) {
        var config = base ?? ExecutionConfig()
        config.onBuild = []
        // As BuildKit: that of an image which has none stays unsaid.
        if base == nil { config.workingDirectory = "/" }
        if !config.environment.contains(where: { $0.hasPrefix("PATH=") }) {
            config.environment.insert(Self.defaultPath, at: 0)
        }
        self.config = config
        self.author = author
    }

    /// The shell of RUN, CMD, ENTRYPOINT and HEALTHCHECK in shell form.
    public var shell: [String] { config.shell ?? ["/bin/sh", "-c"] }

    /// The words of a command: of one in shell form, the shell's and the text.
    public func words(of command: Dockerfile.CommandLine) -> [String] {
        switch command {
        case .shell(let text): shell + [text]
        case .exec(let words): words
        }
    }

    /// The absolute path of a directory that WORKDIR, COPY or ADD name, without `.` and `..`.
    public func absolutePath(_ path: String) -> String {
        ContainerPath.clean(path.hasPrefix("/") ? path : config.workingDirectory + "/" + path)
    }

    /// Changes the configuration as an evaluated instruction says.
    ///
    /// - Returns: What the history calls it, where it is an entry without a layer. Nil for ONBUILD, which has none, and for what makes
    ///   a layer (``HistoryText``).
    public mutating func apply(_ instruction: Dockerfile.Instruction) -> String? {
        switch instruction {
        case .env(let assignments):
            for assignment in assignments { set(assignment.name, to: assignment.value) }
        case .label(let assignments): for label in assignments { config.labels[label.name] = label.value }
        case .expose(let ports): for port in ports where !config.exposedPorts.contains(port) { config.exposedPorts.append(port) }
        case .volume(let paths): for path in paths where !config.volumes.contains(path) { config.volumes.append(path) }
        case .user(let user): config.user = user
        case .workdir(let path): config.workingDirectory = absolutePath(path)
        case .stopSignal(let signal): config.stopSignal = signal
        case .shell(let words): config.shell = words
        case .healthcheck(let check): config.healthcheck = Healthcheck(check)
        case .onBuild(let onBuild): config.onBuild.append(onBuild.trigger)
        case .maintainer(let name): author = name
        case .cmd(let command): set(command: command)
        case .entrypoint(let command): set(entrypoint: command)
        case .run, .copy, .add, .arg: break
        }
        return HistoryText.ofMetadata(instruction, self)
    }

    private mutating func set(_ name: String, to value: String) {
        let entry = "\(name)=\(value)"
        // In its place, where it has one.
        if let index = config.environment.firstIndex(where: { $0.utf8.starts(with: "\(name)=".utf8) }) {
            config.environment[index] = entry
        } else {
            config.environment.append(entry)
        }
    }

    private mutating func set(command: Dockerfile.CommandLine) {
        let words = words(of: command)
        config.command = words.isEmpty ? nil : words
        hasOwnCommand = true
    }

    private mutating func set(entrypoint command: Dockerfile.CommandLine) {
        let words = words(of: command)
        config.entrypoint = words.isEmpty ? nil : words
        if !hasOwnCommand { config.command = nil }
    }
}

extension Healthcheck {
    init(_ check: Dockerfile.Healthcheck) {
        self.init(
            test: check.test, interval: check.interval, timeout: check.timeout, startPeriod: check.startPeriod,
            startInterval: check.startInterval, retries: check.retries)
    }
}
