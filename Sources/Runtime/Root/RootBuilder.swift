import Glibc
import Linux
import OCI

/// Builds a container's mount tree in a private mount namespace, as a process of the initial user namespace.
///
/// Everything is mounted here, proc and masks too, so that all of it is locked once the container's own process unshares its
/// mount namespace: its root can then neither lift a mask nor make a read-only mount writable (mount_namespaces(7),
/// "Restrictions on mount namespaces").
struct RootBuilder: ~Copyable {
    let bundle: Bundle
    let root: RootDirectory
    let identity: IdentityMap
    /// The container's first process: its namespaces are what proc, sysfs and mqueue show.
    let process: CInt
    let cgroup: ContainerCgroup

    var spec: RuntimeSpec { bundle.spec }

    /// - Parameter opened: Taken out as they are mounted.
    borrowing func build(_ opened: inout OpenedMounts) throws(RuntimeError) {
        for (index, mount) in spec.mounts.enumerated() { try self.mount(mount, opened.take(index)) }
        try makeDevices()
    }

    /// What hides and protects parts of what is mounted; after the hooks that may still change it.
    borrowing func protect(_ nullDevice: borrowing FileDescriptor) throws(RuntimeError) {
        try mask(spec.linux.maskedPaths, nullDevice)
        for path in spec.linux.readonlyPaths { try makeReadOnly(path) }
        if spec.root?.isReadOnly == true {
            try attempt("make the root read-only") { () throws(SystemCallError) in
                try root.mount.setAttributes(.readOnly)
            }
        }
    }

    private borrowing func mount(
        _ mount: RuntimeSpec.Mount, _ opened: consuming OpenedMount?
    ) throws(RuntimeError) {
        let options = try MountOptions(mount)
        let shown = PrintableText(mount.destination)
        if mount.type == "cgroup" || (mount.type == "cgroup2" && cgroup.isShownAlone) {
            return try mountCgroup(mount, options)
        }
        var isDirectory = true
        if let opened {
            isDirectory = opened.isDirectory
            if options.isBind { try prepareBind(opened, mount, options) }
            try attach(opened.mount, mount, isDirectory: isDirectory)
            if mount.type == "devpts" { try giveAway(opened.mount.root, shown, with: ["ptmx"]) }
        } else {
            let made = try fileSystem(mount, options)
            try attach(made, mount, isDirectory: true)
            if mount.type == "mqueue" { try giveAway(made.root, shown) }
            if mount.type == "devpts" { try giveAway(made.root, shown, with: ["ptmx"]) }
        }
    }

    private borrowing func attach(
        _ mount: borrowing Mount, _ spec: RuntimeSpec.Mount, isDirectory: Bool
    ) throws(RuntimeError) {
        try attempt("mount \(PrintableText(spec.destination))") { () throws(SystemCallError) in
            let place = try root.place(spec.destination, isDirectory: isDirectory)
            try Self.check(place, spec, mount)
            try mount.attach(to: place)
        }
    }

    /// Mounts on and below /proc and /sys would show the container, and ourselves, something else than the kernel's word
    /// (CVE-2019-19921, CVE-2023-27561). What is shown in place of single files (lxcfs) is no danger.
    private static func check(
        _ place: borrowing FileDescriptor, _ spec: RuntimeSpec.Mount, _ mount: borrowing Mount
    ) throws(SystemCallError) {
        let path = "/" + spec.destination.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        let type = try mount.root.fileSystemType()
        let isOnProc = try place.fileSystemType() == .proc
        if path == "/proc", type != .proc { throw SystemCallError("mount", on: path, .invalidArgument) }
        if path == "/sys", type != .sysfs { throw SystemCallError("mount", on: path, .invalidArgument) }
        if isOnProc || path.hasPrefix("/proc/"), path != "/proc" {
            guard replaceableProcFiles.contains(path) else { throw SystemCallError("mount", on: path, .invalidArgument) }
        }
    }

    private static let replaceableProcFiles = [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
        "/proc/loadavg", "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid",
        "/proc/sys/crypto/fips_enabled",
    ]

    /// File systems whose root belongs to whoever mounted them, and that take no owner as option.
    private borrowing func giveAway(
        _ mounted: borrowing FileDescriptor, _ shown: PrintableText, with names: [String] = []
    ) throws(RuntimeError) {
        guard identity.isMapped else { return }
        try attempt("mount \(shown)") { () throws(SystemCallError) in
            try mounted.setOwner(user: root.owner.user, group: root.owner.group)
            for name in names {
                try mounted.changeOwner(of: name, userID: root.owner.user, groupID: root.owner.group)
            }
        }
    }

    private borrowing func prepareBind(
        _ source: borrowing OpenedMount, _ spec: RuntimeSpec.Mount, _ options: MountOptions
    ) throws(RuntimeError) {
        var attributes = options.attributes.union(options.recursiveAttributes)
        // A node on a volume would open for container root where no user namespace forbids it (threat: device nodes).
        if !options.allowsDevices && !source.isDevice && !isDev(spec) { attributes.insert(.noDevices) }
        try attempt("bind \(PrintableText(spec.destination))") { () throws(SystemCallError) in
            let propagation = options.propagation ?? .private
            try source.mount.setAttributes(
                [], propagation: propagation, recursive: propagation == .private || options.isPropagationRecursive)
            try mapIDs(of: source.mount, spec, options)
            try source.mount.setAttributes(attributes, clearing: options.cleared, recursive: options.isRecursive)
        }
    }

    private borrowing func mapIDs(
        of mount: borrowing Mount, _ spec: RuntimeSpec.Mount, _ options: MountOptions
    ) throws(SystemCallError) {
        let mapsBelow = options.mapsBelow ?? options.isRecursive
        if !spec.uidMappings.isEmpty {
            let map = IDMap(uid: spec.uidMappings, gid: spec.gidMappings)
            if map != identity.map {
                return try mount.mapIDs(to: UserNamespace.create(idMap: map).user, recursive: mapsBelow)
            }
        } else if !options.mapsIDs {
            return
        }
        let namespace = try FileDescriptor.open("/proc/\(process)/ns/user")
        try mount.mapIDs(to: namespace, recursive: mapsBelow)
    }

    private borrowing func fileSystem(
        _ mount: RuntimeSpec.Mount, _ options: MountOptions
    ) throws(RuntimeError) -> Mount {
        let type = mount.type ?? ""
        return try attempt("mount \(PrintableText(mount.destination))") { () throws(SystemCallError) in
            switch type {
            case "proc": try FileSystemContext(procOf: ProcessHandle.open(process)).finish(mount, options, identity)
            case "sysfs", "mqueue":
                // They show the network and the IPC namespace of whoever opens them.
                try NamespaceVisit.run(in: process, [type == "sysfs" ? .network : .ipc]) { () throws(SystemCallError) in
                    try FileSystemContext(type)
                }.finish(mount, options, identity)
            default: try FileSystemContext(type).finish(mount, options, identity)
            }
        }
    }

    /// A path that isn't there needs no mask; any other failure leaves something open that must be closed.
    private borrowing func mask(_ paths: [String], _ nullDevice: borrowing FileDescriptor) throws(RuntimeError) {
        var emptyDirectory: FileDescriptor?
        for path in paths {
            try attempt("mask \(PrintableText(path))") { () throws(SystemCallError) in
                guard let place = try root.find(path) else { return }
                guard try place.status().kind == .directory else {
                    let mask = try Mount.copy(of: nullDevice)
                    try mask.setAttributes([.readOnly, .noSetUserID, .noExecution])
                    return try mask.attach(to: place)
                }
                // One empty file system for all of them.
                if let first = emptyDirectory.take() {
                    try Mount.copy(of: first).attach(to: place)
                    emptyDirectory = consume first
                } else {
                    let first = try Self.emptyDirectory()
                    try first.attach(to: place)
                    emptyDirectory = first.intoDescriptor()
                }
            }
        }
    }

    private static func emptyDirectory() throws(SystemCallError) -> Mount {
        let context = try FileSystemContext("tmpfs")
        try context.set("mode", "0755")
        let mount = try context.mount([.readOnly, .noDevices, .noSetUserID, .noExecution])
        return mount
    }

    private borrowing func makeReadOnly(_ path: String) throws(RuntimeError) {
        try attempt("make \(PrintableText(path)) read-only") { () throws(SystemCallError) in
            guard let place = try root.find(path) else { return }
            let copy = try Mount.copy(of: place, recursive: true)
            try copy.setAttributes(.readOnly, recursive: true)
            try copy.attach(to: place)
        }
    }
}

extension FileSystemContext {
    /// Sets a bundle's options and mounts. Ids in them are the container's, and the kernel wants this process's.
    consuming func finish(
        _ spec: RuntimeSpec.Mount, _ options: MountOptions, _ identity: IdentityMap
    ) throws(SystemCallError) -> Mount {
        if let source = spec.source, !source.isEmpty { try set("source", source) }
        var given: Set<String> = []
        for (key, value) in options.data {
            given.insert(key)
            guard let value else {
                try set(key)
                continue
            }
            switch key {
            case "uid": try set(key, try identity.outside(value, isUser: true))
            case "gid": try set(key, try identity.outside(value, isUser: false))
            default: try set(key, value)
            }
        }
        if spec.type == "tmpfs", identity.isMapped {
            if !given.contains("uid") { try set("uid", String(identity.root.user)) }
            if !given.contains("gid") { try set("gid", String(identity.root.group)) }
        }
        var attributes = options.attributes.union(options.recursiveAttributes)
        if options.deniesDevices(spec) { attributes.insert(.noDevices) }
        return try mount(attributes)
    }
}

extension MountOptions {
    /// Only `/dev` and devpts hold devices.
    fileprivate func deniesDevices(_ spec: RuntimeSpec.Mount) -> Bool {
        !allowsDevices && spec.type != "devpts" && !isDev(spec)
    }
}

private func isDev(_ spec: RuntimeSpec.Mount) -> Bool {
    spec.destination.split(separator: "/").filter { $0 != "." } == ["dev"]
}
