/// How long a registry may take, and how often it is asked again. A registry that never ends must not hold a pull for
/// ever.
public struct TransferLimits: Sendable {
    public var connect: Duration = .seconds(15)
    /// From the request to the answer's head.
    public var response: Duration = .seconds(60)
    /// From the last byte of an upload to the answer's head: the registry hashes and moves what it got.
    public var commit: Duration = .seconds(300)
    /// Without a single byte of a body.
    public var stall: Duration = .seconds(30)
    /// A body slower than this, over `rateWindow` of waiting, is taken for a stalled one: a byte now and then is no
    /// download.
    public var minimumBytesPerSecond = 64
    public var rateWindow: Duration = .seconds(60)

    /// Tries of one request, and of one blob without any progress in between.
    public var attempts = 5
    /// Before the second try; doubled for each further one.
    public var firstDelay: Duration = .milliseconds(250)
    public var longestDelay: Duration = .seconds(15)
    /// The longest `Retry-After` that is obeyed; a longer one is an error at once.
    public var longestRetryAfter: Duration = .seconds(60)

    public static let redirects = 10
    static let errorBytes = 64 << 10

    public init() {}

    /// Exponential, with jitter over its upper half: clients that failed together must not come back together.
    func delay(beforeAttempt attempt: Int) -> Duration {
        let doublings = min(max(attempt - 1, 0), 10)
        let whole = min(firstDelay * (1 << doublings), longestDelay)
        return whole * Double.random(in: 0.5...1)
    }
}
