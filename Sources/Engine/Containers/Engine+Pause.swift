import Metadata
import OCIRuntime
import RuntimeClient

extension Engine {
    /// Stops all processes of a container where they are. They need not know of it, and can't prevent it.
    public func pause(_ name: String) throws(EngineError) {
        let record = try container(name)
        guard record.state.status != .paused else {
            throw EngineError(.conflict, "Container \(record.id) is already paused")
        }
        guard record.state.status == .running else {
            throw EngineError(.conflict, "container \(record.id) is not running")
        }
        let runtime = try runtimeCommand(storedSpec(of: record).host.runtime)
        try whileUp(record) { () throws(EngineError) in
            try calling("pause container \(record.name)") { () throws(RuntimeClientError) in try runtime.pause(record.id) }
        }
        try setStatus(.paused, of: record)
        note("pause", of: record.id)
    }

    /// Lets them go on.
    public func unpause(_ name: String) throws(EngineError) {
        let record = try container(name)
        guard record.state.status == .paused else {
            throw EngineError(.conflict, "Container \(record.id) is not paused")
        }
        try whileUp(record) { () throws(EngineError) in try thaw(record) }
        try setStatus(.running, of: record)
        note("unpause", of: record.id)
    }

    func thaw(_ record: ContainerRecord) throws(EngineError) {
        let runtime = try runtimeCommand(storedSpec(of: record).host.runtime)
        try calling("unpause container \(record.name)") { () throws(RuntimeClientError) in try runtime.resume(record.id) }
    }

    /// Does something with a container's processes; what fails because they have ended meanwhile says so.
    func whileUp(_ record: ContainerRecord, _ body: () throws(EngineError) -> Void) throws(EngineError) {
        do throws(EngineError) { try body() } catch {
            guard let ending = try whyEnded(record) else { throw error }
            throw ending
        }
    }

    /// Nil where the processes that a container had are still there.
    func whyEnded(_ record: ContainerRecord) throws(EngineError) -> EngineError? {
        let state = try container(record.id).state
        if state.isUp, state.pid != record.state.pid || state.status == .restarting {
            return EngineError(.conflict, "Container \(record.id) is restarting, wait until the container is running")
        }
        // Its end may not be written down yet, nor ever be by a monitor that was killed.
        guard !state.isUp || !isAlive(record) else { return nil }
        return EngineError(.conflict, "Container \(record.id) is not running")
    }

    /// Unless it has ended meanwhile.
    private func setStatus(_ status: ContainerState.Status, of record: ContainerRecord) throws(EngineError) {
        try onDatabase("note the state of container \(record.name)") { database throws(MetadataError) in
            try database.setStatus(status, from: record.state, of: record.id)
        }
    }
}
