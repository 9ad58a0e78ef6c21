extension Dockerfile {
    /// What a line of a Dockerfile asks for.
    ///
    /// As it is parsed, words hold variables and quotes; what ``StageScope/evaluate(_:)`` returns holds values.
    /// - SeeAlso: docs.docker.com/reference/dockerfile
    public enum Instruction: Hashable, Sendable {
        case run(Run)
        case copy(Copy)
        case add(Add)
        case arg([Argument])
        case env([Assignment])
        case label([Assignment])
        /// `80`, `8000-8002/udp`, in the order of bytes; evaluated: `80/tcp`, one for each port.
        case expose([String])
        case user(String)
        case workdir(String)
        case volume([String])
        /// Kept as it is written: `SIGTERM`, `term`, `15`.
        case stopSignal(String)
        case healthcheck(Healthcheck)
        case shell([String])
        case onBuild(OnBuild)
        case cmd(CommandLine)
        case entrypoint(CommandLine)
        case maintainer(String)
    }

    /// The command of CMD, ENTRYPOINT, HEALTHCHECK and RUN.
    public enum CommandLine: Hashable, Sendable {
        /// One string for the shell in effect; empty where the instruction had no arguments.
        case shell(String)
        /// The words of the JSON form; `[]` takes an inherited command away.
        case exec([String])
    }

    /// A declaration of ARG.
    public struct Argument: Hashable, Sendable {
        public let name: String
        /// The default; evaluated: the value used, nil where there is none.
        public let value: String?

        public init(name: String, value: String?) {
            self.name = name
            self.value = value
        }
    }

    /// `NAME=value` of ENV and LABEL.
    public struct Assignment: Hashable, Sendable {
        public let name: String
        public let value: String
        /// Written `NAME value`, without `=`.
        public let isLegacy: Bool

        public init(name: String, value: String, isLegacy: Bool = false) {
            self.name = name
            self.value = value
            self.isLegacy = isLegacy
        }
    }

    /// How health is found out, as an image's configuration holds it.
    public struct Healthcheck: Hashable, Sendable {
        /// `["CMD", …]`, `["CMD-SHELL", "…"]`, `["NONE"]`.
        public let test: [String]
        /// Nanoseconds; 0 where nothing is said.
        public internal(set) var interval: Int64 = 0
        public internal(set) var timeout: Int64 = 0
        public internal(set) var startPeriod: Int64 = 0
        public internal(set) var startInterval: Int64 = 0
        public internal(set) var retries: Int64 = 0
    }

    /// An instruction for those who build on the image.
    public struct OnBuild: Hashable, Sendable {
        /// The instruction with the bodies of its heredocs; what the configuration keeps. ``Statement/init(trigger:for:)``
        /// reads it.
        public let trigger: String
    }

    /// RUN.
    public struct Run: Hashable, Sendable {
        public enum Command: Hashable, Sendable {
            /// One string for the shell, heredocs and their ends included.
            case shell(String)
            case exec([String])
            /// The command is one heredoc: its ``Heredoc/content`` is the shell's script, or a program
            /// (``Heredoc/isProgram``).
            case script(Heredoc)
        }

        public enum Network: String, Hashable, Sendable, CaseIterable { case `default`, none, host }
        public enum Security: String, Hashable, Sendable, CaseIterable { case sandbox, insecure }

        public let command: Command
        /// The `--mount` options, unexpanded.
        public let mountOptions: [RunMount.Options]
        /// Filled by ``StageScope/evaluate(_:)`` alone.
        public internal(set) var mounts: [RunMount] = []
        public let network: Network
        public let security: Security
    }

    /// What COPY and ADD have in common. Evaluated, nothing is expanded any more, and the paths are as the author wrote them:
    /// neither cleaned nor joined with WORKDIR.
    public struct CopiedFiles: Hashable, Sendable {
        /// Paths, patterns and, of ADD, URLs.
        public internal(set) var sources: [String]
        /// Files that are written in the Dockerfile.
        public internal(set) var heredocs: [Heredoc]
        public internal(set) var destination: String
        /// `--chown`; nil where it isn't given.
        public internal(set) var owner: String?
        /// `--chmod`.
        public internal(set) var mode: String?
        /// `--link`.
        public let isLinked: Bool
        /// `--exclude`, patterns of .dockerignore, in their order. Never expanded.
        public let exclusions: [String]
    }

    public struct Copy: Hashable, Sendable {
        public internal(set) var files: CopiedFiles
        /// `--from`: a stage, a named context or an image; nil for the build context.
        public let from: String?
        /// `--parents`.
        public let keepsParents: Bool
    }

    public struct Add: Hashable, Sendable {
        public internal(set) var files: CopiedFiles
        /// `--checksum`.
        public internal(set) var checksum: String?
        /// `--keep-git-dir`; nil where it isn't said.
        public let keepsGitDirectory: Bool?
        /// `--unpack`; nil where it isn't said: local archives are unpacked, those of URLs not.
        public let unpacks: Bool?
    }
}

/// What FROM says.
struct From: Hashable, Sendable {
    let base: String
    let platform: String?
    /// As it is written.
    let name: String?
    let asKeyword: String?
}

/// What a line turns out to be.
enum ParsedInstruction {
    case from(From)
    case other(Dockerfile.Instruction)
}
