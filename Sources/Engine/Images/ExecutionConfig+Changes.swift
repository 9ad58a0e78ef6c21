import Dockerfile
import OCI

extension ExecutionConfig {
    /// Those that are about the configuration alone.
    private static let changeable: Set = [
        "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME",
        "WORKDIR",
    ]

    /// Applies the instructions of `--change`, one each, as a stage of a Dockerfile would.
    mutating func apply(_ changes: [String]) throws(EngineError) {
        var scope = Dockerfile.StageScope(environment: environment)
        var applied = AppliedInstructions(base: self)
        for change in changes {
            // More than one line would be more than one instruction to whoever reads it as a Dockerfile.
            guard !change.unicodeScalars.contains(where: { $0 == "\n" || $0 == "\r" || $0 == "\0" }) else {
                throw EngineError(
                    .invalidArgument, "--change takes one instruction, which has one line: give it once for each")
            }
            let keyword = change.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
            guard Self.changeable.contains(keyword.uppercased()) else {
                throw EngineError(.invalidArgument, "\(keyword) is not a valid change command")
            }
            do throws(DockerfileError) {
                let statement = try Dockerfile.Statement(alone: change)
                apply(try scope.evaluate(statement).instruction, after: &applied)
            } catch { throw EngineError(.invalidArgument, error.message) }
        }
    }
}
