import Archive
import Glibc
import Linux
import Metadata
import OCI

/// A directory of the store in which a layer comes to be, file by file: what a build step puts there, or what an overlay writes.
///
/// The layer is its `fs`, with overlay's marks for what is hidden. Once it is adopted that directory is the layer: nothing is
/// unpacked a second time. When it is let go before, nothing stays.
public final class LayerDraft {
    private let store: ImageStore
    private let relative: String
    /// Nil when it is done or given up. One that is left by a killed process is removed by whoever can take its lock.
    private var lock: LockFile?

    init(_ store: ImageStore) throws(StoreError) {
        // Names only have to differ.
        let relative = "\(StoreLayout.layerIngest)/\(StoreLayout.draftPrefix)\(String(UInt64.random(in: .min ... .max), radix: 16))"
        let lock = try store.lock(StoreLayout.lock(relative), waiting: true)
        self.store = store
        self.relative = relative
        self.lock = lock
        try asStoreError { () throws(SystemCallError) in
            try store.directory.makeDirectory(relative, mode: 0o700)
            let draft = try store.open(relative)
            try draft.changeMode(0o700)
            try draft.makeDirectory("fs", mode: 0o755)
            try draft.openChild("fs").changeMode(0o755)
        }
    }

    deinit { try? remove() }

    /// Absolute. What else is put there beside `fs`, an overlay's `work` for instance, goes when it is adopted.
    public var path: String { store.path(relative) }

    /// Its `fs`, opened for reading.
    public func openFiles() throws(SystemCallError) -> FileDescriptor { try store.open(relative + "/fs") }

    /// Packs the files, and makes their directory the layer that the stream's digest names, where there is none yet.
    ///
    /// - Parameter rules: ``PackingRules/Content/files`` for files that were put there, ``PackingRules/Content/changes`` for
    ///   what an overlay has written.
    /// - Returns: The blob. It is not compressed, so that its digest is the layer's diffID.
    /// - Throws: ``StoreError``, ``PackingError``.
    public func adopt(_ rules: PackingRules, lease: Lease) throws -> Descriptor {
        let files = try openFiles()
        var packed = PackedTree()
        let blob = try store.writeLayer(lease: lease) { sink in
            let packer = TreePacker(sink, rules)
            try packer.packContents(of: files)
            packed = try packer.finish()
        }
        if case .writer(let writer) = try store.ingestLayer(DiffID(blob.digest), lease: lease, waiting: true) {
            try discardAllButFiles()
            try writer.adopt(relative, size: packed.bodyBytes)
        }
        try remove()
        return blob
    }

    private func discardAllButFiles() throws(SystemCallError) {
        let draft = try store.open(relative)
        for name in try draft.names() where name != "fs" { try draft.removeTree(name) }
    }

    /// Removes what is left of it, and lets go of the lock.
    private func remove() throws(StoreError) {
        guard lock != nil else { return }
        defer { lock = nil }
        try asStoreError { () throws(SystemCallError) in
            try store.directory.removeTree(relative)
            try store.directory.unlink(StoreLayout.lock(relative))
        }
    }
}

extension ImageStore {
    /// Makes an empty directory for a new layer.
    public func layerDraft() throws(StoreError) -> LayerDraft { try LayerDraft(self) }
}
