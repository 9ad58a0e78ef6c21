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
            try check.check()
        } catch { throw EngineError(.invalidArgument, "invalid health check: \(error)") }
        guard let command = try command(of: check.test) else { return nil }
        let seconds: Int64 = 1_000_000_000
        let or = { (value: Int64, usual: Int64) in value == 0 ? usual : value }
        return HealthCheck(
            command: command, interval: or(check.interval, 30 * seconds), timeout: or(check.timeout, 30 * seconds),
            startPeriod: check.startPeriod, startInterval: or(check.startInterval, 5 * seconds), retries: or(check.retries, 3))
    }

    private func command(of test: [String]) throws(EngineError) -> [String]? {
        let words = Array(test.dropFirst())
        switch test.first {
        case nil, "NONE": return nil
        case "CMD": return words.isEmpty ? nil : words
        case "CMD-SHELL": return (shell ?? ["/bin/sh", "-c"]) + words
        case .some(let kind):
            throw EngineError(
                .invalidArgument, "invalid health check: \"\(kind)\" is no kind of test",
                hint: "A test begins with CMD, CMD-SHELL or NONE.")
        }
    }
}
