import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime
import RuntimeClient
import TestSupport

/// A store with one container of a static busybox, run by the debug build's own `hako-runtime monitor`.
struct ContainerFixture: ~Copyable {
    let scratch: Scratch
    let id: String
    let paths: RuntimePaths
    var settings: MonitorSettings
    var config: JSONObject
    /// The container's ids on the host.
    static let firstID: UInt32 = 300_000

    enum Runtime: String, CaseIterable, CustomStringConvertible {
        /// Hako's own, in the monitor's process.
        case own = "hako-runtime"
        case crun, runc

        var description: String { rawValue }
        var path: String {
            switch self {
            case .own: ContainerFixture.program
            case .crun: "/usr/bin/crun"
            case .runc: "/usr/sbin/runc"
            }
        }

        /// What the machine has.
        static let installed = allCases.filter { access($0.path, X_OK) == 0 }
    }

    static let program = Products.path("hako-runtime")
    static let busybox = "/bin/busybox"
    static var isPossible: Bool { geteuid() == 0 && access(busybox, X_OK) == 0 && access(program, X_OK) == 0 }

    init(_ runtime: Runtime, _ args: [String]) throws {
        let scratch = try Scratch(["layer/bin": .directory, "layer/tmp": .directory, "run": .directory])
        let id = "test-\(getpid())-\(Timings.monotonicNanoseconds())"
        let paths = RuntimePaths(root: scratch.path("root"), runRoot: scratch.path("run"))
        try Self.layOut(scratch, bundle: paths.bundle(id), directory: paths.directory(id))
        self.init(scratch: scratch, id: id, paths: paths, runtime, args)
    }

    private init(
        scratch: consuming Scratch, id: String, paths: RuntimePaths, _ runtime: Runtime, _ args: [String]
    ) {
        let directory = paths.directory(id)
        var settings = MonitorSettings(
            id: id, runtime: runtime.path, runtimeRoot: paths.runtimeRoot, directory: directory, journal: paths.journal,
            root: .init(
                lowers: [scratch.path("layer")], upper: "\(directory)/upper", work: "\(directory)/work", volatile: true))
        let range = MonitorSettings.IDMap.Range(containerID: 0, hostID: Self.firstID, size: 65_536)
        settings.idMap = .init(uid: [range], gid: [range])
        settings.log = .file(.init(path: paths.log(id)))
        self.settings = settings
        self.scratch = scratch
        self.id = id
        self.paths = paths
        config = Self.config(args, id)
    }

    /// The layer belongs to root on the disk, the upper directory to the container's root.
    private static func layOut(_ scratch: borrowing Scratch, bundle: String, directory: String) throws {
        for path in [bundle + "/rootfs", directory + "/upper", directory + "/work"] { try Directory.create(path) }
        for name in ["upper", "work"] { chown("\(directory)/\(name)", firstID, firstID) }
        chmod("\(directory)/upper", 0o755)
        for directory in ["layer", "layer/bin"] { chmod(scratch.path(directory), 0o755) }
        chmod(scratch.path("layer/tmp"), 0o1777)
        try scratch.add("layer/bin/busybox", .file(try FileDescriptor.contents(of: busybox)))
        chmod(scratch.path("layer/bin/busybox"), 0o755)
        for name in ["sh", "cat", "sleep", "true", "printf", "head", "yes", "kill", "stty", "echo", "wc", "tr", "dd"] {
            try scratch.add("layer/bin/\(name)", .symlink("busybox"))
        }
    }

    deinit {
        // After a failed test the container may still run, with nobody who would end it.
        guard access("\(paths.runtimeRoot)/\(id)", F_OK) == 0 else { return }
        do { try RuntimeCommand(program: settings.runtime, root: paths.runtimeRoot).delete(id) } catch {
            print("container \(id) stays: \(error)")
        }
    }

    var bundle: String { paths.bundle(id) }
    var cgroup: String { "/hako-\(id)" }

    private static func config(_ args: [String], _ id: String) -> JSONObject {
        let namespaces = ["pid", "ipc", "uts", "mount", "network", "user", "cgroup"]
        let mapping: JSON = [
            ["containerID": 0, "hostID": .integer(Int64(firstID)), "size": 65_536]
        ]
        return [
            "ociVersion": "1.0.2",
            "process": [
                "terminal": false, "user": ["uid": 0, "gid": 0], "args": JSON(args),
                "env": ["PATH=/bin"], "cwd": "/",
            ],
            "root": ["path": "rootfs", "readonly": false],
            "mounts": [
                ["destination": "/proc", "type": "proc", "source": "proc"],
                [
                    "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                    "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
                ],
                [
                    "destination": "/dev/pts", "type": "devpts", "source": "devpts",
                    "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
                ],
            ],
            "linux": [
                "namespaces": .array(namespaces.map { ["type": .string($0)] }), "uidMappings": mapping,
                "gidMappings": mapping, "cgroupsPath": .string("/hako-\(id)"),
            ],
        ]
    }

    mutating func setTerminal() {
        settings.terminal = true
        settings.openStdin = true
        guard var process = config["process"]?.object else { return }
        process["terminal"] = true
        config["process"] = .object(process)
    }

    /// Starts the monitor; the container waits for `start`.
    borrowing func launch(attach: CInt? = nil) throws -> MonitorProcess {
        try FileDescriptor.replaceContents(of: bundle + "/config.json", with: JSON.object(config).bytes())
        let namespaces = try UserNamespace.create(idMap: IDMap(outsideID: Self.firstID, size: 65_536), alsoNetwork: true)
        let lock = try ContainerLocks(path: paths.locks).acquire(0)
        let monitor = try MonitorProcess.spawn(program: Self.program, bundle: bundle)
        try monitor.prepare(
            settings,
            handing: .init(
                lock: lock.number, userNamespace: namespaces.user.number,
                networkNamespace: namespaces.network.number, attach: attach))
        try monitor.create()
        return monitor
    }

    /// Waits until the monitor has cleaned up and ended.
    borrowing func waitGone(_ monitor: borrowing MonitorProcess) throws {
        _ = try monitor.process.wait()
        _ = try ContainerLocks(path: paths.locks).acquireWaiting(0)
    }

    /// What the log holds of both streams, put together again.
    borrowing func loggedBytes(files: [String] = [""]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for file in files {
            guard let text = try? FileDescriptor.contents(of: paths.log(id) + file, limit: 1 << 30) else { continue }
            for line in text.split(separator: UInt8(ascii: "\n")) {
                let record = try JSON(parsing: Array(line))
                bytes += Array((record["log"]?.string ?? "").utf8)
            }
        }
        return bytes
    }
}

extension MonitorProcess {
    /// Starts the container that was created. Returns its pid on the host.
    borrowing func startAndWait() throws -> Int32 {
        try start()
        return try waitStarted()
    }
}
