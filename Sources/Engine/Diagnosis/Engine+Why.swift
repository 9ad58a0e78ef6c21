import Linux
import Metadata
import MonitorProtocol
import OCI

extension Engine {
    /// So many records of the log are shown.
    private static let logTail = 8

    /// Finds out why a container is not running, or not well.
    public func why(_ name: String) throws(EngineError) -> Diagnosis {
        let record = try container(name)
        let spec = try storedSpec(of: record)
        var findings: [Diagnosis.Finding] = []
        switch record.state.status {
        case .running: findings = runningFindings(record, spec)
        case .paused: findings = [Diagnosis.Finding(.paused, "it is paused", try: ["hako unpause \(record.name)"])]
        case .created: findings = createdFindings(record, spec)
        case .restarting, .exited, .dead, .removing: findings = try endFindings(record, spec)
        }
        return Diagnosis(
            id: record.id, name: record.name, image: record.imageName, status: record.state.status.rawValue,
            exitCode: record.state.exitCode, started: record.state.started,
            finished: record.state.hasProcess ? nil : record.state.finished, restarts: record.restarts,
            findings: findings.map { naming($0, record) }, log: lastRecords(record, Self.logTail), usage: recentUsage(of: record))
    }

    /// What to try names this container's image.
    func naming(_ finding: Diagnosis.Finding, _ record: ContainerRecord) -> Diagnosis.Finding {
        var finding = finding
        finding.advice = finding.advice.map { line in
            line.split(separator: " ", omittingEmptySubsequences: false).map { word in
                word == "IMAGE" ? record.imageName : word == "IMAGE," ? "\(record.imageName)," : String(word)
            }.joined(separator: " ")
        }
        return finding
    }

    func lastRecords(_ record: ContainerRecord, _ count: Int) -> [LogRecord] {
        guard record.state.started != nil else { return [] }
        var query = LogQuery()
        query.tail = count
        var records: [LogRecord] = []
        // A log that can't be read, or isn't kept, is no reason to keep the rest from being said.
        try? logs(of: record.id, query) { records.append($0); return true }
        return records
    }

    private func createdFindings(_ record: ContainerRecord, _ spec: StoredSpec) -> [Diagnosis.Finding] {
        guard !record.state.error.isEmpty else {
            return [Diagnosis.Finding(.neverStarted, "it was made, and has never been started", try: ["hako start \(record.name)"])]
        }
        let program = programFindings(record, spec)
        if !program.isEmpty { return program }
        var error = record.state.error
        if error.hasSuffix(".") { error.removeLast() }
        return [Diagnosis.Finding(.startFailed, "it could not be started: \(error)", try: ["hako start \(record.name)"])]
    }

    // MARK: While it runs

    private func runningFindings(_ record: ContainerRecord, _ spec: StoredSpec) -> [Diagnosis.Finding] {
        var findings: [Diagnosis.Finding] = []
        if let stuck = unkillable(of: record, onlyKilled: true) { findings.append(stuck.finding) }
        if record.health == HealthReport.Status.unhealthy.rawValue { findings.append(healthFinding(record)) }
        let meter = UsageMeter(self, withPressure: true)
        guard let usage = meter.usage(of: [record], rest: {}).first else { return findings }
        findings += memoryFindings(record, usage)
        if let pids = usage.used.pids, let limit = pids.limit, pids.current * 10 >= limit * 9 {
            findings.append(
                Diagnosis.Finding(
                    .nearProcessLimit, "\(pids.current) of \(limit) processes and threads that it may have are there",
                    try: ["hako top \(record.name)", "hako update --pids-limit \(limit * 2) \(record.name)"]))
        }
        findings += pressureFindings(record, usage)
        // Looked at last: what it noted down before that is known.
        return findings + monitorFindings(record)
    }

    /// What its monitor's death has cost it.
    private func monitorFindings(_ record: ContainerRecord) -> [Diagnosis.Finding] {
        do throws(EngineError) { _ = try connection(to: record) } catch {
            return [
                Diagnosis.Finding(
                    .unwatched, "nobody writes its log, asks for its health or starts it again: cannot \(error.action): \(error.reason)",
                    try: ["hako restart \(record.name)"])
            ]
        }
        // Without the file, it has the monitor that it was started with.
        let path = runtimePaths.takenOver(record.id)
        guard let text = try? FileDescriptor.contents(of: path, limit: 64 << 10), let status = try? FileDescriptor.status(of: path)
        else { return [] }
        let time = Timestamp(nanoseconds: status.modified.seconds * 1_000_000_000)
        let losses = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let without = losses.isEmpty ? "" : "; gone with the first one: " + losses.joined(separator: "; ")
        return [
            Diagnosis.Finding(
                .takenOver, "its monitor was killed, and another one has it since \(time)\(without)",
                try: losses.isEmpty ? [] : ["hako restart \(record.name)"])
        ]
    }

    private func memoryFindings(_ record: ContainerRecord, _ usage: ContainerUsage) -> [Diagnosis.Finding] {
        guard let memory = usage.used.memory, let limit = memory.limit else { return [] }
        let more = "hako update --memory \(limit >> 19)m --memory-swap \(limit >> 19)m \(record.name)"
        if memory.oomKills > 0 {
            return [Diagnosis.Finding(.outOfMemory, memoryEvidence(record, limit: Int64(clamping: limit)), try: [more, "hako logs \(record.name)"])]
        }
        guard usage.memory * 10 >= limit * 9 else { return [] }
        return [
            Diagnosis.Finding(
                .nearMemoryLimit, "it uses \(usage.memory >> 20) MiB of the \(limit >> 20) MiB of memory that it may have",
                try: ["hako stats \(record.name)", more])
        ]
    }

    /// From a tenth of the last ten seconds on.
    private func pressureFindings(_ record: ContainerRecord, _ usage: ContainerUsage) -> [Diagnosis.Finding] {
        var findings: [Diagnosis.Finding] = []
        let recent = recentUsage(of: record)?.intervals.suffix(2).compactMap(\.throttled) ?? []
        let throttled = recent.isEmpty ? 0 : recent.reduce(0, +) / Double(recent.count)
        if throttled >= 10 {
            findings.append(
                Diagnosis.Finding(
                    .throttled, "its limit of processor time holds it up: \(Int(throttled.rounded())) % of the last \(recent.count * 5) s",
                    try: ["hako update --cpus N \(record.name), with more than it has now", "hako stats --pressure \(record.name)"]))
        }
        if let share = usage.pressure?.memory?.some.average10, share >= 10 {
            findings.append(
                Diagnosis.Finding(
                    .memoryPressure, "its processes waited for memory in \(Int(share.rounded())) % of the last 10 s",
                    try: ["hako stats --pressure \(record.name)", "hako update --memory N \(record.name), with more than it has now"]))
        }
        if let share = usage.pressure?.io?.some.average10, share >= 30 {
            findings.append(
                Diagnosis.Finding(
                    .blockPressure, "its processes waited for disks in \(Int(share.rounded())) % of the last 10 s",
                    try: ["hako stats --pressure \(record.name)"]))
        }
        return findings
    }

    func healthFinding(_ record: ContainerRecord) -> Diagnosis.Finding {
        let report = health(record)
        let last = report["Log"]?.array?.last
        let output = last?["Output"]?.string ?? ""
        let line = output.split(separator: "\n").last.map(String.init) ?? ""
        let code = last?["ExitCode"]?.integer.map { " with \($0)" } ?? ""
        let said = line.isEmpty ? "" : ", and said: \(line)"
        return Diagnosis.Finding(
            .unhealthy, "its health check has failed \(report["FailingStreak"]?.integer ?? 0) times in a row; the last one ended\(code)\(said)",
            try: ["hako inspect --format '{{json .State.Health}}' \(record.name)", "hako logs \(record.name)"])
    }

    /// - Parameter limit: In bytes.
    func memoryEvidence(_ record: ContainerRecord, limit: Int64) -> String {
        let most = limit > 0 ? ": its memory limit of \(limit >> 20) MiB was reached" : ""
        guard let victim = MemoryVictim.last(of: record.id) else {
            return "the kernel killed a process of it for want of memory\(most)"
        }
        return "the kernel killed its process \(victim.name) (pid \(victim.pid)) for want of memory\(most)"
    }
}
