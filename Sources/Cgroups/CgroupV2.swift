import Glibc
import Linux
import OCI

/// A cgroup on a host with cgroup v2 alone: one directory for all controllers. cgroup-v2.rst.
struct CgroupV2: Cgroup {
    let path: CgroupPath
    let mountPoint: String

    private static let attempts = 100

    var directory: CgroupDirectory { CgroupDirectory(mountPoint: mountPoint, path: path) }

    func create() throws(CgroupError) {
        for _ in 1..<Self.attempts where try tryCreate() { return }
        guard try tryCreate() else { throw .system(SystemCallError("mkdir", on: path.description, .noSuchFile)) }
    }

    /// - Returns: False when a parent was removed meanwhile, by the end of another container.
    private func tryCreate() throws(CgroupError) -> Bool {
        var isNew = false
        do throws(SystemCallError) {
            isNew = try directory.make()
            try handDownControllers()
        } catch  where error.errno == .noSuchFile || error.hasVanished {
            return false
        } catch {
            // What can't be removed now is empty and taken over by the next attempt.
            if isNew { _ = try? directory.remove() }
            throw .system(error)
        }
        if isNew { return true }
        let processes = try self.processes()
        guard processes.isEmpty else { throw .busy(directory.location, processes: processes) }
        return true
    }

    /// Has each parent give its controllers to its children.
    ///
    /// One that can't be given is no error yet: a parent with processes of its own gives none (EBUSY, "no internal
    /// processes"), and a container without limits needs none. A limit that needs it then says so.
    private func handDownControllers() throws(SystemCallError) {
        var parent = mountPoint
        for step in path.steps {
            let available = Self.words(try FileDescriptor.contents(of: "\(parent)/cgroup.controllers"))
            let given = Self.words(try FileDescriptor.contents(of: "\(parent)/cgroup.subtree_control"))
            let missing = available.filter { !given.contains($0) }
            if !missing.isEmpty { try handDown(missing, from: parent) }
            parent = "\(mountPoint)/\(step)"
        }
    }

    private func handDown(_ controllers: [String], from parent: String) throws(SystemCallError) {
        let control = try FileDescriptor.open("\(parent)/cgroup.subtree_control", flags: O_WRONLY)
        if Self.enable(controllers, control) { return }
        // One that the kernel refuses (cpu, with real-time processes around) keeps the others from being given.
        for controller in controllers { _ = Self.enable([controller], control) }
    }

    private static func enable(_ controllers: [String], _ control: borrowing FileDescriptor) -> Bool {
        do throws(SystemCallError) {
            try control.writeAll(controllers.map { "+\($0)" }.joined(separator: " "))
            return true
        } catch {
            return false
        }
    }

    private static func words(_ text: [UInt8]) -> [String] {
        String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
    }

    func apply(_ resources: RuntimeSpec.Resources) throws(CgroupError) {
        try UnsupportedLimits.check(resources)
        for setting in try settings(for: resources) {
            try setting.apply(
                in: directory,
                absence: "is not available in \(directory.location). Its parent has processes of its own, or the"
                    + " kernel lacks it: see cgroup.controllers and cgroup.subtree_control there")
        }
    }

    func apply(_ devices: DeviceRules) throws(CgroupError) {
        do throws(SystemCallError) {
            let program = try DeviceProgram(loading: devices.program)
            try program.attach(to: try directory.open())
        } catch {
            throw .refused(limit: "device rules", value: "\(devices.exceptions.count) exceptions", error)
        }
    }

    func openEntry() throws(CgroupError) -> CgroupEntry {
        try asCgroupError { () throws(SystemCallError) in
            CgroupEntry(cloneInto: try directory.open().relinquish(), taskFiles: [])
        }
    }

    func processes() throws(CgroupError) -> [Int32] {
        try asCgroupError { () throws(SystemCallError) in try directory.processes() }
    }

    func freeze() throws(CgroupError) { try CgroupFreezer.setFrozen(true, unified: directory) }
    func thaw() throws(CgroupError) { try CgroupFreezer.setFrozen(false, unified: directory) }

    func isFrozen() throws(CgroupError) -> Bool {
        try asCgroupError { () throws(SystemCallError) in try directory.read("cgroup.freeze").hasPrefix("1") }
    }

    func kill() throws(CgroupError) {
        guard directory.exists else { return }
        if try CgroupKill.killTree(directory) { return }
        // Before Linux 5.14. Frozen processes can't fork, so the list is complete; killed ones need not thaw on v2.
        try freeze()
        defer { try? directory.write("0", to: "cgroup.freeze") }  // The kill's own failure is the one to tell.
        try CgroupKill.signalEach(try processes())
    }

    func delete() throws(CgroupError) { try CgroupRemoval.remove([directory], watching: directory) }
}
