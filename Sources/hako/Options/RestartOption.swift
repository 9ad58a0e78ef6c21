import CommandLineTables
import Engine
import MonitorProtocol

/// `--restart`: `no`, `always`, `unless-stopped`, `on-failure`, `on-failure:3`, `unhealthy`, `unhealthy:3`.
enum RestartOption {
    static let option = Option.text("restart", "Restart policy to apply when a container exits, or is unhealthy: on-failure[:n], always, unless-stopped, unhealthy[:n]",
        default: "no")

    static func parse(_ text: String) throws -> RestartPolicy {
        guard !text.isEmpty else { return RestartPolicy() }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let condition = RestartPolicy.Condition(rawValue: parts[0]) else {
            throw EngineError(
                .invalidArgument,
                "invalid restart policy: unknown policy '\(parts[0])'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'")
        }
        guard parts.count > 1 else { return RestartPolicy(condition) }
        guard let count = Int64(parts[1]) else {
            throw EngineError(.invalidArgument, "invalid restart policy format: maximum retry count must be an integer")
        }
        guard condition == .onFailure || condition == .unhealthy else {
            throw EngineError(
                .invalidArgument, "invalid restart policy: maximum retry count can only be used with 'on-failure'")
        }
        guard count >= 0 else {
            throw EngineError(.invalidArgument, "invalid restart policy: maximum retry count cannot be negative")
        }
        return RestartPolicy(condition, maximumRetryCount: count)
    }
}
