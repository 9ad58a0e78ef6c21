import Cgroups
import Metadata

extension Engine {
    /// Does something with the cgroup of a container that runs.
    ///
    /// - Parameter action: An infinitive with its object, for the error.
    func onCgroup<Result>(
        of record: ContainerRecord, _ action: @autoclosure () -> String, _ body: (any Cgroup) throws(CgroupError) -> Result
    ) throws(EngineError) -> Result {
        do throws(CgroupError) {
            return try body(CgroupMounts.detect().cgroup(at: CgroupPath(parsing: StorePaths.cgroup(record.id))))
        } catch { throw EngineError(.system, cannot: action(), because: "\(error)", cause: error) }
    }

    /// The numbers on the host of a container's processes.
    func processes(of record: ContainerRecord) throws(EngineError) -> [Int32] {
        try onCgroup(of: record, "list the processes of container \(record.name)") { cgroup throws(CgroupError) in
            try cgroup.processes()
        }
    }
}
