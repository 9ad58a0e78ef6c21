import MonitorProtocol
import OCI

/// When a probe of the container's health began, and what it becomes: the same for each kind of probe.
struct ProbeStart {
    private let time = Clock.now()
    /// How long ago the container was started then, in nanoseconds.
    let age: Int64

    func result(exitCode: Int64, _ output: String) -> HealthReport.Result {
        HealthReport.Result(start: time, end: Clock.now(), exitCode: exitCode, output: output)
    }

    /// Of one that took too long, or could not even be begun: no exit code is its own.
    func failure(_ output: String) -> HealthReport.Result { result(exitCode: -1, output) }
}
