import ImageStore
import Linux
import Metadata
import RuntimeClient

extension Engine {
    /// Removes the steps of builds that were killed together with the steps' monitors. Those whose monitors live go by themselves.
    public func removeDeadBuildSteps() throws(EngineError) {
        for step in try buildSteps() { try removeIfDead(step) }
    }

    /// Those of the builds that run, and what builds that were killed have left.
    func buildSteps() throws(EngineError) -> [StepContainerRecord] {
        try onDatabase("list the build steps") { database throws(MetadataError) in try database.stepContainers() }
    }

    /// What the monitor of a step starts whose build was killed.
    ///
    /// - Returns: Whether there is such a step.
    func removeBuildStep(_ id: String) throws(EngineError) -> Bool {
        let found = try onDatabase("find the build step") { database throws(MetadataError) in try database.stepContainer(id) }
        guard let step = found else { return false }
        try removeIfDead(step)
        return true
    }

    private func removeIfDead(_ step: StepContainerRecord) throws(EngineError) {
        // Somebody builds, or is at this just now.
        guard let lock = try lockIfFree(step.slot, of: "a build step") else { return }
        defer { withExtendedLifetime(lock) {} }
        try removeLocked(step.id)
    }

    /// What is left of a step that couldn't be started: its monitor has said so, and goes.
    func removeFailed(_ record: ContainerRecord) throws(EngineError) {
        let lock = try calling("lock a build step") { () throws(RuntimeClientError) in
            let locks = try ContainerLocks(path: runtimePaths.locks)
            let lock = try locks.acquireWaiting(record.slot)
            try locks.waitForCleanUp(record.slot)
            return lock
        }
        defer { withExtendedLifetime(lock) {} }
        try removeLocked(record.id)
    }

    private func removeLocked(_ id: String) throws(EngineError) {
        // Without its row the byte may be another's by now.
        let current = try onDatabase("find the build step") { database throws(MetadataError) in try database.stepContainer(id) }
        guard current != nil else { return }
        try removeUnknownCgroups(id)
        try removeLeftovers(id, runtime: "")
        try onDatabase("remove a build step") { database throws(MetadataError) in try database.deleteStepContainer(id) }
        hasRetiredAddresses = true
        try onImages("remove what a build step has written") { store throws(StoreError) in try store.removeDeadDrafts() }
    }
}
