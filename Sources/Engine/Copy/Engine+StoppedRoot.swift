import Archive
import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI

// The root of a container that doesn't run, put together as its monitor and its runtime would, where nobody sees it.
extension Engine {
    /// - Parameter lock: The container's byte: nobody else mounts its writable layer.
    func stoppedRoot(
        _ record: ContainerRecord, _ spec: StoredSpec, _ lock: consuming FileDescriptor
    ) throws(EngineError) -> ContainerRoot {
        if upper(of: record) == nil, record.idSlot == nil, spec.host.joinsContainer {
            throw EngineError(
                .conflict, cannot: "open the files of container \(record.name)",
                because: "whose ids it has shows when it is started", hint: "Start it with `hako start \(record.name)`.")
        }
        let directory = runtimePaths.directory(record.id)
        // What the root is mounted on, it covers: nothing that is looked for afterwards.
        let place = try initLayer()
        let lowers = try lowerDirectories(of: record.image) + [place]
        let rootID = try fileRootID(record, spec)
        try explaining("make the files of container \(record.name)") { () throws(SystemCallError) in
            try makeWritableLayer(in: directory, rootID: rootID, lowers: lowers)
        }
        let namespaces = try fileNamespaces(rootID: rootID)
        let bundle = runtimePaths.bundle(record.id)
        var mounts = try mappedMounts(spec, namespaces)
        let volumes = try openVolumes(&mounts, bundle: bundle, namespaces)
        // Volatile, as unmounting would write the whole file system to the disk first.
        let overlay = OverlayMount(
            lowers: lowers, upper: "\(directory)/\(ContainerDirectory.upper)",
            work: "\(directory)/\(ContainerDirectory.work)", isVolatile: true)
        let root = try explaining("open the files of container \(record.name)") { () throws(SystemCallError) in
            try MountNamespaceVisit.apart { () throws(SystemCallError) in
                let root = try RootAssembly(overlay, at: place, rootID: rootID, namespaces.user)
                try root.attach(mounts, volumes, bundle: bundle, namespaces.user)
                try root.attachAccountFiles(of: directory)
                if spec.host.readonlyRootfs { try root.makeReadOnly() }
                return try root.opened()
            }
        }
        let users = try explaining("open the files of container \(record.name)") { () throws(SystemCallError) in
            try namespaces.duplicateUser()
        }
        return ContainerRoot(
            record, owner: fileOwner(rootID: rootID), directory: root.directory, mounts: root.namespace, users: users,
            lock: lock)
    }
}

/// A root directory, and the mount namespace that it is in.
private struct AssembledRoot: ~Copyable {
    let directory: FileDescriptor
    let namespace: FileDescriptor
}

/// A container's root while mounts are attached to it, in a namespace of its own.
private struct RootAssembly: ~Copyable {
    private let mount: Mount
    private let directory: FileDescriptor
    private let rootID: UInt32

    init(
        _ overlay: OverlayMount, at place: String, rootID: UInt32, _ users: borrowing FileDescriptor?
    ) throws(SystemCallError) {
        let mount = try overlay.mount(userNamespace: users)
        // At once: it is there for who is killed, and would keep the container from being started.
        try overlay.removeVolatileMark()
        try mount.attach(to: FileDescriptor.open(place, flags: FileDescriptor.pathOnly | O_DIRECTORY))
        directory = try FileDescriptor.open(".", in: mount.root, flags: O_RDONLY | O_DIRECTORY)
        self.mount = mount
        self.rootID = rootID
    }

    borrowing func makeReadOnly() throws(SystemCallError) { try mount.setAttributes(.readOnly) }

    borrowing func opened() throws(SystemCallError) -> AssembledRoot {
        AssembledRoot(directory: try directory.duplicate(), namespace: try Namespace.current(.mount))
    }

    /// - Parameter volumes: Those that are mounts already; their source is a place below `bundle`.
    borrowing func attach(
        _ mounts: [ContainerMount], _ volumes: OpenedVolumes, bundle: String, _ users: borrowing FileDescriptor?
    ) throws(SystemCallError) {
        var openedCount = 0
        for mount in mounts where mount.kind != .tmpfs {
            if openedCount < volumes.numbers.count, mount.source == "\(bundle)/\(OpenedVolumes.place(openedCount))" {
                let opened = Mount(adopting: FileDescriptor(adopting: volumes.numbers[openedCount]))
                openedCount += 1
                let failure: SystemCallError?
                do throws(SystemCallError) {
                    try attach(opened, at: mount.destination, isReadOnly: mount.isReadOnly)
                    failure = nil
                } catch { failure = error }
                // It is the volumes' to close.
                _ = opened.intoDescriptor().relinquish()
                if let failure { throw failure }
            } else {
                try bind(mount, users)
            }
        }
        withExtendedLifetime(volumes) {}
    }

    private borrowing func bind(_ mount: ContainerMount, _ users: borrowing FileDescriptor?) throws(SystemCallError) {
        let source: Mount
        do throws(SystemCallError) { source = try Mount.copy(of: mount.source, recursive: mount.isRecursive) } catch {
            // What isn't there is told, or made, when the container is started.
            guard error.errno == .noSuchFile else { throw error }
            return
        }
        switch users {
        case .some(let users):
            if mount.idMapping != .none {
                try source.mapIDs(to: users, recursive: mount.isRecursive && mount.idMapping == .whole)
            }
        case .none: break
        }
        try attach(source, at: mount.destination, isReadOnly: mount.isReadOnly)
    }

    /// What the container has as its hosts, hostname and resolv.conf; they are made at its first start.
    borrowing func attachAccountFiles(of directory: String) throws(SystemCallError) {
        for file in ContainerDirectory.accountFiles where access("\(directory)/\(file)", F_OK) == 0 {
            try attach(Mount.copy(of: "\(directory)/\(file)"), at: "/etc/\(file)", isReadOnly: false)
        }
    }

    private borrowing func attach(
        _ mount: borrowing Mount, at path: String, isReadOnly: Bool
    ) throws(SystemCallError) {
        let isDirectory = try mount.root.status().kind == .directory
        guard let place = try place(path, isDirectory: isDirectory) else { return }
        try mount.setAttributes(isReadOnly ? [.noDevices, .readOnly] : .noDevices)
        try mount.attach(to: place)
    }

    /// Where something is to be mounted, made if it isn't there; nil where it can't be made, as for a link to nothing.
    private borrowing func place(_ path: String, isDirectory: Bool) throws(SystemCallError) -> FileDescriptor? {
        var parent = try directory.openChild(".", flags: O_RDONLY | O_DIRECTORY)
        let parts = path.split(separator: "/").map(String.init)
        for (index, part) in parts.enumerated() {
            let prefix = parts[...index].joined(separator: "/")
            let isLast = index == parts.count - 1
            if try find(prefix) == false {
                do throws(SystemCallError) {
                    try make(part, in: parent, isDirectory: isDirectory || !isLast)
                } catch {
                    guard error.errno == .exists else { throw error }
                    return nil
                }
            }
            guard !isLast else { break }
            parent = try FileDescriptor.open(prefix, in: directory, flags: O_RDONLY | O_DIRECTORY)
        }
        return try FileDescriptor.open(path, in: directory, flags: FileDescriptor.pathOnly)
    }

    private borrowing func find(_ path: String) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            _ = try FileDescriptor.open(path, in: directory, flags: FileDescriptor.pathOnly)
            return true
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            return false
        }
    }

    private borrowing func make(
        _ name: String, in parent: borrowing FileDescriptor, isDirectory: Bool
    ) throws(SystemCallError) {
        if isDirectory {
            try parent.makeDirectory(name, mode: 0o755)
        } else {
            try parent.openChild(name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644).close()
        }
        try parent.changeOwner(of: name, userID: rootID, groupID: rootID)
    }
}
