import Metadata
import MonitorProtocol
import OCI

extension ContainerChange {
    /// Nil for what changes no state.
    init?(_ record: JournalRecord) {
        let kind: Kind
        switch record.event {
        case .start(let pid, let restarts): kind = .started(pid: Int64(pid), restarts: restarts)
        case .die(let exit, let isRestarting, _):
            kind = .died(
                exitCode: Int64(exit.exitCode), oomKilled: exit.oomKilled, isRestarting: isRestarting,
                error: exit.isKnown ? "" : ContainerExit.unknown)
        case .stay: kind = .stayed
        case .health(let status): kind = .checked(health: status.rawValue)
        case .note: return nil
        }
        self.init(id: record.id, time: record.time.nanoseconds, kind: kind)
    }
}

extension JournalRecord {
    /// What `events` tells of it: nothing, one event or two.
    var storedEvents: [Metadata.Event] {
        switch event {
        case .start: [stored("start")]
        case .stay, .health(.starting): []
        case .health(let status): [stored("health_status: \(status.rawValue)")]
        case .note(let type, let action, let attributes): [stored(action, attributes, type: type)]
        case .die(let exit, _, let ran):
            (exit.oomKilled ? [stored("oom")] : [])
                + [stored("die", ["exitCode": String(exit.exitCode), "execDuration": String(ran)])]
        }
    }

    private func stored(_ action: String, _ attributes: [String: String] = [:], type: String = "container") -> Metadata.Event {
        Metadata.Event(
            time: time.nanoseconds, type: type, action: action, actor: id, attributes: JSON(attributes).text())
    }
}
