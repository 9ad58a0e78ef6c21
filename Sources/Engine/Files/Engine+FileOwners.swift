import Archive
import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI

// What a container has written lies on the host's disk with the ids of its own range.
extension Engine {
    /// The host's id of a container's root, as whom it has written its files; 0 with the host's ids.
    func fileRootID(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> UInt32 {
        guard spec.host.usernsMode != "host" else { return 0 }
        if let slot = record.idSlot { return StorePaths.hostID(ofSlot: slot) }
        // The range is another container's, which needn't be there any more. Ranges are aligned, so that any id of one tells it.
        guard let upper = upper(of: record) else { return 0 }
        let owner = try explaining("read the files of container \(record.name)") { () throws(SystemCallError) in
            try FileDescriptor.status(of: upper).userID
        }
        guard owner >= StorePaths.firstHostID else { return 0 }
        return owner - (owner - StorePaths.firstHostID) % StorePaths.idsPerContainer
    }

    /// The same as an archive's rule. An id outside of the range is 65534, as in the container itself.
    func fileOwner(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> PackingRules.Owner {
        fileOwner(rootID: try fileRootID(record, spec))
    }

    func fileOwner(rootID: UInt32) -> PackingRules.Owner {
        rootID == 0 ? .asFound : .mapped(IDMap(outsideID: rootID, size: StorePaths.idsPerContainer))
    }

    /// The writable layer; nil of a container that was never started.
    func upper(of record: ContainerRecord) -> String? {
        let path = "\(runtimePaths.directory(record.id))/\(ContainerDirectory.upper)"
        // One that is being made has no owner yet, and nothing in it.
        guard let status = try? FileDescriptor.status(of: path), status.permissions != ContainerDirectory.unready else {
            return nil
        }
        return path
    }

    /// The layers below what a container writes, two at least.
    func lowersBelowWritten(of image: ImageID) throws(EngineError) -> [String] {
        let lowers = try lowerDirectories(of: image) + [initLayer()]
        guard lowers.count == 1 else { return lowers }
        try explaining("make \(paths.emptyLayer)") { () throws(SystemCallError) in
            _ = try Directory.create(paths.emptyLayer, mode: 0o755)
        }
        return lowers + [paths.emptyLayer]
    }

    /// A user namespace with a container's range, which nobody is in; nil with the host's ids.
    func fileNamespaces(rootID: UInt32) throws(EngineError) -> ContainerNamespaces {
        guard rootID != 0 else { return ContainerNamespaces() }
        return try explaining("make a user namespace") { () throws(SystemCallError) in
            let made = try UserNamespace.create(idMap: IDMap(outsideID: rootID, size: StorePaths.idsPerContainer))
            return ContainerNamespaces(user: made.user, network: made.network, first: made.first)
        }
    }
}

extension EngineError {
    /// Of a tree that was packed or unpacked, or of where its archive went to.
    init(packing error: any Error, cannot action: String) {
        if let error = error as? EngineError {
            self = error
            return
        }
        self.init(.system, cannot: action, because: "\(error)", cause: error)
    }
}
