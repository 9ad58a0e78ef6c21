import Archive
import Linux
import Metadata

extension Engine {
    /// Writes a container's files as a tar stream: the image's with what the container has changed, and without what is mounted
    /// over them. It may run meanwhile: what goes away before its turn is left out.
    public func export(_ name: String, into sink: any ByteSink) throws(EngineError) {
        let record = try container(name)
        let spec = try storedSpec(of: record)
        let owner = try fileOwner(record, spec)
        let tree = try writtenTree(record, spec)
        note("export", of: record.id)
        do {
            let packer = TreePacker(sink, PackingRules(.files, owner: owner))
            try packer.packContents(of: tree.root())
            warnOfShortened(try packer.finish(), record)
        } catch { throw EngineError(packing: error, cannot: "export container \(record.name)") }
    }

    /// Mounted for reading, beside the overlay that the container may be using. Not the same one: over that, everything is mounted
    /// that the container has in its own namespace. (The kernel's log says that what is seen of changes is undefined. Each file
    /// is whole all the same, as overlay puts files into `upper` by renaming.)
    private func writtenTree(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> ImageTree {
        let lowers = try lowersBelowWritten(of: record.image)
        let namespaces = try fileNamespaces(rootID: fileRootID(record, spec))
        let written = upper(of: record)
        return try explaining("read the files of container \(record.name)") { () throws(SystemCallError) in
            try ImageTree(lowers: lowers, below: written, userNamespace: namespaces.user)
        }
    }

    func warnOfShortened(_ packed: PackedTree, _ record: ContainerRecord) {
        guard packed.shortened > 0 else { return }
        let files = packed.shortened == 1 ? "1 file" : "\(packed.shortened) files"
        warnings.append(
            "container \(record.name) made \(files) shorter while it was read: zeros stand for what was missing")
    }
}
