import OCI

/// Whether a container that has ended is started again: Docker's policies, and one of ours.
public struct RestartPolicy: Hashable, Sendable {
    public enum Condition: String, Hashable, Sendable, CaseIterable {
        case never = "no"
        case onFailure = "on-failure"
        case always
        case unlessStopped = "unless-stopped"
        /// As ``onFailure``, and one that its health check finds unhealthy is ended for it.
        case unhealthy
    }

    public var condition: Condition
    /// Of ``Condition/onFailure`` and ``Condition/unhealthy``: how often at most; 0 is any number.
    public var maximumRetryCount: Int64

    public init(_ condition: Condition = .never, maximumRetryCount: Int64 = 0) {
        self.condition = condition
        self.maximumRetryCount = maximumRetryCount
    }

    /// How long an ended container rests before it is started again, in milliseconds: at first 100, then twice as long each time,
    /// up to a minute; one that ran for ten seconds begins anew. As Docker's.
    ///
    /// - Parameter former: The pause before that run; 0 for the first.
    public static func pause(after former: Int64, ranMilliseconds: Int64) -> Int64 {
        former == 0 || ranMilliseconds >= 10_000 ? 100 : min(former * 2, 60_000)
    }

    public init(json: JSON) throws(FieldError) {
        guard let condition = Condition(rawValue: try json.requiredString("condition")) else {
            throw FieldError("restart.condition", "must be no, on-failure, always, unless-stopped or unhealthy")
        }
        self.init(condition, maximumRetryCount: try json.requiredInteger("maximumRetryCount"))
    }

    public var json: JSON {
        ["condition": .string(condition.rawValue), "maximumRetryCount": .integer(maximumRetryCount)]
    }
}
