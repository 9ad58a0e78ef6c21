import Glibc
import Linux
import OCI

/// A cgroup on a host whose controllers are on cgroup v1: a directory in each hierarchy, named ones too, and one in
/// `unified` where the host has v2 beside (hybrid), which gives `cgroup.kill`, `cgroup.freeze` and pressure.
struct CgroupV1: Cgroup {
    let path: CgroupPath
    let mounts: CgroupMounts

    /// A parent that somebody removes meanwhile is made again; more often than this nobody loses the race.
    private static let attempts = 100

    var directories: [CgroupDirectory] {
        mounts.v1.map { CgroupDirectory(mountPoint: $0.mountPoint, path: path) } + (unified.map { [$0] } ?? [])
    }

    var unified: CgroupDirectory? { mounts.unified.map { CgroupDirectory(mountPoint: $0, path: path) } }

    func directory(of controller: String) -> CgroupDirectory? {
        mounts.v1.first { $0.controllers.contains(controller) }
            .map { CgroupDirectory(mountPoint: $0.mountPoint, path: path) }
    }

    func create() throws(CgroupError) {
        for _ in 1..<Self.attempts where try tryCreate() { return }
        guard try tryCreate() else { throw .system(SystemCallError("mkdir", on: path.description, .noSuchFile)) }
    }

    /// - Returns: False when a parent was removed meanwhile.
    private func tryCreate() throws(CgroupError) -> Bool {
        var made: [CgroupDirectory] = []
        do throws(CgroupError) {
            for directory in directories { try make(directory, noting: &made) }
            try inheritCpuset()
            return true
        } catch {
            // What can't be removed now is empty and taken over by the next attempt.
            for directory in made { _ = try? directory.remove() }
            if case .system(let cause) = error, cause.errno == .noSuchFile || cause.hasVanished { return false }
            throw error
        }
    }

    private func make(_ directory: CgroupDirectory, noting made: inout [CgroupDirectory]) throws(CgroupError) {
        if try asCgroupError({ () throws(SystemCallError) in try directory.make() }) {
            made.append(directory)
            return
        }
        let processes = try asCgroupError { () throws(SystemCallError) in try directory.processes() }
        guard processes.isEmpty else { throw .busy(directory.location, processes: processes) }
    }

    /// A new cpuset of v1 has no CPUs and no memory nodes, and takes no process, unless its parent passes them on (cpuset(7),
    /// cgroup-v1/cgroups.rst, "clone_children"): then the kernel does not compare it with all its siblings first.
    private func inheritCpuset() throws(CgroupError) {
        guard let directory = directory(of: "cpuset") else { return }
        try asCgroupError { () throws(SystemCallError) in
            for file in ["cpuset.cpus", "cpuset.mems"] {
                var parent = directory.mountPoint
                for step in path.steps {
                    let current = "\(directory.mountPoint)/\(step)"
                    let own = try FileDescriptor.contents(of: "\(current)/\(file)")
                    // Parents too: another process may have made one and not filled it yet.
                    if own.allSatisfy({ $0 == UInt8(ascii: "\n") }) {
                        let inherited = try FileDescriptor.contents(of: "\(parent)/\(file)")
                        try FileDescriptor.open("\(current)/\(file)", flags: O_WRONLY).writeAll(inherited)
                        if step != path.steps.last {
                            try FileDescriptor.open("\(current)/cgroup.clone_children", flags: O_WRONLY).writeAll("1")
                        }
                    }
                    parent = current
                }
            }
        }
    }

    func apply(_ resources: RuntimeSpec.Resources) throws(CgroupError) {
        try UnsupportedLimits.check(resources)
        for setting in try settings(for: resources) {
            try setting.apply(
                in: directory(of: setting.controller),
                absence: "is not mounted on this host. Start it without this limit, or mount the controller")
        }
    }

    func apply(_ devices: DeviceRules) throws(CgroupError) {
        guard let directory = directory(of: "devices") else {
            if devices.allowsEverything { return }
            throw .noController("devices", limit: "device rules", reason: "is not mounted on this host")
        }
        // Deny all first: a rule that can't be added then leaves a device closed, not open.
        let (first, then) = devices.allowsByDefault ? ("allow", "deny") : ("deny", "allow")
        try write("a", to: "devices.\(first)", in: directory)
        for exception in devices.exceptions { try write(exception.description, to: "devices.\(then)", in: directory) }
    }

    private func write(_ rule: String, to file: String, in directory: CgroupDirectory) throws(CgroupError) {
        do throws(SystemCallError) { try directory.write(rule, to: file) } catch {
            throw .refused(limit: file, value: rule, error)
        }
    }

    func openEntry() throws(CgroupError) -> CgroupEntry {
        var taskFiles: [CInt] = []
        do throws(SystemCallError) {
            for hierarchy in mounts.v1 {
                let directory = CgroupDirectory(mountPoint: hierarchy.mountPoint, path: path)
                taskFiles.append(try directory.open("tasks", flags: O_WRONLY).relinquish())
            }
            return CgroupEntry(cloneInto: try unified?.open().relinquish(), taskFiles: taskFiles)
        } catch {
            for number in taskFiles { _ = FileDescriptor(adopting: number) }
            throw .system(error)
        }
    }

    func delete() throws(CgroupError) {
        try CgroupRemoval.remove(directories, watching: unified)
    }
}
