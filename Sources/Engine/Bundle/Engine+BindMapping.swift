import Linux

extension Engine {
    /// The container's mounts, with what can't show its owners as the container's ids told apart: that is bound as it is, so
    /// that `-v /:/host:ro` and `-v /sys:/sys:ro` show what Docker shows, and the user is told.
    func mappedMounts(
        _ spec: StoredSpec, _ namespaces: borrowing ContainerNamespaces
    ) throws(EngineError) -> [ContainerMount] {
        var mounts = try spec.mounts()
        guard namespaces.userNumber != nil else { return mounts }
        for index in mounts.indices where mounts[index].kind == .bind || mounts[index].isPlainVolume {
            switch namespaces.user {
            case .some(let user): mounts[index].idMapping = Self.idMapping(of: mounts[index], user)
            case .none: break
            }
            switch mounts[index].idMapping {
            case .whole: break
            case .withoutSubmounts:
                warnings.append(
                    "some of what is mounted below \(mounts[index].source) can't be shown with the container's ids: it keeps the host's owners")
            // A device's owner is of no interest: its mode says who may use it.
            case .none where RuntimeSpecBuilder.isDevice(mounts[index].source): break
            case .none:
                warnings.append(
                    "the file system of \(mounts[index].source) can't be shown with the container's ids: its files keep the host's owners")
            }
        }
        return mounts
    }

    /// Tried on copies that are attached nowhere.
    private static func idMapping(
        of mount: ContainerMount, _ userNamespace: borrowing FileDescriptor
    ) -> ContainerMount.IDMapping {
        do throws(SystemCallError) {
            try Mount.copy(of: mount.source, recursive: mount.isRecursive)
                .mapIDs(to: userNamespace, recursive: mount.isRecursive)
            return .whole
        } catch {
            // A source that can't be opened is the runtime's to tell.
            guard error.errno == .invalidArgument else { return .whole }
        }
        // Failing is the answer.
        guard mount.isRecursive, (try? Mount.copy(of: mount.source).mapIDs(to: userNamespace)) != nil else { return .none }
        return .withoutSubmounts
    }
}
