import MonitorProtocol

/// When a container that has ended is started again: at once nearly, and later each time that it doesn't stay (Docker's
/// restart manager).
struct RestartPlan {
    var policy: RestartPolicy
    private var delay: Int64 = 0
    /// How often it was started again.
    private(set) var count: Int64
    /// Somebody has ended it, or it can't be started again: whatever the policy, it stays so.
    var isCancelled: Bool

    init(_ policy: RestartPolicy, count: Int64 = 0, isCancelled: Bool = false) {
        self.policy = policy
        self.count = count
        self.isCancelled = isCancelled
    }

    /// How long to wait, in milliseconds, before it is started again; nil if it is not.
    mutating func next(afterExitCode code: Int32, ranMilliseconds: UInt64) -> Int64? {
        guard !isCancelled, wants(code) else { return nil }
        delay = RestartPolicy.pause(after: delay, ranMilliseconds: Int64(clamping: ranMilliseconds))
        count += 1
        return delay
    }

    private func wants(_ code: Int32) -> Bool {
        switch policy.condition {
        case .never: false
        case .always, .unlessStopped: true
        case .onFailure, .unhealthy: code != 0 && (policy.maximumRetryCount == 0 || count < policy.maximumRetryCount)
        }
    }
}
