import Cgroups
import Metadata

extension Engine {
    /// Does something with the cgroup of a container that runs.
    ///
    /// - Parameter action: An infinitive with its object, for the error.
    func onCgroup<Result>(
        of record: ContainerRecord, _ action: @autoclosure () -> String, _ body: (any Cgroup) throws(CgroupError) -> Result
    ) throws(EngineError) -> Result {
        let cgroup = try cgroup(of: record)
        do throws(CgroupError) { return try body(cgroup) } catch {
            throw EngineError(.system, cannot: action(), because: "\(error)", cause: error)
        }
    }

    /// Where a container's cgroup is.
    ///
    /// Mostly in Hako's own place: only where there is none, what the container was asked to be has to be read for it.
    func cgroup(of record: ContainerRecord) throws(EngineError) -> any Cgroup {
        let usual = try cgroup(at: StorePaths.cgroup(record.id), of: record)
        if usual.exists { return usual }
        return try cgroup(at: storedSpec(of: record).host.cgroup(of: record.id), of: record)
    }

    private func cgroup(at path: String, of record: ContainerRecord) throws(EngineError) -> any Cgroup {
        do throws(CgroupError) { return try CgroupMounts.detect().cgroup(at: CgroupPath(parsing: path)) } catch {
            throw EngineError(.system, cannot: "find the cgroup of container \(record.name)", because: "\(error)", cause: error)
        }
    }

    /// The numbers on the host of a container's processes.
    func processes(of record: ContainerRecord) throws(EngineError) -> [Int32] {
        try onCgroup(of: record, "list the processes of container \(record.name)") { cgroup throws(CgroupError) in
            try cgroup.processes()
        }
    }
}
