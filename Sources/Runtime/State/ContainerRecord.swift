import Cgroups
import Linux
import OCI

/// Which process a pid meant: numbers are given out again, and a container's must not become a stranger's.
struct ProcessIdentity: Hashable, Sendable {
    let pid: CInt
    /// The pidfd's inode, which no other process of this boot has; nil before Linux 6.9.
    let inode: UInt64?
    /// In clock ticks since boot; kept where there is no inode. proc_pid_stat(5), field 22.
    let startTime: UInt64?

    init(pid: CInt, inode: UInt64?, startTime: UInt64?) {
        self.pid = pid
        self.inode = inode
        self.startTime = startTime
    }

    init(of pid: CInt, pidfd: borrowing FileDescriptor) throws(SystemCallError) {
        self.pid = pid
        inode = try ProcessHandle.identity(of: pidfd)
        startTime = inode == nil ? try Self.startTime(of: pid) : nil
    }

    /// A pidfd of the process, if it is still the one that was meant and hasn't ended; else nil.
    func open() throws(SystemCallError) -> FileDescriptor? {
        let pidfd: FileDescriptor
        do throws(SystemCallError) { pidfd = try ProcessHandle.open(pid) } catch {
            if error.errno == .noSuchProcess || error.errno == .invalidArgument { return nil }
            throw error
        }
        guard try ProcessIdentity(of: pid, pidfd: pidfd) == self else { return nil }
        var entries = [PollEntry(pidfd.number, .readable)]
        // A zombie has ended, too.
        guard try PollEntry.wait(&entries, timeoutMilliseconds: 0) == 0 else { return nil }
        return pidfd
    }

    private static func startTime(of pid: CInt) throws(SystemCallError) -> UInt64? {
        let fields: [ArraySlice<UInt8>]
        do throws(SystemCallError) { fields = try ProcessStat.fields(of: Int64(pid)) } catch {
            if error.errno == .noSuchFile || error.errno == .noSuchProcess { return nil }
            throw error
        }
        return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
    }
}

/// What the runtime remembers of a container between its commands.
struct ContainerRecord: Sendable {
    let id: ContainerID
    let identity: ProcessIdentity
    let bundle: String
    let annotations: [String: String]
    let cgroup: String
    let hasUserNamespace: Bool
    /// With ids, capabilities and limits, which `exec` takes over where it isn't told otherwise.
    let process: RuntimeSpec.Process
    let hooks: RuntimeSpec.Hooks

    init(
        id: ContainerID, identity: ProcessIdentity, bundle: Bundle, cgroup: CgroupPath, hasUserNamespace: Bool,
        process: RuntimeSpec.Process
    ) {
        self.id = id
        self.identity = identity
        self.bundle = bundle.path
        annotations = bundle.spec.annotations
        self.cgroup = cgroup.description
        self.hasUserNamespace = hasUserNamespace
        self.process = process
        hooks = bundle.spec.hooks
    }

    var json: JSON {
        var object: JSONObject = [
            "ociVersion": .string(RuntimeSpec.version), "id": .string(id.text), "pid": .integer(Int64(identity.pid)),
            "bundle": .string(bundle), "annotations": JSON(annotations), "cgroup": .string(cgroup),
            "userNamespace": .bool(hasUserNamespace), "process": process.json, "hooks": hooks.json,
        ]
        object["inode"] = identity.inode.map { .string(String($0)) }
        object["startTime"] = identity.startTime.map { .string(String($0)) }
        return .object(object)
    }

    init(json: JSON, id: ContainerID) throws(FieldError) {
        guard let pid = json["pid"]?.integer.flatMap(CInt.init(exactly:)), let bundle = json["bundle"]?.string,
            let cgroup = json["cgroup"]?.string, let process = json["process"]
        else { throw FieldError("", "lacks a member") }
        self.id = id
        identity = ProcessIdentity(
            pid: pid, inode: json["inode"]?.string.flatMap { UInt64($0) },
            startTime: json["startTime"]?.string.flatMap { UInt64($0) })
        self.bundle = bundle
        self.cgroup = cgroup
        hasUserNamespace = json["userNamespace"]?.bool ?? false
        self.process = try RuntimeSpec.Process(json: process)
        hooks = try RuntimeSpec.Hooks(json: json["hooks"] ?? [:])
        var annotations: [String: String] = [:]
        for (name, value) in json["annotations"]?.object?.members ?? [] { annotations[name] = value.string }
        self.annotations = annotations
    }
}
