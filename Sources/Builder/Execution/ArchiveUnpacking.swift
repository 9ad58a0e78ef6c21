import Archive
import Glibc
import ImageStore
import Linux

/// Unpacks archives into a layer that comes to be, over what the stage has: a symlink to a directory is followed, and what
/// the archive replaces is hidden.
struct ArchiveUnpacking {
    let draft: LayerDraft
    /// Of the stage, the topmost first; none for an empty one.
    let lowers: [String]
    let owner: FileOwner?
    let session: BuildSession

    /// What has been unpacked is an overlay's writing.
    var rules: PackingRules.Content { lowers.isEmpty ? .files : .changes }

    /// - Parameter directory: Has to be there in the layer.
    func unpack(_ source: any ByteSource, into directory: [PathBytes]) throws {
        var rules = ExtractionRules()
        rules.readsWhiteouts = false
        rules.adjust = { entry in
            // What the archive says of its root isn't said of the directory that it goes to.
            if entry.name.bytes.split(separator: UInt8(ascii: "/")).allSatisfy({ $0.elementsEqual(".".utf8) }) { return false }
            if let owner { (entry.userID, entry.groupID) = (owner.userID, owner.groupID) }
            entry.modified = session.time(entry.modified)
            entry.accessed = nil
            return true
        }
        let path = PathBytes(directory.map(\.bytes).joined(separator: [UInt8(ascii: "/")])) ?? "."
        try withRoot { root in
            let target = try FileDescriptor.open(
                directory.isEmpty ? "." : path, in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
            _ = try LayerUnpacker.unpack(InterruptibleSource(source, session), into: target, rules: rules)
        }
    }

    /// The stage's files with this layer's on top, for as long as `body` runs.
    private func withRoot(_ body: (borrowing FileDescriptor) throws -> Void) throws {
        guard !lowers.isEmpty else { return try body(try draft.openFiles()) }
        let work = draft.path + "/work"
        try Directory.create(work)
        // A crash loses the draft in any case.
        let overlay = OverlayMount(lowers: lowers, upper: draft.path + "/fs", work: work, isVolatile: true)
        let mount = try overlay.mount(userNamespace: nil)
        try body(mount.root)
    }
}

/// A stream that ends with an error once the build is to stop.
private final class InterruptibleSource: ByteSource {
    private let source: any ByteSource
    private let session: BuildSession

    init(_ source: any ByteSource, _ session: BuildSession) { (self.source, self.session) = (source, session) }

    func read(into buffer: inout [UInt8]) throws -> Int {
        try session.requireNoInterruption()
        return try source.read(into: &buffer)
    }
}
