import MonitorProtocol
import OCI

extension ContainerConfig {
    /// The request's health check, member by member, over the image's: a member that is missing, empty or 0 is the image's.
    mutating func inheritHealthcheck(_ image: JSON?) {
        guard let image = image?.object, !image.isEmpty else { return }
        guard var own = healthcheck?.object else { return healthcheck = .object(image) }
        if own["Test"]?.array?.first == "NONE" { return }
        for member in image.members where Self.isOpen(own[member.name]) { own[member.name] = member.value }
        healthcheck = .object(own)
    }

    private static func isOpen(_ value: JSON?) -> Bool {
        guard let value, !value.isNull else { return true }
        return value.integer == 0 || value.array?.isEmpty == true
    }

    /// What the monitor is to do about the container's health; nil for nothing. What isn't said is as Docker has it.
    ///
    /// - SeeAlso: <https://docs.docker.com/reference/dockerfile/#healthcheck>
    func healthCheck() throws(EngineError) -> HealthCheck? {
        guard let json = healthcheck, !json.isNull else { return nil }
        let check: Healthcheck
        do throws(FormatError) {
            check = try Healthcheck(JSONFields(json, at: "Healthcheck"))
        } catch { throw EngineError(.invalidArgument, "invalid health check: \(error)") }
        do throws(FormatError) { try check.check() } catch { throw EngineError(.invalidArgument, "\(error)") }
        guard let probe = try probe(of: check.test) else { return nil }
        let seconds: Int64 = 1_000_000_000
        let or = { (value: Int64, usual: Int64) in value == 0 ? usual : value }
        return HealthCheck(
            probe, interval: or(check.interval, 30 * seconds), timeout: or(check.timeout, 30 * seconds),
            startPeriod: check.startPeriod, startInterval: or(check.startInterval, 5 * seconds), retries: or(check.retries, 3))
    }

    /// Docker's kinds, and two of ours: `["HTTP", "http://localhost:80/"]`, `["TCP", "5432"]`.
    private func probe(of test: [String]) throws(EngineError) -> HealthCheck.Probe? {
        let words = Array(test.dropFirst())
        switch test.first {
        case nil, "NONE": return nil
        case "CMD": return words.isEmpty ? nil : .command(words)
        case "CMD-SHELL": return .command((shell ?? ExecutionConfig.defaultShell) + words)
        case "HTTP": return try HealthURL(words.first ?? "").probe
        case "TCP":
            guard let port = UInt16(words.first ?? ""), port > 0 else {
                throw EngineError(.invalidArgument, "invalid health check: \"\(words.first ?? "")\" is no port")
            }
            return .connection(address: "127.0.0.1", port: port, request: nil)
        case .some(let kind):
            throw EngineError(
                .invalidArgument, "invalid health check: \"\(kind)\" is no kind of test",
                hint: "A test begins with CMD, CMD-SHELL, HTTP, TCP or NONE.")
        }
    }
}

/// Where a health check asks by HTTP: in the container itself.
struct HealthURL {
    let probe: HealthCheck.Probe

    init(_ text: String) throws(EngineError) {
        let invalid = { (reason: String) in
            EngineError(
                .invalidArgument, "invalid health check: \"\(text)\" \(reason)",
                hint: "It is asked inside the container, without TLS: http://localhost:8080/health")
        }
        guard text.hasPrefix("http://") else { throw invalid("does not begin with http://") }
        let rest = text.utf8.dropFirst("http://".utf8.count)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        let path = rest.dropFirst(authority.count)
        guard let host = String(authority), let target = String(path), target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw invalid("holds what no URL has")
        }
        let (name, port) = Self.parts(host)
        let address = ["", "localhost", "127.0.0.1"].contains(name) ? "127.0.0.1" : name == "[::1]" ? "::1" : nil
        guard let address else { throw invalid("names another host") }
        guard let number = UInt16(port ?? "80"), number > 0 else { throw invalid("has no right port") }
        let request =
            "GET \(target.isEmpty ? "/" : target) HTTP/1.1\r\nHost: \(name.isEmpty ? "localhost" : name)\r\n"
            + "User-Agent: hako-health\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        probe = .connection(address: address, port: number, request: request)
    }

    /// `[::1]:80`, `localhost:80`, `:80`, `localhost`.
    private static func parts(_ host: String) -> (name: String, port: String?) {
        let colon = host.utf8.lastIndex(of: UInt8(ascii: ":"))
        guard let colon, !host.hasSuffix("]") else { return (host, nil) }
        return (String(host[..<colon]), String(host[host.index(after: colon)...]))
    }
}

extension Engine {
    /// Judges the health check, and whether there is one where the restart policy goes by it.
    func requireHealthCheck(for policy: RestartPolicy, _ config: ContainerConfig) throws(EngineError) {
        let check = try config.healthCheck()
        guard policy.condition != .unhealthy || check != nil else {
            throw EngineError(
                .invalidArgument, "restart policy unhealthy needs a health check",
                hint: "Give one with --health-cmd, --health-http or --health-tcp.")
        }
    }
}
