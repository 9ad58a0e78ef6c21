import Dockerfile
import OCI

// What the instructions of Dockerfiles say of containers: in a build, and in `commit` and `import --change`.
extension ExecutionConfig {
    /// Changes the configuration as an evaluated instruction says; one that is about something else changes nothing.
    ///
    /// - Parameter applied: What was made of this configuration and the instructions before this one.
    /// - SeeAlso: BuildKit's dockerfile2llb/convert.go; image-spec config.md.
    public mutating func apply(_ instruction: Dockerfile.Instruction, after applied: inout AppliedInstructions) {
        switch instruction {
        case .env(let assignments):
            for assignment in assignments { set(assignment.name, to: assignment.value, &applied) }
        case .label(let assignments): for label in assignments { labels[label.name] = label.value }
        case .expose(let ports): for port in ports where applied.ports.insert(port).inserted { exposedPorts.append(port) }
        case .volume(let paths): for path in paths where applied.volumes.insert(Array(path.utf8)).inserted { volumes.append(path) }
        case .user(let user): self.user = user
        case .workdir(let path): workingDirectory = absolutePath(path)
        case .stopSignal(let signal): stopSignal = signal
        case .shell(let words): shell = words
        case .healthcheck(let check): healthcheck = Healthcheck(check)
        case .onBuild(let onBuild): self.onBuild.append(onBuild.trigger)
        case .cmd(let line):
            command = words(of: line).nilIfEmpty
            applied.hasOwnCommand = true
        case .entrypoint(let line):
            entrypoint = words(of: line).nilIfEmpty
            if !applied.hasOwnCommand { command = nil }
        case .run, .copy, .add, .arg, .maintainer: break
        }
    }

    /// The words of a command: of one in shell form, the shell's and the text.
    public func words(of command: Dockerfile.CommandLine) -> [String] {
        switch command {
        case .shell(let text): (shell ?? Self.defaultShell) + [text]
        case .exec(let words): words
        }
    }

    /// The absolute path of a directory that WORKDIR, COPY or ADD name, without `.` and `..`.
    public func absolutePath(_ path: String) -> String {
        ContainerPath.clean(path.hasPrefix("/") ? path : workingDirectory + "/" + path)
    }

    private mutating func set(_ name: String, to value: String, _ applied: inout AppliedInstructions) {
        let entry = "\(name)=\(value)"
        // In its place, where it has one.
        if let index = applied.variables[Array(name.utf8)] {
            environment[index] = entry
        } else {
            applied.variables[Array(name.utf8)] = environment.count
            environment.append(entry)
        }
    }
}

/// What the instructions that were applied to a configuration leave for the next one, beside the configuration: above all where it
/// has what there may be a million of, so that a further one costs no look at all of them.
public struct AppliedInstructions: Hashable, Sendable {
    /// A CMD came before, and not from the base: an ENTRYPOINT takes only an inherited one away.
    fileprivate var hasOwnCommand = false
    /// Where each is in the environment, by the names' bytes: two that look the same are two.
    fileprivate var variables: [[UInt8]: Int] = [:]
    fileprivate var ports: Set<String>
    fileprivate var volumes: Set<[UInt8]>

    /// None yet: the configuration is the base's.
    public init(base config: ExecutionConfig) {
        for (index, entry) in config.environment.enumerated() {
            let name = Array(entry.utf8.prefix { $0 != UInt8(ascii: "=") })
            if variables[name] == nil { variables[name] = index }
        }
        ports = Set(config.exposedPorts)
        volumes = Set(config.volumes.map { Array($0.utf8) })
    }
}

extension Healthcheck {
    fileprivate init(_ check: Dockerfile.Healthcheck) {
        self.init(
            test: check.test, interval: check.interval, timeout: check.timeout, startPeriod: check.startPeriod,
            startInterval: check.startInterval, retries: check.retries)
    }
}

extension [String] {
    fileprivate var nilIfEmpty: [String]? { isEmpty ? nil : self }
}
