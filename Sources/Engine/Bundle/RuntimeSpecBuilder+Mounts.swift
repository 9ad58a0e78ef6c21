import Linux
import OCI

extension RuntimeSpecBuilder {
    /// The defaults, the files that tell the container who it is, and what was asked for, which may cover either; then the init.
    func allMounts() throws(EngineError) -> [RuntimeSpec.Mount] {
        let asked = Set(mounts.map(\.destination))
        var all = SpecDefaults.mounts(shmSize: host.shmSize, isPrivileged: host.privileged)
            .compactMap(inIPCMode).filter { !asked.contains($0.destination) }
        // These lie on the host owned by the container's root: they need no id mapping.
        for file in accountFiles where !asked.contains(file.destination) {
            all.append(
                .init(
                    destination: file.destination, type: "bind", source: file.source,
                    options: ["rbind", "rprivate"] + (host.readonlyRootfs || isBuildStep ? ["ro"] : [])))
        }
        for mount in mounts { all.append(specMount(mount)) }
        if let initProgram {
            all.append(
                .init(
                    destination: SpecDefaults.initPath, type: "bind", source: initProgram,
                    options: ["bind", "rprivate", "ro", "nosuid", "nodev"]))
        }
        return all
    }

    /// Where System V and POSIX put their shared memory and queues goes with the IPC namespace.
    private func inIPCMode(_ mount: RuntimeSpec.Mount) -> RuntimeSpec.Mount? {
        guard mount.destination == "/dev/shm" || mount.destination == "/dev/mqueue" else { return mount }
        if let joined = joined.ipc {
            // The queues show themselves to who is in their namespace.
            guard mount.destination == "/dev/shm" else { return mount }
            return .init(
                destination: mount.destination, type: "bind", source: "/proc/\(joined)/root/dev/shm",
                options: ["bind", "rprivate", "nosuid", "noexec", "nodev"])
        }
        switch host.ipcMode {
        case "none": return mount.destination == "/dev/shm" ? nil : mount
        case "host":
            // A host that has none has none to share.
            guard (try? FileDescriptor.status(of: mount.destination)) != nil else { return nil }
            return .init(
                destination: mount.destination, type: "bind", source: mount.destination,
                options: ["rbind", "rprivate", "nosuid", "noexec", "nodev"])
        default: return mount
        }
    }

    /// `-v /dev/null:/etc/motd` means the device; the device cgroup says which ones can be opened.
    static func isDevice(_ path: String) -> Bool {
        // What isn't there is the runtime's to tell.
        guard let kind = try? FileDescriptor.status(of: path).kind else { return false }
        return kind == .characterDevice || kind == .blockDevice
    }

    private func specMount(_ mount: ContainerMount) -> RuntimeSpec.Mount {
        switch mount.kind {
        case .tmpfs:
            // As Docker's defaults for `--tmpfs`.
            var options = ["nosuid", "nodev", "noexec"]
            options.removeAll { $0 == "noexec" && mount.tmpfsOptions.contains("exec") }
            options.removeAll { $0 == "nosuid" && mount.tmpfsOptions.contains("suid") }
            if mount.isReadOnly { options.append("ro") }
            return .init(
                destination: mount.destination, type: "tmpfs", source: "tmpfs",
                options: options + mount.tmpfsOptions.filter { !["ro", "rw", "exec", "suid"].contains($0) })
        case .bind, .image, .volume:
            // Idmapped: what the container's root writes belongs to root on the host, and user 1000's files to user 1000.
            let mappings = mount.idMapping == .none ? [] : idMappings
            let propagation = mount.propagation.isEmpty ? "rprivate" : mount.propagation
            return .init(
                destination: mount.destination, type: "bind", source: mount.source,
                options: [mount.isRecursive ? "rbind" : "bind", propagation] + (Self.isDevice(mount.source) ? [] : ["nodev"])
                    + (mount.isReadOnly ? ["rro"] : []) + (mount.idMapping == .withoutSubmounts ? ["idmap"] : []),
                uidMappings: mappings, gidMappings: mappings)
        }
    }
}
