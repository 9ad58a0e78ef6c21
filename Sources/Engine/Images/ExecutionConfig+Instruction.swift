import Dockerfile
import OCI

// What the instructions of Dockerfiles say of containers: in a build, and in `commit` and `import --change`.
extension ExecutionConfig {
    /// Changes the configuration as an evaluated instruction says; one that is about something else changes nothing.
    ///
    /// - Parameter hasOwnCommand: Whether a CMD came before, and not from the base: an ENTRYPOINT takes only an inherited one away.
    /// - SeeAlso: BuildKit's dockerfile2llb/convert.go; image-spec config.md.
    public mutating func apply(_ instruction: Dockerfile.Instruction, hasOwnCommand: inout Bool) {
        switch instruction {
        case .env(let assignments):
            for assignment in assignments { set(assignment.name, to: assignment.value) }
        case .label(let assignments): for label in assignments { labels[label.name] = label.value }
        case .expose(let ports): for port in ports where !exposedPorts.contains(port) { exposedPorts.append(port) }
        case .volume(let paths): for path in paths where !volumes.contains(path) { volumes.append(path) }
        case .user(let user): self.user = user
        case .workdir(let path): workingDirectory = absolutePath(path)
        case .stopSignal(let signal): stopSignal = signal
        case .shell(let words): shell = words
        case .healthcheck(let check): healthcheck = Healthcheck(check)
        case .onBuild(let onBuild): self.onBuild.append(onBuild.trigger)
        case .cmd(let line):
            command = words(of: line).nilIfEmpty
            hasOwnCommand = true
        case .entrypoint(let line):
            entrypoint = words(of: line).nilIfEmpty
            if !hasOwnCommand { command = nil }
        case .run, .copy, .add, .arg, .maintainer: break
        }
    }

    /// The words of a command: of one in shell form, the shell's and the text.
    public func words(of command: Dockerfile.CommandLine) -> [String] {
        switch command {
        case .shell(let text): (shell ?? ["/bin/sh", "-c"]) + [text]
        case .exec(let words): words
        }
    }

    /// The absolute path of a directory that WORKDIR, COPY or ADD name, without `.` and `..`.
    public func absolutePath(_ path: String) -> String {
        ContainerPath.clean(path.hasPrefix("/") ? path : workingDirectory + "/" + path)
    }

    private mutating func set(_ name: String, to value: String) {
        let entry = "\(name)=\(value)"
        // In its place, where it has one.
        if let index = environment.firstIndex(where: { $0.utf8.starts(with: "\(name)=".utf8) }) {
            environment[index] = entry
        } else {
            environment.append(entry)
        }
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
