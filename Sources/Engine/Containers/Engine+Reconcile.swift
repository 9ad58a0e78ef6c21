import Glibc
import Linux
import Metadata
import RuntimeClient

// What the database says of a container, and what is so: a monitor that was killed has left its row behind.
extension Engine {
    /// Sees to it that what is said to run does, and has a monitor.
    func reconciled(_ records: [ContainerRecord]) throws(EngineError) -> [ContainerRecord] {
        let running = records.filter(\.state.isUp)
        guard !running.isEmpty else { return records }
        let lost = try calling("look at the locks") { () throws(RuntimeClientError) in
            let locks = try ContainerLocks(path: runtimePaths.locks)
            var lost: [ContainerRecord] = []
            for record in running where !(try locks.isHeld(record.slot)) { lost.append(record) }
            return lost
        }
        guard !lost.isEmpty else { return records }
        for record in lost {
            // Who only looks is told, and sees that it runs; who needs the monitor asks again, and fails.
            do throws(EngineError) { try lookAfter(record) } catch { warnings.append("\(error)") }
        }
        // One that was waiting may have been started.
        try foldJournal()
        let known = Set(records.map(\.id))
        return try onDatabase("list the containers") { database throws(MetadataError) in
            try database.containers().filter { known.contains($0.id) }
        }
    }

    /// Has a container taken over that runs without a monitor, or writes down what became of it. One whose byte somebody has is
    /// left alone: that is a monitor, or somebody who is at it just now.
    func lookAfter(_ record: ContainerRecord) throws(EngineError) {
        guard let ended = try settle(record) else { return }
        try cleanUp(record.id)
        // Killed between two runs: nobody else starts the next one.
        if ended.state.status == .restarting, !ended.isStopped { try start(record.id) }
    }

    /// - Returns: What was said of it, where it has ended and that is written down now.
    private func settle(_ record: ContainerRecord) throws(EngineError) -> ContainerRecord? {
        guard let lock = try lockIfFree(record.slot, of: "container \(record.name)") else { return nil }
        defer { withExtendedLifetime(lock) {} }
        // A monitor writes before it lets go.
        try foldJournal()
        let found = try onDatabase("find the container") { database throws(MetadataError) in try database.container(id: record.id) }
        // Without a row the byte may be another container's by now.
        guard let current = found, current.state.isUp else { return nil }
        if let process = firstProcess(of: current) {
            try takeOver(current, process, lock)
            return nil
        }
        let state = settled(current)
        try onDatabase("settle the containers") { database throws(MetadataError) in try database.setStates([(record.id, state)]) }
        return current
    }

    /// Held by a pidfd; nil where it has ended.
    func firstProcess(of record: ContainerRecord) -> FileDescriptor? {
        guard let pid = CInt(exactly: record.state.pid), let process = try? ProcessHandle.open(pid) else { return nil }
        // Held first and looked at then: the number may have been another's until it was.
        guard isAlive(record) else { return nil }
        return process
    }

    /// Whether the container's first process lives although its monitor doesn't.
    ///
    /// The number may be another process's by now; its cgroup tells, which nobody but Hako names so.
    func isAlive(_ record: ContainerRecord) -> Bool {
        guard record.state.pid > 0,
            let cgroups = try? FileDescriptor.contents(of: "/proc/\(record.state.pid)/cgroup", limit: 65536),
            String(decoding: cgroups, as: UTF8.self).contains("/\(record.id)")
        else { return false }
        return !Self.isZombie(record.state.pid)
    }

    /// One that has ended and that nobody has waited for.
    private static func isZombie(_ pid: Int64) -> Bool {
        guard let state = (try? ProcessStat.fields(of: pid))?.first?.first else { return true }
        return state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")
    }
}
