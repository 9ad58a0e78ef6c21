import OCI

/// How a monitor finds out whether its container is well. No default is left open; times are in nanoseconds.
public struct HealthCheck: Hashable, Sendable {
    public enum Probe: Hashable, Sendable {
        /// A program in the container, as the container's own user, in its directory and environment: well if it ends with 0.
        case command([String])
        /// A connection to the container, from inside its network namespace. With a request, an answer from 200 to 399 is well;
        /// without, it is enough that the connection is there.
        ///
        /// - Parameters:
        ///   - address: One of the container's own, IPv4 or IPv6.
        ///   - request: What is sent, whole.
        case connection(address: String, port: UInt16, request: String?)
    }

    public var probe: Probe
    /// From the end of a probe to the next.
    public var interval: Int64
    /// What takes longer has failed.
    public var timeout: Int64
    /// For so long after the start a failure doesn't count, until the first success.
    public var startPeriod: Int64
    /// The interval until the first success, in the start period.
    public var startInterval: Int64
    /// So many failures in a row make a container unhealthy. At least 1.
    public var retries: Int64

    public init(
        _ probe: Probe, interval: Int64, timeout: Int64, startPeriod: Int64, startInterval: Int64, retries: Int64
    ) {
        self.probe = probe
        self.interval = interval
        self.timeout = timeout
        self.startPeriod = startPeriod
        self.startInterval = startInterval
        self.retries = retries
    }

    /// How long to wait for the next probe.
    ///
    /// - Parameter age: How long ago the container was started, in nanoseconds.
    public func delay(_ status: HealthReport.Status, age: Int64) -> Int64 {
        status == .starting && age < startPeriod ? startInterval : interval
    }

    init(json: JSON) throws(FieldError) {
        self.init(
            try Probe(json: json), interval: try json.requiredInteger("interval"),
            timeout: try json.requiredInteger("timeout"), startPeriod: try json.requiredInteger("startPeriod"),
            startInterval: try json.requiredInteger("startInterval"), retries: try json.requiredInteger("retries"))
        guard interval > 0, timeout > 0, startInterval > 0, startPeriod >= 0, retries > 0 else {
            throw FieldError("health", "must hold times and retries above 0")
        }
    }

    var json: JSON {
        var object = probe.members
        for (name, value) in [
            ("interval", interval), ("timeout", timeout), ("startPeriod", startPeriod), ("startInterval", startInterval),
            ("retries", retries),
        ] { object[name] = .integer(value) }
        return .object(object)
    }
}

extension HealthCheck.Probe {
    init(json: JSON) throws(FieldError) {
        guard json["address"] != nil else {
            let command = try json.strings("command")
            guard !command.isEmpty else { throw FieldError("health.command", "must not be empty") }
            self = .command(command)
            return
        }
        self = .connection(
            address: try json.requiredString("address"), port: try json.requiredInteger("port"),
            request: json["request"]?.string)
    }

    var members: JSONObject {
        switch self {
        case .command(let words): return ["command": JSON(words)]
        case .connection(let address, let port, let request):
            var object: JSONObject = ["address": .string(address), "port": .integer(Int64(port))]
            object["request"] = request.map(JSON.string)
            return object
        }
    }
}

/// What was found of a container's health: `State.Health` of Docker's inspect.
public struct HealthReport: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable { case starting, healthy, unhealthy }

    /// What one probe found.
    public struct Result: Hashable, Sendable {
        public var start: Timestamp
        public var end: Timestamp
        /// -1 for one that could not be started, or took too long.
        public var exitCode: Int64
        public var output: String

        public init(start: Timestamp, end: Timestamp, exitCode: Int64, output: String) {
            self.start = start
            self.end = end
            self.exitCode = exitCode
            self.output = output
        }
    }

    /// The file of it in a container's bundle while it runs, and in its directory after its end.
    public static let file = "health.json"
    /// So many results are kept, and so much of what a probe wrote, in bytes. As Docker's.
    public static let resultsKept = 5
    public static let outputLimit = 4096

    public private(set) var status = Status.starting
    public private(set) var failingStreak: Int64 = 0
    /// The newest last.
    public private(set) var log: [Result] = []

    public init() {}

    /// Reads what ``json`` wrote.
    public init(json: JSON) throws(FieldError) {
        guard let status = Status(rawValue: try json.requiredString("Status")) else {
            throw FieldError("Status", "must be starting, healthy or unhealthy")
        }
        self.status = status
        failingStreak = try json.requiredInteger("FailingStreak")
        for result in json["Log"]?.array ?? [] {
            log.append(
                Result(
                    start: try result.requiredTime("Start"), end: try result.requiredTime("End"), exitCode: try result.requiredInteger("ExitCode"),
                    output: try result.requiredString("Output")))
        }
    }

    /// Takes in what a probe found.
    ///
    /// - Parameter age: How long after the container's start the probe began, in nanoseconds.
    /// - Returns: Whether the status is another one now.
    public mutating func note(_ result: Result, _ check: HealthCheck, age: Int64) -> Bool {
        let before = status
        log = Array((log + [result]).suffix(Self.resultsKept))
        if result.exitCode == 0 {
            (status, failingStreak) = (.healthy, 0)
        } else if status != .starting || age >= check.startPeriod {
            failingStreak += 1
            if failingStreak >= check.retries { status = .unhealthy }
        }
        return status != before
    }

    /// What is said of a probe that took too long; times in nanoseconds.
    public static func timeoutText(_ timeout: Int64) -> String {
        let seconds = Double(timeout) / 1e9
        return "Health check exceeded timeout (\(timeout % 1_000_000_000 == 0 ? "\(timeout / 1_000_000_000)" : "\(seconds)")s)"
    }

    public var json: JSON {
        [
            "Status": .string(status.rawValue), "FailingStreak": .integer(failingStreak),
            "Log": .array(
                log.map { result in
                    [
                        "Start": .string(result.start.description), "End": .string(result.end.description),
                        "ExitCode": .integer(result.exitCode), "Output": .string(result.output),
                    ]
                }),
        ]
    }
}
