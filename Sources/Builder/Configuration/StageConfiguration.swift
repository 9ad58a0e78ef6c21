import Dockerfile
import Engine
import OCI

/// The configuration of the image that a stage makes, as its instructions change it one after the other.
///
/// What makes layers is the caller's; here is what they are called in the history, and what each instruction says of a container.
/// - SeeAlso: BuildKit's dockerfile2llb/convert.go; image-spec config.md.
public struct StageConfiguration: Hashable, Sendable {
    public private(set) var config: ExecutionConfig
    /// From MAINTAINER.
    public private(set) var author: String?
    private var applied: AppliedInstructions

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
        applied = AppliedInstructions(base: config)
    }

    /// The shell of RUN, CMD, ENTRYPOINT and HEALTHCHECK in shell form.
    public var shell: [String] { config.shell ?? ExecutionConfig.defaultShell }

    /// The words of a command: of one in shell form, the shell's and the text.
    public func words(of command: Dockerfile.CommandLine) -> [String] { config.words(of: command) }

    /// The absolute path of a directory that WORKDIR, COPY or ADD name, without `.` and `..`.
    public func absolutePath(_ path: String) -> String { config.absolutePath(path) }

    /// Changes the configuration as an evaluated instruction says.
    ///
    /// - Returns: What the history calls it, where it is an entry without a layer. Nil for ONBUILD, which has none, and for what makes
    ///   a layer (``HistoryText``).
    public mutating func apply(_ instruction: Dockerfile.Instruction) -> String? {
        if case .maintainer(let name) = instruction { author = name }
        config.apply(instruction, after: &applied)
        return HistoryText.ofMetadata(instruction, self)
    }
}
