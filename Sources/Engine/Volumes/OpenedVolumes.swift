import Glibc
import Linux
import OCI

/// The volumes of one start that are more than a directory of the store: mounts that the monitor attaches in its own mount
/// namespace, below the bundle, so that any OCI runtime finds an ordinary source to bind.
final class OpenedVolumes {
    private(set) var numbers: [CInt] = []
    private(set) var areDirectories: [Bool] = []

    /// Where the monitor attaches the mount, relative to the bundle.
    static func place(_ index: Int) -> String { "mounts/\(index)" }

    func add(_ mount: consuming Mount) throws(SystemCallError) {
        areDirectories.append(try mount.root.status().kind == .directory)
        numbers.append(mount.intoDescriptor().relinquish())
    }

    /// Makes something to mount on for each.
    func makePlaces(in bundle: String) throws(SystemCallError) {
        guard !numbers.isEmpty else { return }
        try Directory.create(bundle + "/mounts")
        for (index, isDirectory) in areDirectories.enumerated() {
            let place = "\(bundle)/\(Self.place(index))"
            if isDirectory {
                try Directory.create(place)
            } else {
                try FileDescriptor.open(place, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW).close()
            }
        }
    }

    deinit { for number in numbers { _ = FileDescriptor(adopting: number) } }
}

extension Engine {
    /// Opens the volumes that are a file system of their own, or a path in one. Their mounts get the bundle's place as source,
    /// and show the container's ids already.
    func openVolumes(
        _ mounts: inout [ContainerMount], bundle: String, _ namespaces: borrowing ContainerNamespaces
    ) throws(EngineError) -> OpenedVolumes {
        let opened = OpenedVolumes()
        for index in mounts.indices {
            if mounts[index].kind == .image {
                let mount = try imageMount(mounts[index], namespaces)
                mounts[index].source = "\(bundle)/\(OpenedVolumes.place(opened.numbers.count))"
                mounts[index].idMapping = .none
                try adding(mount, to: opened, "image \(mounts[index].image)")
                continue
            }
            guard let volume = mounts[index].volume, !volume.options.isEmpty || !volume.subpath.isEmpty else {
                continue
            }
            let mount = try open(volume)
            if !map(mount, namespaces) {
                warnings.append(
                    "the volume \(volume.name) can't be shown with the container's ids: its files keep the host's owners"
                )
            }
            mounts[index].source = "\(bundle)/\(OpenedVolumes.place(opened.numbers.count))"
            mounts[index].idMapping = .none
            try adding(mount, to: opened, "volume \(volume.name)")
        }
        return opened
    }

    private func adding(
        _ mount: consuming Mount, to opened: OpenedVolumes, _ what: String
    ) throws(EngineError) {
        do throws(SystemCallError) { try opened.add(mount) } catch {
            throw EngineError(.system, cannot: "open the \(what)", because: "\(error)", cause: error)
        }
    }

    /// An image's files, read-only, as the container's root's.
    private func imageMount(
        _ mount: ContainerMount, _ namespaces: borrowing ContainerNamespaces
    ) throws(EngineError) -> Mount {
        let image: ImageID
        do throws(DigestError) { image = try ImageID(mount.image) } catch {
            throw EngineError(.system, cannot: "mount image \(mount.image)", because: "it is no id")
        }
        var lowers = try lowerDirectories(of: image)
        let tree: Mount
        do throws(SystemCallError) {
            // A read-only overlay has two layers at least.
            while lowers.count < 2 {
                try Directory.create(paths.emptyLayer, mode: 0o755)
                lowers.append(paths.emptyLayer)
            }
            tree = try ImageTree.mount(lowers, userNamespace: namespaces.user)
        } catch {
            throw EngineError(.system, cannot: "mount image \(mount.image)", because: "\(error)", cause: error)
        }
        guard !mount.imageSubpath.isEmpty else { return tree }
        do throws(SystemCallError) {
            let found = try FileDescriptor.open(mount.imageSubpath, in: tree.root, flags: FileDescriptor.pathOnly)
            return try Mount.copy(of: found)
        } catch {
            throw EngineError(
                error.errno == .noSuchFile ? .invalidArgument : .system,
                cannot: "mount \(mount.imageSubpath) of image \(mount.image)", because: "\(error)", cause: error)
        }
    }

    private func open(_ volume: VolumePart) throws(EngineError) -> Mount {
        guard let device = try VolumeDevice(volume.options) else {
            let data = try explaining("open the volume \(volume.name)") { () throws(SystemCallError) in
                try FileDescriptor.directory(paths.volumeData(volume.name))
            }
            return try part(volume, of: data)
        }
        let mount = try mounted(device, volume.name)
        return volume.subpath.isEmpty ? mount : try part(volume, of: mount.root)
    }

    /// Containers write what is in a volume, and may swap it for a symlink at any time: the path is resolved once, beneath the
    /// volume, and what was found is mounted (CVE-2017-1002101, CVE-2021-25741).
    private func part(_ volume: VolumePart, of root: borrowing FileDescriptor) throws(EngineError) -> Mount {
        do throws(SystemCallError) {
            let found = try FileDescriptor.open(volume.subpath, in: root, .beneath, flags: FileDescriptor.pathOnly)
            return try Mount.copy(of: found)
        } catch {
            throw EngineError(
                error.errno == .noSuchFile ? .invalidArgument : .system,
                cannot: "mount \(volume.subpath) of the volume \(volume.name)", because: "\(error)",
                hint: error.errno == .noSuchFile ? "Make it in the volume first." : nil, cause: error)
        }
    }

    /// False where the file system can't.
    private func map(_ mount: borrowing Mount, _ namespaces: borrowing ContainerNamespaces) -> Bool {
        switch namespaces.user {
        case .some(let user):
            // Failing is the answer. What is mounted below a bind may not be able to, and the bind itself may.
            if (try? mount.mapIDs(to: user, recursive: true)) != nil { return true }
            return (try? mount.mapIDs(to: user)) != nil
        case .none: return true
        }
    }
}
