import Dockerfile
import Engine
import ImageStore
import Linux
import OCI

/// What all stages of a build share: the store, what was asked for, who is told, and what keeps new layers from collection.
final class BuildSession {
    let engine: Engine
    let store: ImageStore
    let request: BuildRequest
    /// Seconds since 1970 that no time of the image is later than; nil for now.
    let epoch: Int64?
    private let reporter: any BuildReporter
    private var openedLease: Lease?
    private var stepCount = 0

    init(_ request: BuildRequest, engine: Engine, reporter: any BuildReporter) throws {
        self.request = request
        self.engine = engine
        self.reporter = reporter
        epoch = try request.sourceDateEpoch ?? Self.epoch(request.arguments["SOURCE_DATE_EPOCH"])
        store = try engine.images()
    }

    private static func epoch(_ text: String?) throws(BuildError) -> Int64? {
        guard let text, !text.isEmpty else { return nil }
        guard let seconds = Int64(text), seconds >= 0 else {
            throw BuildError("invalid SOURCE_DATE_EPOCH: \(text): expected seconds since 1970")
        }
        return seconds
    }

    /// Keeps what this build has made until an image holds it. A build that makes nothing has none.
    func lease() throws(StoreError) -> Lease {
        if let openedLease { return openedLease }
        let lease = try store.lease()
        openedLease = lease
        return lease
    }

    // MARK: Times

    /// As the image has a file's time: whole seconds, as its archives hold no others, and none after the epoch.
    func time(_ time: FileTime) -> FileTime { FileTime(seconds: epoch.map { min($0, time.seconds) } ?? time.seconds) }

    /// Of what is made now.
    var now: FileTime { FileTime(seconds: epoch ?? RealTime.now / 1_000_000_000) }

    /// The same for a configuration: RFC 3339.
    var created: String { Timestamp(nanoseconds: epoch.map { $0 &* 1_000_000_000 } ?? RealTime.now).description }

    // MARK: Steps

    func report(_ event: BuildEvent) { reporter.report(event) }

    /// Begins a step; ``end(_:_:)`` has to follow.
    func begin(_ kind: BuildStep.Kind, _ title: String) -> BuildStep {
        stepCount += 1
        let step = BuildStep(number: stepCount, kind: kind, title: title)
        reporter.report(.started(step))
        return step
    }

    func end(_ step: BuildStep, _ outcome: BuildOutcome) { reporter.report(.finished(step, outcome)) }

    func note(_ step: BuildStep, _ text: String) { reporter.report(.note(step, text)) }

    /// Does something as a step of its own, which fails with it.
    func step<Result>(_ kind: BuildStep.Kind, _ title: String, _ body: (BuildStep) throws -> Result) throws -> Result {
        let step = begin(kind, title)
        do {
            let result = try body(step)
            end(step, .done)
            return result
        } catch {
            end(step, .failed("\(error)"))
            throw error
        }
    }
}
