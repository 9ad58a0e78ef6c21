import Cgroups
import Linux
import Metadata
import MonitorProtocol
import OCI
import RuntimeClient

extension Engine {
    /// Changes limits of a container, at once where it runs.
    ///
    /// - Parameters:
    ///   - change: What is 0, empty or nil in it stays as it is.
    ///   - policy: Nil leaves it as it is.
    /// - Throws: ``EngineError``: then everything is as it was.
    public func update(_ name: String, _ change: Resources, restart policy: RestartPolicy? = nil) throws(EngineError) {
        let record = try container(name)
        let before = try storedSpec(of: record)
        var spec = before
        let refuse = { (reason: String) in EngineError(.conflict, "Cannot update container \(record.id): \(reason)") }
        do throws(EngineError) { try spec.host.resources.take(change) } catch { throw refuse(error.reason) }
        try spec.host.validate()
        if let policy {
            guard !spec.host.autoRemove || policy.condition == .never else {
                throw refuse("Restart policy cannot be updated because AutoRemove is enabled for the container")
            }
            try requireHealthCheck(for: policy, spec.config)
            spec.host.restartPolicy = policy
        }
        if record.state.hasProcess {
            do throws(EngineError) { try apply(spec.host.resources, insteadOf: before.host.resources, to: record) } catch {
                // Of one that has ended meanwhile, the next start takes them.
                guard try whyEnded(record) != nil else { throw error }
            }
        }
        if record.state.isUp, let policy, let monitor = try connection(to: record) {
            try calling("change container \(record.name)") { () throws(RuntimeClientError) in try monitor.follow(policy) }
        }
        try onDatabase("change container \(record.name)") { database throws(MetadataError) in
            try database.updateSpec(spec.bytes, of: record.id)
        }
        note("update", of: record.id)
    }

    private func apply(
        _ resources: Resources, insteadOf before: Resources, to record: ContainerRecord
    ) throws(EngineError) {
        let wanted = try resources.limits()
        let former = try before.limits().liftingOthers(of: wanted)
        do throws(EngineError) {
            try onCgroup(of: record, "change container \(record.name)") { cgroup throws(CgroupError) in
                do throws(CgroupError) { try cgroup.apply(wanted) } catch {
                    // What was written before the one that was refused.
                    try? cgroup.apply(former)
                    throw error
                }
            }
        } catch {
            guard case .refused(_, _, let refusal)? = error.cause as? CgroupError, refusal.errno == .busy else { throw error }
            throw EngineError(
                .conflict, cannot: error.action, because: error.reason,
                hint: "The container uses more than that, and the kernel can't take it away: stop what uses it first.",
                cause: error.cause)
        }
    }
}

extension Resources {
    /// Takes over what `change` sets, in Docker's words where it contradicts what holds.
    mutating func take(_ change: Resources) throws(EngineError) {
        try takeProcessors(change)
        try takeMemory(change)
        if let limit = change.pidsLimit { pidsLimit = limit }
        if change.blkioWeight != 0 { blkioWeight = change.blkioWeight }
        Self.take(change.readBps, over: &readBps)
        Self.take(change.writeBps, over: &writeBps)
        Self.take(change.readIOps, over: &readIOps)
        Self.take(change.writeIOps, over: &writeIOps)
    }

    /// A rate of 0 stays in the list until the container is made anew: the kernel is told of it.
    private static func take(_ rates: [DeviceRate], over former: inout [DeviceRate]) {
        for rate in rates {
            if let index = former.firstIndex(where: { $0.path == rate.path }) { former[index] = rate } else { former.append(rate) }
        }
    }

    private mutating func takeProcessors(_ change: Resources) throws(EngineError) {
        let refuse = { (message: String) in EngineError(.conflict, "Conflicting options: " + message) }
        if change.nanoCPUs > 0, cpuPeriod > 0 { throw refuse("Nano CPUs cannot be updated as CPU Period has already been set") }
        if change.nanoCPUs > 0, cpuQuota > 0 { throw refuse("Nano CPUs cannot be updated as CPU Quota has already been set") }
        if change.cpuPeriod > 0, nanoCPUs > 0 { throw refuse("CPU Period cannot be updated as NanoCPUs has already been set") }
        if change.cpuQuota > 0, nanoCPUs > 0 { throw refuse("CPU Quota cannot be updated as NanoCPUs has already been set") }
        if change.nanoCPUs != 0 { nanoCPUs = change.nanoCPUs }
        if change.cpuPeriod != 0 { cpuPeriod = change.cpuPeriod }
        if change.cpuQuota != 0 { cpuQuota = change.cpuQuota }
        if change.cpuRealtimePeriod != 0 { cpuRealtimePeriod = change.cpuRealtimePeriod }
        if change.cpuRealtimeRuntime != 0 { cpuRealtimeRuntime = change.cpuRealtimeRuntime }
        if change.cpuShares != 0 { cpuShares = change.cpuShares }
        if !change.cpusetCPUs.isEmpty { cpusetCPUs = change.cpusetCPUs }
        if !change.cpusetMems.isEmpty { cpusetMems = change.cpusetMems }
    }

    private mutating func takeMemory(_ change: Resources) throws(EngineError) {
        if change.memory > 0, memorySwap > 0, change.memory > memorySwap, change.memorySwap == 0 {
            throw EngineError(
                .conflict,
                "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time")
        }
        if change.memory != 0 { memory = change.memory }
        if change.memorySwap != 0 { memorySwap = change.memorySwap }
        if change.memoryReservation != 0 { memoryReservation = change.memoryReservation }
    }
}

extension RuntimeSpec.Resources {
    /// These limits, and no limit where only `others` has one.
    fileprivate func liftingOthers(of others: RuntimeSpec.Resources) -> RuntimeSpec.Resources {
        var lifted = self
        if others.memory?.limit != nil, memory?.limit == nil {
            lifted.memory = memory ?? RuntimeSpec.Memory()
            lifted.memory?.limit = -1
            lifted.memory?.swap = -1
        }
        if others.cpu?.quota != nil, cpu?.quota == nil {
            lifted.cpu = cpu ?? RuntimeSpec.CPU()
            lifted.cpu?.quota = -1
        }
        if others.pids != nil, pids == nil { lifted.pids = .init(limit: -1) }
        return lifted
    }
}
