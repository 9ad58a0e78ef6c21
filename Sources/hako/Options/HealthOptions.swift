import CommandLineTables
import Engine
import OCI

/// `--health-*` and `--no-healthcheck`.
enum HealthOptions {
    static var table: [Option] {
        [
            .text("health-cmd", "Command to run to check health"),
            .text("health-http", "URL to ask for the health, from inside the container: http://localhost:8080/health"),
            .integer("health-tcp", "Port that takes connections in a healthy container"),
            .duration("health-interval", "Time between running the check (ms|s|m|h)", default: "0s"),
            .integer("health-retries", "Consecutive failures needed to report unhealthy"),
            .duration(
                "health-start-interval", "Time between running the check during the start period (ms|s|m|h)", default: "0s"),
            .duration(
                "health-start-period",
                "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)",
                default: "0s"),
            .duration("health-timeout", "Maximum time to allow one check to run (ms|s|m|h)", default: "0s"),
            .flag("no-healthcheck", "Disable any container-specified HEALTHCHECK"),
        ]
    }

    static let times = [
        ("health-interval", "Interval"), ("health-timeout", "Timeout"), ("health-start-period", "StartPeriod"),
        ("health-start-interval", "StartInterval"),
    ]

    /// Docker's `Healthcheck`; nil where nothing was said of it. What is left open is the image's.
    static func healthcheck(_ arguments: ParsedArguments) throws -> JSON? {
        let given = table.map(\.name).filter { $0 != "no-healthcheck" && arguments.isGiven($0) }
        if arguments.flag("no-healthcheck") {
            guard given.isEmpty else {
                throw EngineError(.invalidArgument, "--no-healthcheck conflicts with --health-* options")
            }
            return ["Test": ["NONE"]]
        }
        guard !given.isEmpty else { return nil }
        var object: JSONObject = [:]
        object["Test"] = try test(arguments)
        for (option, name) in times {
            let nanoseconds = arguments.duration(option).map(nanoseconds) ?? 0
            guard nanoseconds >= 0 else { throw EngineError(.invalidArgument, "--\(option) cannot be negative") }
            object[name] = nanoseconds == 0 ? nil : .integer(nanoseconds)
        }
        let retries = arguments.integer("health-retries") ?? 0
        guard retries >= 0 else { throw EngineError(.invalidArgument, "--health-retries cannot be negative") }
        object["Retries"] = retries == 0 ? nil : .integer(Int64(retries))
        return .object(object)
    }

    private static func test(_ arguments: ParsedArguments) throws -> JSON? {
        let tests = [("health-cmd", "CMD-SHELL"), ("health-http", "HTTP"), ("health-tcp", "TCP")].compactMap { option, kind in
            arguments.value(option).flatMap { $0.isEmpty ? nil : [kind, $0] }
        }
        guard tests.count <= 1 else {
            throw EngineError(.invalidArgument, "only one of --health-cmd, --health-http and --health-tcp can be given")
        }
        return tests.first.map { JSON($0) }
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    }
}
