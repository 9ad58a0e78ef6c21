import Glibc
import Linux
import OCI

/// A `hako-init` that runs and listens.
struct LaunchedInit: ~Copyable {
    let child: ChildProcess
    let connection: InitConnection
    let terminal: ContainerTerminal?

    init(
        _ launch: ProcessLaunch, _ program: borrowing FileDescriptor, _ terminal: consuming ContainerTerminal?
    ) throws(RuntimeError) {
        var launch = launch
        let sockets = try attempt("make two sockets") { () throws(SystemCallError) in try UnixSocket.Pair(.stream) }
        launch.keep(number: sockets.second.number)
        switch terminal {
        case .some(let terminal):
            let number = terminal.peer.number
            launch.standardDescriptors = (number, number, number)
        case .none: break
        }
        let number = sockets.second.number
        child = try attempt("start the container's process") { () throws(SystemCallError) in
            try launch.start(program, [InitProgram.name, String(number)])
        }
        if ObjectLog.isOn { Self.note(child.pid) }
        connection = InitConnection(sockets.intoFirst())
        self.terminal = terminal
    }

    private static func note(_ pid: CInt) {
        ObjectLog.made("process \(pid)")
        for kind in ["mnt", "pid", "ipc", "uts", "cgroup"] {
            let own = try? FileDescriptor.open("/proc/self/ns/\(kind)").location()
            guard let name = try? FileDescriptor.open("/proc/\(pid)/ns/\(kind)").location(), name != own else { continue }
            ObjectLog.made("namespace \(name)")
        }
    }

    /// Waits for its report that all is ready; any other is an error.
    borrowing func waitUntilReady(_ process: RuntimeSpec.Process) throws(RuntimeError) {
        let report = try attempt("hear from the container's process") { () throws(SystemCallError) in
            try connection.report()
        }
        guard let report else {
            throw RuntimeError(.system, cannot: "prepare the container's process", because: "it has ended")
        }
        guard report.step != .ready else { return }
        throw RuntimeError(report, arguments: process.args, directory: process.cwd)
    }

    /// Ends it and reaps it, after another error, which is the one to tell.
    borrowing func kill() {
        do throws(SystemCallError) {
            try child.send(signal: SIGKILL)
            _ = try child.wait()
        } catch {
            // Nobody else can have reaped it; there is nothing left to try.
        }
    }
}

/// A terminal of a container: both ends, on the container's own devpts, so that its name is right inside.
struct ContainerTerminal: ~Copyable {
    private let pair: PseudoTerminal
    /// The container's end. It is opened through the master, not by its path, which the container could redirect
    /// (CVE-2025-52565).
    let peer: FileDescriptor

    /// Mounts the bundle's devpts ahead of the others; without one, the terminal is the host's.
    init(_ process: RuntimeSpec.Process, _ bundle: Bundle, _ opened: inout OpenedMounts) throws(RuntimeError) {
        guard let index = bundle.spec.mounts.lastIndex(where: { $0.type == "devpts" }) else {
            try self.init(process) { () throws(SystemCallError) in try PseudoTerminal() }
            return
        }
        let spec = bundle.spec
        let map = IDMap(uid: spec.linux.uidMappings, gid: spec.linux.gidMappings)
        let identity = try IdentityMap(spec.linux.uidMappings.isEmpty ? nil : map)
        let options = try MountOptions(spec.mounts[index])
        let mount = try attempt("mount devpts") { () throws(SystemCallError) in
            try FileSystemContext("devpts").finish(spec.mounts[index], options, identity)
        }
        let pair = try attempt("open a terminal") { () throws(SystemCallError) in
            try PseudoTerminal(in: mount.root)
        }
        do throws(SystemCallError) { try opened.add(mount, at: index) } catch {
            throw RuntimeError(.system, cannot: "mount devpts", because: error.description)
        }
        try self.init(pair, process)
    }

    /// One of the host's.
    init(
        _ process: RuntimeSpec.Process, open: () throws(SystemCallError) -> PseudoTerminal
    ) throws(RuntimeError) {
        try self.init(try attempt("open a terminal", open), process)
    }

    init(_ pair: consuming PseudoTerminal, _ process: RuntimeSpec.Process) throws(RuntimeError) {
        let peer = try attempt("open a terminal") { () throws(SystemCallError) in
            let peer = try pair.openPeer()
            if let size = process.consoleSize {
                try pair.master.setWindowSize(WindowSize(rows: size.height, columns: size.width))
            }
            return peer
        }
        self.peer = peer
        self.pair = pair
    }

    /// The user of the terminal must be able to open it again, by its name.
    borrowing func giveAway(to user: RuntimeSpec.User, _ identity: IdentityMap) throws(RuntimeError) {
        guard let owner = identity.outsideUser(user.uid) else { return }
        // The group stays that of devpts' `gid=` option, tty.
        try attempt("give the terminal to its user") { () throws(SystemCallError) in
            try peer.setOwner(user: owner, group: UInt32.max)
        }
    }

    consuming func intoMaster() -> FileDescriptor { pair.intoMaster() }
}

extension CreateOptions {
    /// Writes the pid where the caller wants it.
    func writePid(_ pid: CInt) throws(RuntimeError) {
        guard let pidFile else { return }
        try attempt("write the pid file") { () throws(SystemCallError) in
            try FileDescriptor.replaceContents(of: pidFile, with: Array(String(pid).utf8), mode: 0o644)
        }
    }

    /// Sends a terminal's master to the console socket; without one it is the caller's.
    func deliver(_ terminal: consuming ContainerTerminal?) throws(RuntimeError) -> FileDescriptor? {
        guard let terminal else { return nil }
        let master = terminal.intoMaster()
        guard let consoleSocket else { return master }
        try attempt("send the terminal to \(PrintableText(consoleSocket))") { () throws(SystemCallError) in
            let parts = consoleSocket.split(separator: "/", omittingEmptySubsequences: false)
            let directory = parts.dropLast().joined(separator: "/")
            let parent = try FileDescriptor.directory(
                consoleSocket.hasPrefix("/") ? (directory.isEmpty ? "/" : directory) : directory.isEmpty ? "." : directory)
            let socket = try UnixSocket.connect(.stream, to: String(parts.last ?? ""), in: parent)
            // runc sends the name of the terminal along; receivers need a byte at least.
            _ = try socket.send(Array("/dev/console".utf8)[...], with: master)
        }
        return nil
    }
}
