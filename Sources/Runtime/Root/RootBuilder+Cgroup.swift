import Cgroups
import Glibc
import Linux
import OCI

/// Where a container's cgroup is, for what is shown of it inside.
struct ContainerCgroup: Sendable {
    let path: CgroupPath
    let mounts: CgroupMounts
    /// The container has a cgroup namespace of its own, whose root is its cgroup.
    let hasNamespace: Bool

    var cgroup: any Cgroup { mounts.cgroup(at: path) }

    /// Whether `/sys/fs/cgroup` is to show the container's cgroup and nothing above it.
    var isShownAlone: Bool { hasNamespace || mounts.isV1 }

    /// Its directory in a hierarchy, from the hierarchy's mount point.
    func directory(below mountPoint: String) -> String { mountPoint + path.description }
}

extension RootBuilder {
    /// Shows the container its cgroup: binds of its directories, which look as its cgroup namespace's own mounts would, and
    /// need nobody who is in that namespace.
    borrowing func mountCgroup(_ spec: RuntimeSpec.Mount, _ options: MountOptions) throws(RuntimeError) {
        try attempt("mount \(PrintableText(spec.destination))") { () throws(SystemCallError) in
            let place = try root.place(spec.destination, isDirectory: true)
            let attributes = options.attributes.union(options.recursiveAttributes).union(.noDevices)
            guard cgroup.mounts.isV1 else {
                let unified = cgroup.mounts.unified ?? "/sys/fs/cgroup"
                let shown = cgroup.isShownAlone ? cgroup.directory(below: unified) : unified
                return try Self.bind(shown, to: place, attributes)
            }
            try mountHierarchies(place, attributes)
        }
    }

    private static func bind(
        _ path: String, to place: borrowing FileDescriptor, _ attributes: MountAttributes
    ) throws(SystemCallError) {
        let mount = try Mount.copy(of: path)
        try mount.setAttributes(attributes, propagation: .private)
        try mount.attach(to: place)
    }

    /// v1: a directory for each hierarchy, under the name that it has on the host.
    private borrowing func mountHierarchies(
        _ place: borrowing FileDescriptor, _ attributes: MountAttributes
    ) throws(SystemCallError) {
        let context = try FileSystemContext("tmpfs")
        try context.set("mode", "0755")
        let mount = try context.mount(attributes.subtracting(.readOnly))
        try mount.attach(to: place)
        for hierarchy in cgroup.mounts.v1 {
            let name = hierarchy.mountPoint.split(separator: "/").last.map(String.init) ?? "cgroup"
            try mount.root.makeDirectory(name, mode: 0o755)
            let directory = try mount.root.openChild(name, flags: O_RDONLY | O_DIRECTORY)
            do throws(SystemCallError) {
                try Self.bind(cgroup.directory(below: hierarchy.mountPoint), to: directory, attributes)
            } catch {
                // A hierarchy in which the container has no cgroup: nothing to show.
                guard error.errno == .noSuchFile else { throw error }
            }
            // `cpu,cpuacct` is found under both names, as on the host.
            for controller in hierarchy.controllers where hierarchy.controllers.count > 1 && controller != name {
                try mount.root.makeSymlink(to: name, named: controller)
            }
        }
        if attributes.contains(.readOnly) { try mount.setAttributes(.readOnly) }
    }
}
