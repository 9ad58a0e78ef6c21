import Metadata

extension Engine {
    /// Starts what should run after a reboot, by each container's restart policy.
    ///
    /// - Parameter report: Called for each that was started, or could not be, with why.
    public func boot(_ report: (ContainerRecord, EngineError?) -> Void) throws(EngineError) {
        // In the order in which they were made: who needs another came later.
        for record in try containers().reversed() where !record.state.isUp {
            guard try startsAtBoot(record) else { continue }
            do throws(EngineError) {
                try start(record.id)
                report(record, nil)
            } catch { report(record, error) }
        }
    }

    /// As Docker's daemon decides when it starts. What was never started isn't now.
    private func startsAtBoot(_ record: ContainerRecord) throws(EngineError) -> Bool {
        guard record.state.started != nil, !record.autoRemove else { return false }
        let policy = try storedSpec(of: record).host.restartPolicy
        return switch policy.condition {
        case .never: false
        case .always: true
        case .unlessStopped: !record.isStopped
        case .onFailure, .unhealthy:
            !record.isStopped && record.state.exitCode != 0
                && (policy.maximumRetryCount == 0 || record.restarts < policy.maximumRetryCount)
        }
    }
}
