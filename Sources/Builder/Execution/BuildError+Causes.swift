import Archive
import BuildContext
import Dockerfile
import Engine
import ImageStore

extension BuildError {
    /// Any failure of a step as that of a build.
    ///
    /// - Parameter lines: Of the instruction that it happened in.
    init(_ error: any Error, at lines: ClosedRange<Int>? = nil) {
        switch error {
        case let error as BuildError: self = error
        case let error as DockerfileError:
            self.init(error.message, lines: error.lines.first)
            mistake = error
        case let error as EngineError:
            self.init(error.action.isEmpty ? error.reason : "cannot \(error.action): \(error.reason)")
            advice = error.hint
        case let error as ContextError:
            self.init("failed to compute cache key: failed to calculate checksum of the sources: \(error)")
            if case .notFound(_, isIgnored: true) = error { advice = "It is there, but .dockerignore excludes it." }
        case let error as StoreError:
            self.init("\(error)")
            if error.isNoSpace { advice = "Make room with `hako system prune`." }
        default: self.init("\(error)")
        }
        if self.lines == nil { self.lines = lines }
    }
}
