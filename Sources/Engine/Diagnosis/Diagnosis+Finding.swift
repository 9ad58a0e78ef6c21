extension Diagnosis {
    /// One thing that is the matter with a container, how it shows, and what to do about it.
    public struct Finding: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable {
            case neverStarted, startFailed, programNotFound, programNotExecutable, missingInterpreter, wrongArchitecture
            case carriageReturn, unknownFormat, missingLibrary
            case ended, failed, signal, stopped, killed, outOfMemory, unwatched
            case restarting, paused, unhealthy, throttled, memoryPressure, blockPressure, nearMemoryLimit, nearProcessLimit
            case unending, takenOver
        }

        public var kind: Kind
        /// A sentence without its full stop.
        public var evidence: String
        /// Command lines to try, and, where no command helps, what to change.
        public var advice: [String]

        public init(_ kind: Kind, _ evidence: String, try advice: [String] = []) {
            self.kind = kind
            self.evidence = evidence
            self.advice = advice
        }

        /// Whether the container is well all the same: it is as somebody wanted it.
        var isHarmless: Bool { [.ended, .stopped, .neverStarted, .paused, .takenOver].contains(kind) }
    }
}
