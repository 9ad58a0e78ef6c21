import Dockerfile
import GoTemplate
import OCI

/// What the history of an image says of an instruction (`created_by`), as BuildKit writes it.
public enum HistoryText {
    /// Of every entry.
    public static let comment = "buildkit.dockerfile.v0"

    /// An instruction without a layer; nil for ONBUILD, which has no entry, and for those that make layers.
    static func ofMetadata(_ instruction: Dockerfile.Instruction, _ stage: StageConfiguration) -> String? {
        switch instruction {
        case .env(let assignments): "ENV " + pairs(assignments)
        case .label(let assignments): "LABEL " + pairs(assignments)
        case .arg(let arguments):
            "ARG " + arguments.map { $0.name + ($0.value.map { "=" + $0 } ?? "") }.joined(separator: " ")
        case .expose(let ports): "EXPOSE [\(ports.joined(separator: " "))]"
        case .volume(let paths): "VOLUME [\(paths.joined(separator: " "))]"
        case .user(let user): "USER \(user)"
        case .stopSignal(let signal): "STOPSIGNAL \(signal)"
        case .shell(let words): "SHELL [\(words.joined(separator: " "))]"
        case .maintainer(let name): "MAINTAINER \(name)"
        case .cmd(let command): "CMD " + list(stage.words(of: command))
        case .entrypoint(let command): "ENTRYPOINT " + list(stage.words(of: command))
        case .healthcheck(let check): "HEALTHCHECK " + text(of: check)
        case .onBuild, .run, .copy, .add, .workdir: nil
        }
    }

    /// - Parameters:
    ///   - words: With the shell's.
    ///   - arguments: `NAME=value` of the ARGs that it sees.
    public static func run(_ words: [String], arguments: [String]) -> String {
        let seen = arguments.isEmpty ? "" : "|\(arguments.count) \(arguments.joined(separator: " ")) "
        return "RUN \(seen)\(words.joined(separator: " ")) # buildkit"
    }

    /// COPY and ADD. `--from`, `--link`, `--exclude` and `--parents` don't show.
    public static func files(_ keyword: String, _ files: Dockerfile.CopiedFiles) -> String {
        let flags = (files.owner.map { ["--chown=\($0)"] } ?? []) + (files.mode.map { ["--chmod=\($0)"] } ?? [])
        let sources = files.sources + files.heredocs.map { "<<\($0.name)" }
        return ([keyword] + flags + sources + [files.destination]).joined(separator: " ") + " # buildkit"
    }

    public static func workdir(_ path: String) -> String { "WORKDIR \(path)" }

    private static func pairs(_ assignments: [Dockerfile.Assignment]) -> String {
        assignments.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }

    /// `["/bin/sh" "-c" "x"]`: Go's `%q` of strings.
    private static func list(_ words: [String]) -> String {
        "[\(words.map { GoText.quoted($0) }.joined(separator: " "))]"
    }

    /// `&{["CMD-SHELL" "x"] "5s" "2s" "0s" "0s" '\x03'}`: Go's `%q` of the structure, in which a number is a character.
    private static func text(of check: Dockerfile.Healthcheck) -> String {
        let times = [check.interval, check.timeout, check.startPeriod, check.startInterval].map { "\"\(GoText.duration($0))\"" }
        let retries = UInt32(exactly: check.retries).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}"
        let character = retries == "\0" ? "'\\x00'" : GoText.quoted(String(retries), by: "'")
        return "&{\(list(check.test)) \(times.joined(separator: " ")) \(character)}"
    }
}
