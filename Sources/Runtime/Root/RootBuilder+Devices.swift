import Glibc
import Linux
import OCI

extension RootBuilder {
    /// Those that every container has. config-linux.md, "Default Devices".
    private static let defaultDevices: [RuntimeSpec.Device] = [
        .init(.character, "/dev/null", major: 1, minor: 3), .init(.character, "/dev/zero", major: 1, minor: 5),
        .init(.character, "/dev/full", major: 1, minor: 7), .init(.character, "/dev/random", major: 1, minor: 8),
        .init(.character, "/dev/urandom", major: 1, minor: 9), .init(.character, "/dev/tty", major: 5, minor: 0),
    ]

    private static let links: [(name: String, target: String)] = [
        ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"), ("core", "/proc/kcore"), ("ptmx", "pts/ptmx"),
    ]

    /// Device nodes, made from outside of the container's user namespace, where nobody may make any; links; the console.
    ///
    /// `/dev` is opened without following a link: the image's could lead our nodes anywhere (CVE-2025-52565). Where the
    /// bundle mounts the host's own there, everything is there already.
    borrowing func makeDevices() throws(RuntimeError) {
        guard !showsHostDevices else { return }
        try attempt("make /dev") { () throws(SystemCallError) in
            _ = try root.place("/dev", isDirectory: true)
            let dev = try FileDescriptor.open(
                "dev", in: root.mount.root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
            // On a root that allows no device nodes, as ours, a node has to be a mount of the host's.
            let makesNodes = try dev.fileSystemType() == .tmpfs && hasDevMount
            for device in Self.defaultDevices + spec.linux.devices {
                if makesNodes { try makeNode(device, dev) } else { try bindNode(device) }
            }
            for (name, target) in Self.links { try makeLink(name, to: target, in: dev) }
        }
    }

    private var devMount: RuntimeSpec.Mount? {
        spec.mounts.last { $0.destination.split(separator: "/").filter { $0 != "." } == ["dev"] }
    }

    private var hasDevMount: Bool { devMount?.type == "tmpfs" }

    private var showsHostDevices: Bool {
        devMount.map { $0.type == "bind" || $0.options.contains("bind") || $0.options.contains("rbind") } ?? false
    }

    /// - Parameter dev: What most of them are in.
    private borrowing func makeNode(
        _ device: RuntimeSpec.Device, _ dev: borrowing FileDescriptor
    ) throws(SystemCallError) {
        let name = try Self.name(of: device.path)
        guard device.path != "/dev/\(name)" else { return try makeNode(device, named: name, in: dev) }
        try makeNode(device, named: name, in: parent(of: device.path))
    }

    private borrowing func makeNode(
        _ device: RuntimeSpec.Device, named name: String, in parent: borrowing FileDescriptor
    ) throws(SystemCallError) {
        let mode = mode_t(device.fileMode ?? 0o666) & 0o7777
        let node: FileDescriptor.Node =
            switch device.kind {
            case .character, .unbuffered: .characterDevice(major: device.major, minor: device.minor)
            case .block: .blockDevice(major: device.major, minor: device.minor)
            case .fifo: .fifo
            }
        // The umask is 0 here.
        do throws(SystemCallError) { try parent.makeNode(node, named: name, mode: mode) } catch {
            // A bundle may list a default device again, with other permissions.
            guard error.errno == .exists else { throw error }
            try parent.unlink(name)
            try parent.makeNode(node, named: name, mode: mode)
        }
        guard let user = identity.outsideUser(device.uid ?? 0), let group = identity.outsideGroup(device.gid ?? 0) else {
            throw SystemCallError("fchownat", on: device.path, .invalidArgument)
        }
        try parent.changeOwner(of: name, userID: user, groupID: group)
    }

    private borrowing func bindNode(_ device: RuntimeSpec.Device) throws(SystemCallError) {
        let source = try FileDescriptor.open(device.path, flags: FileDescriptor.pathOnly | O_NOFOLLOW)
        let status = try source.status()
        let number = DeviceNumber(status.deviceNumber)
        guard number == DeviceNumber(major: device.major, minor: device.minor),
            status.kind == (device.kind == .block ? .blockDevice : .characterDevice)
        else { throw SystemCallError("open", on: device.path, .invalidArgument) }
        let name = try Self.name(of: device.path)
        let parent = try parent(of: device.path)
        if (try? parent.status(of: name)) == nil {  // not there yet
            try parent.openChild(name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).close()
        }
        // A symlink in its place is an error, not followed.
        let place = try FileDescriptor.open(
            name, in: parent, .beneathWithoutSymlinks, flags: FileDescriptor.pathOnly | O_NOFOLLOW)
        try Mount.copy(of: source).attach(to: place)
    }

    private static func name(of path: String) throws(SystemCallError) -> String {
        guard let name = path.split(separator: "/").last, name != "..", name != "." else {
            throw SystemCallError("mknodat", on: path, .invalidArgument)
        }
        return String(name)
    }

    /// The directory of a device, made if need be.
    private borrowing func parent(of path: String) throws(SystemCallError) -> FileDescriptor {
        let directory = path.split(separator: "/").dropLast().joined(separator: "/")
        _ = try root.place("/" + directory, isDirectory: true)
        return try FileDescriptor.open(
            directory.isEmpty ? "." : directory, in: root.mount.root, .beneathWithoutSymlinks,
            flags: O_RDONLY | O_DIRECTORY)
    }

    private borrowing func makeLink(
        _ name: String, to target: String, in dev: borrowing FileDescriptor
    ) throws(SystemCallError) {
        do throws(SystemCallError) { try dev.makeSymlink(to: target, named: name) } catch {
            // The image's own is left as it is.
            guard error.errno == .exists else { throw error }
            return
        }
        if identity.isMapped { try dev.changeOwner(of: name, userID: root.owner.user, groupID: root.owner.group) }
    }

    /// Shows the container's terminal as its console.
    borrowing func bindConsole(_ terminal: borrowing FileDescriptor) throws(RuntimeError) {
        try attempt("make /dev/console") { () throws(SystemCallError) in
            let dev = try FileDescriptor.open(
                "dev", in: root.mount.root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
            do throws(SystemCallError) {
                try dev.openChild("console", flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).close()
            } catch {
                guard error.errno == .exists else { throw error }
            }
            let place = try FileDescriptor.open(
                "console", in: dev, .beneathWithoutSymlinks, flags: FileDescriptor.pathOnly | O_NOFOLLOW)
            try Mount.copy(of: terminal).attach(to: place)
        }
    }
}
