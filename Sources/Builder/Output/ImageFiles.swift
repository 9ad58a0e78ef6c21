import Archive
import Glibc
import ImageStore
import Linux
import OCI

/// What an image shows as its files: `--output type=local` and `type=tar`.
struct ImageFiles {
    let store: ImageStore
    /// Of the image, the lowest first.
    let layers: [DiffID]
    /// `SOURCE_DATE_EPOCH`; nil for none.
    let epoch: Int64?

    /// Writes them as an archive, with the owners that they have in the image.
    ///
    /// - Parameter prefix: What stands before each name: nothing, or a directory with a slash at its end.
    func pack(into packer: TreePacker, below prefix: PathBytes) throws {
        try withTree { try packer.packContents(of: $0, below: prefix) }
    }

    /// Lays them out in a directory, over what is there; all of them belong to who asks, as with BuildKit.
    func copy(into directory: borrowing FileDescriptor) throws {
        let draft = try store.layerDraft()
        let path = draft.path + "/files.tar"
        var rules = PackingRules(.files, owner: .fixed(userID: geteuid(), groupID: getegid()))
        rules.latestModified = epoch
        let packer = TreePacker(FileSink(try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL)), rules)
        try pack(into: packer, below: "")
        _ = try packer.finish()
        var extraction = ExtractionRules()
        extraction.readsWhiteouts = false
        _ = try LayerUnpacker.unpack(FileSource(try FileDescriptor.open(path)), into: directory, rules: extraction)
    }

    /// Mounted for reading where there are several layers, attached nowhere.
    private func withTree(_ body: (borrowing FileDescriptor) throws -> Void) throws {
        let lowers = try store.lowerDirectories(of: layers)
        switch lowers.count {
        case 0: try body(try store.layerDraft().openFiles())
        case 1: try body(try FileDescriptor.directory(lowers[0]))
        default:
            let mount = try OverlayMount(lowers: lowers, upper: nil, work: nil).mount(userNamespace: nil)
            try body(mount.root)
        }
    }
}
