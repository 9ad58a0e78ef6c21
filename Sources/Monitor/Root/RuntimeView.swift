import Linux
import MonitorProtocol

/// The host's files as a runtime sees them while it creates the container: a mount namespace more, in which the bundle is
/// what other runtimes need it to be. Nothing of it is seen by the monitor's own writes, or outlives the creation.
struct RuntimeView {
    var bundle: String
    /// What lies over the bundle's `config.json`: the file on the disk stays as the engine wrote it.
    var config: String
    /// Where the runtime writes, and what is mounted for it: these it is to find as they are.
    var kept: [String]

    /// Runs `body` in that view, and comes back.
    ///
    /// - Parameter userNamespace: Its descriptor's number; -1 for a container that has the host's ids.
    func enter<Result>(
        userNamespace: CInt, _ body: () throws(StartFailure) -> Result
    ) throws(StartFailure) -> Result {
        let home = try explaining("make a mount namespace") { () throws(SystemCallError) in
            let home = try Namespace.current(.mount)
            try Namespace.unshare(.mount)
            return home
        }
        let result: Result
        do throws(StartFailure) {
            try explaining("prepare the bundle") { () throws(SystemCallError) in
                try letThrough(userNamespace)
                try hideUnifiedCgroup()
                try Mount.copy(of: config).attach(to: try FileDescriptor.open(bundle + "/config.json"))
            }
            result = try body()
        } catch {
            try leave(to: home)
            throw error
        }
        try leave(to: home)
        return result
    }

    private func leave(to home: borrowing FileDescriptor) throws(StartFailure) {
        do throws(SystemCallError) { try Namespace.join(home, .mount) } catch {
            throw StartFailure(.system, "cannot leave the runtime's mount namespace: \(error)")
        }
    }

    /// Opens the way to the bundle for the container's root.
    ///
    /// A store is closed to everyone but the host's root. runc and crun go to the `rootfs` by its path when they are in the
    /// container's user namespace already, and can't enter. Through an idmapped mount, what belongs to the host's root
    /// belongs to the container's, who may then search it; the host's root can't make files there, so that where the
    /// runtime writes is laid over it as it is.
    private func letThrough(_ userNamespace: CInt) throws(SystemCallError) {
        guard userNamespace >= 0, let closed = try firstClosedDirectory() else { return }
        let mapped = try Mount.copy(of: closed)
        try mapped.mapIDs(to: try FileDescriptor.open("/proc/self/fd/\(userNamespace)"))
        let rootfs = try Mount.copy(of: bundle + "/rootfs")
        let kept = kept.filter { $0.utf8.starts(with: (closed + "/").utf8) }
        try keeping(kept[...]) { () throws(SystemCallError) in
            try mapped.attach(to: try FileDescriptor.directory(closed))
        }
        try rootfs.attach(to: try FileDescriptor.directory(bundle + "/rootfs"))
    }

    /// Runs `body`, which covers the paths, and lays each over the cover again.
    private func keeping(
        _ paths: ArraySlice<String>, _ body: () throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        guard let first = paths.first else { return try body() }
        let own = try Mount.copy(of: first)
        try keeping(paths.dropFirst(), body)
        try own.attach(to: try FileDescriptor.open(first, flags: FileDescriptor.pathOnly))
    }

    /// The first directory on the way to the bundle that strangers can't search.
    private func firstClosedDirectory() throws(SystemCallError) -> String? {
        var reached = ""
        for part in bundle.utf8.split(separator: UInt8(ascii: "/")) {
            reached += "/" + String(decoding: part, as: UTF8.self)
            if try FileDescriptor.status(of: reached).permissions & 0o001 == 0 { return reached }
        }
        return nil
    }

    /// Covers cgroup v2 where it stands beside v1: crun refuses to start in that layout, and runc mistakes it. They may
    /// write there what they like.
    private func hideUnifiedCgroup() throws(SystemCallError) {
        let place: FileDescriptor
        do throws(SystemCallError) {
            place = try FileDescriptor.directory("/sys/fs/cgroup/unified")
        } catch {
            if error.errno == .noSuchFile { return }
            throw error
        }
        guard FileSystemKind.of("/sys/fs/cgroup/unified") == .cgroup2 else { return }
        try FileSystemContext("tmpfs").mount().attach(to: place)
    }
}
