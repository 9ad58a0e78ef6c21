import Linux
import Metadata
import MonitorProtocol
import OCI

// Why a container has ended.
extension Engine {
    func endFindings(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> [Diagnosis.Finding] {
        let events = try lastLife(of: record)
        var findings: [Diagnosis.Finding] = []
        if record.state.oomKilled { findings.append(outOfMemory(record, spec)) }
        if [126, 127, 255].contains(record.state.exitCode) || !record.state.error.isEmpty {
            findings += programFindings(record, spec)
        }
        if let library = missingLibrary(record) { findings.append(library) }
        if !record.state.error.isEmpty { findings.append(failure(record)) }
        findings += ending(record, spec, events)
        if record.state.status == .restarting { findings.append(try restart(record, spec)) }
        return findings
    }

    /// What happened to it since its last start.
    private func lastLife(of record: ContainerRecord) throws(EngineError) -> [Event] {
        let events = try onDatabase("read the events") { database throws(MetadataError) in
            try database.events(since: record.state.started ?? 0)
        }
        return events.filter { $0.actor == record.id }
    }

    private func outOfMemory(_ record: ContainerRecord, _ spec: StoredSpec) -> Diagnosis.Finding {
        let limit = spec.host.resources.memory
        let more = max(limit >> 19, 12)
        return Diagnosis.Finding(
            .outOfMemory, memoryEvidence(record, limit: limit),
            try: limit > 0
                ? ["hako update --memory \(more)m --memory-swap \(more)m \(record.name)", "hako start \(record.name)"]
                : ["hako run --memory …, so that it is this container that is short of memory, and not the host"])
    }

    private func failure(_ record: ContainerRecord) -> Diagnosis.Finding {
        if record.state.error.hasPrefix("how it ended is unknown") {
            return Diagnosis.Finding(
                .unwatched, "how it ended is not known: its monitor was gone, or the host was switched off",
                try: ["hako start \(record.name)"])
        }
        return Diagnosis.Finding(.startFailed, record.state.error, try: ["hako start \(record.name)"])
    }

    /// The dynamic loader says so, and ends with 127.
    private func missingLibrary(_ record: ContainerRecord) -> Diagnosis.Finding? {
        guard record.state.exitCode == 127 else { return nil }
        let lines = lastRecords(record, 20).map { String(decoding: $0.bytes, as: UTF8.self) }
        let found = lines.last { $0.contains("error while loading shared libraries:") || $0.contains("Error loading shared library") }
        return found.map { line in
            Diagnosis.Finding(
                .missingLibrary, "a library is missing: \(line.split(separator: "\n").first.map(String.init) ?? line)",
                try: ["install in the image the package that has it"])
        }
    }

    /// Its exit code, and who ended it.
    private func ending(_ record: ContainerRecord, _ spec: StoredSpec, _ events: [Event]) -> [Diagnosis.Finding] {
        let code = record.state.exitCode
        if let sent = hakoSignals(record, events) { return [sent] }
        if record.state.status == .restarting, code == 0 { return [Diagnosis.Finding(.ended, "its program ended by itself, with 0")] }
        if code == 0 { return [Diagnosis.Finding(.ended, "its program ended by itself, with 0", try: ["hako start \(record.name)"])] }
        let died = events.last { $0.action == "die" }?.time ?? 0
        if spec.host.restartPolicy.condition == .unhealthy, code == 137,
            events.contains(where: { $0.action == "health_status: unhealthy" && $0.time <= died })
        {
            return [
                Diagnosis.Finding(.killed, "its monitor ended it as unhealthy, by its restart policy", try: ["hako logs \(record.name)"]),
                healthFinding(record),
            ]
        }
        // What the kernel has done is said already.
        if record.state.oomKilled, code == 137 { return [] }
        if code > 128, code <= 192 {
            let name = Signals.name(of: CInt(clamping: code - 128))
            return [Diagnosis.Finding(.signal, "it ended with \(code): \(name)\(Self.meaning(ofSignal: code - 128)). Hako did not send it", try: ["hako logs \(record.name)"])]
        }
        return [Diagnosis.Finding(.failed, "its program ended with \(code)\(Self.meaning(ofCode: code))", try: ["hako logs \(record.name)"])]
    }

    /// Nil where Hako sent none.
    private func hakoSignals(_ record: ContainerRecord, _ events: [Event]) -> Diagnosis.Finding? {
        let kills = events.filter { $0.action == "kill" }
        guard let last = kills.last, let first = kills.first else { return nil }
        let numbers = kills.compactMap { Self.attribute("signal", of: $0).flatMap { CInt($0) } }
        let isStop = events.contains { $0.action == "stop" || $0.action == "restart" }
        let name = { (number: CInt?) in number.map(Signals.name) ?? "a signal" }
        // What it was sent and took, it has survived; it ended by itself.
        guard isStop || record.isStopped || Int64(numbers.last ?? 0) + 128 == record.state.exitCode else { return nil }
        let code = record.state.exitCode
        guard numbers.count > 1, numbers.last == 9, isStop else {
            let by = isStop ? "stop" : "kill"
            return Diagnosis.Finding(
                isStop ? .stopped : .killed, "`hako \(by)` sent it \(name(numbers.last)), and it ended with \(code)",
                try: ["hako start \(record.name)"])
        }
        if Self.attribute("unheard", of: last) != nil { return Self.unheard(name(numbers.first), code, record) }
        let waited = Int((Double(last.time - first.time) / 1e9).rounded())
        return Diagnosis.Finding(
            .killed,
            "`hako stop` sent it \(name(numbers.first)), "
                + (waited < 1 ? "gave it no time to end" : "which it did not end by in \(waited) s")
                + ", and then SIGKILL: it ended with \(code)",
            try: [
                "hako run --stop-timeout N, with more than it takes to end; or have its program end by \(name(numbers.first))",
                "hako start \(record.name)",
            ])
    }

    private static func unheard(_ signal: String, _ code: Int64, _ record: ContainerRecord) -> Diagnosis.Finding {
        Diagnosis.Finding(
            .stopped,
            "`hako stop` sent it \(signal), which it could not get (no handler in process 1), and then SIGKILL: it ended with \(code)",
            try: ["hako run --init, so that \(signal) ends it", "hako start \(record.name)"])
    }

    private static func attribute(_ name: String, of event: Event) -> String? {
        (try? JSON(parsing: event.attributes))?[name]?.string
    }

    private func restart(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> Diagnosis.Finding {
        let policy = spec.host.restartPolicy
        let events = try onDatabase("read the events") { database throws(MetadataError) in try database.events() }
        // As its monitor counts: each run that was short doubles the pause.
        var pause: Int64 = 0
        var began: Int64 = 0
        for event in events where event.actor == record.id {
            if event.action == "start" { began = event.time }
            if event.action == "die" { pause = RestartPolicy.pause(after: pause, ranMilliseconds: (event.time - began) / 1_000_000) }
        }
        let next = (record.state.finished ?? 0) + pause * 1_000_000
        let seconds = max(0, Double(next - RealTime.now) / 1e9)
        let most = policy.maximumRetryCount > 0 ? " of \(policy.maximumRetryCount) at most" : ""
        return Diagnosis.Finding(
            .restarting,
            "its policy \(policy.condition.rawValue) starts it again, for the \(record.restarts). time\(most), in \(Int(seconds.rounded(.up))) s",
            try: ["hako stop \(record.name)", "hako update --restart no \(record.name)"])
    }

    private static func meaning(ofCode code: Int64) -> String {
        switch code {
        case 126: " (in a shell: found, but not executable)"
        case 127: " (in a shell: command not found)"
        case 255: " (-1, or more than an exit code holds)"
        default: ""
        }
    }

    private static func meaning(ofSignal number: Int64) -> String {
        switch number {
        case 4: ", an instruction that this processor does not have"
        case 6: ", it gave up (abort)"
        case 7, 11: ", a fault in its program: it used memory that isn't there"
        case 8: ", a fault in its program: a division by zero"
        case 9: ", which somebody on the host, or a limit outside of Hako, sent it"
        case 31: ", a system call that its seccomp policy forbids"
        default: ""
        }
    }
}
