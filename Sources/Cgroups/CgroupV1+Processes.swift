import Glibc
import Linux

extension CgroupV1 {
    /// Every process is in each hierarchy; this one lists them.
    private var listing: CgroupDirectory? { directory(of: "freezer") ?? directories.first }

    func processes() throws(CgroupError) -> [Int32] {
        guard let listing else { return [] }
        return try asCgroupError { () throws(SystemCallError) in try listing.processes() }
    }

    /// `unified`, where it can freeze: `cgroup.freeze` came with Linux 5.2.
    private var unifiedFreezer: CgroupDirectory? {
        guard let unified, (try? FileDescriptor.status(of: "\(unified.location)/cgroup.freeze")) != nil else {
            return nil
        }
        return unified
    }

    func freeze() throws(CgroupError) { try setFrozen(true) }
    func thaw() throws(CgroupError) { try setFrozen(false) }

    private func setFrozen(_ isFrozen: Bool) throws(CgroupError) {
        if let unifiedFreezer {
            try CgroupFreezer.setFrozen(isFrozen, unified: unifiedFreezer)
        } else if let freezer = directory(of: "freezer") {
            try CgroupFreezer.setFrozen(isFrozen, freezer: freezer)
        } else {
            throw .noController("freezer", limit: "frozen state", reason: "is not mounted on this host")
        }
    }

    func isFrozen() throws(CgroupError) -> Bool {
        try asCgroupError { () throws(SystemCallError) in
            if let unifiedFreezer { return try unifiedFreezer.read("cgroup.freeze").hasPrefix("1") }
            guard let freezer = directory(of: "freezer") else { return false }
            return try !freezer.read("freezer.state").hasPrefix("THAWED")
        }
    }

    func kill() throws(CgroupError) {
        if let unified, try CgroupKill.killTree(unified) {
            // Who joined the v1 cgroups alone, by another program's hand.
            return try CgroupKill.signalEach(try processes())
        }
        guard let freezer = directory(of: "freezer") else {
            return try killWithoutFreezer()
        }
        guard freezer.exists else { return }
        // Frozen processes can't fork, so the list is complete; a signal takes effect when they thaw.
        try CgroupFreezer.setFrozen(true, freezer: freezer)
        defer { try? freezer.write("THAWED", to: "freezer.state") }  // The kill's own failure is the one to tell.
        try CgroupKill.signalEach(try processes())
    }

    /// Without a freezer a fork bomb may outrun the list; a pids limit of 0 keeps it from growing meanwhile.
    private func killWithoutFreezer() throws(CgroupError) {
        if let pids = directory(of: "pids"), pids.exists {
            try asCgroupError { () throws(SystemCallError) in try pids.write("0", to: "pids.max") }
        }
        for _ in 0..<100 {
            let left = try processes()
            if left.isEmpty { return }
            try CgroupKill.signalEach(left)
        }
    }

    func oomKillCount() throws(CgroupError) -> UInt64 {
        guard let directory = directory(of: "memory") else { return 0 }
        return try asCgroupError { () throws(SystemCallError) in
            CgroupText.value(of: "oom_kill", in: try directory.read("memory.oom_control")) ?? 0
        }
    }
}
