import Glibc
import Linux

/// What unpacking a layer came to.
public struct UnpackedLayer: Hashable, Sendable {
    /// Headers read, whiteouts and extended headers among them.
    public var entryCount = 0
    /// Bytes of file bodies, without holes.
    public var bodyBytes: Int64 = 0
    /// Directories that were made, 0755 and root's, because the layer names what is in them but not themselves. On top of
    /// a layer that has them, such a directory hides that one's owner and mode, or a symlink of that name: whoever stacks
    /// the layers has to take those from below. Sorted.
    public var implicitDirectories: [PathBytes] = []
    /// Extended attributes that were not applied: those that a layer may not bring (`trusted.*`, `security.*` but
    /// capabilities, overlay's own, default ACLs), those on symlinks and special files, and those that the file system
    /// can't hold.
    public var skippedAttributes = 0
}

/// Unpacks the tar stream of one layer into a directory of its own, with overlay's marks for whiteouts: the directory can
/// be a lower directory as it is.
///
/// Nothing is created, changed or removed outside of the root, whatever names and links the stream holds and whoever
/// changes the tree meanwhile: every parent is opened beneath the root by openat2(2), symlinks being resolved with the
/// root as their `/`, and all else happens through that descriptor on a single name that is not followed.
public final class LayerUnpacker {
    let root: FileDescriptor
    let reader: TarReader
    let limits: ExtractionLimits
    private let rules: ExtractionRules
    let defaults: CreationDefaults
    var parent: OpenParent
    /// Some directory hands its group down, so new files have another group than this process.
    var inheritsGroup: Bool
    var implicitDirectories: Set<PathBytes> = []
    var skippedAttributes = 0

    private init(
        _ source: any ByteSource, into root: borrowing FileDescriptor, _ rules: ExtractionRules,
        limits: ExtractionLimits
    ) throws {
        let status = try root.status()
        self.root = try root.duplicate()
        self.limits = limits
        self.rules = rules
        reader = TarReader(source, limits: limits)
        defaults = try CreationDefaults(for: root)
        parent = OpenParent(path: "", directory: try root.duplicate(), modified: status.modified)
        inheritsGroup = status.permissions & 0o2000 != 0
    }

    /// Unpacks a layer, reading the stream to its very end, also what follows the archive's end marker.
    ///
    /// On an error the directory holds part of the layer; whoever made it removes it. Nothing is synced to the disk.
    ///
    /// - Parameters:
    ///   - source: The plain tar stream; a decoder and a ``HashingSource`` may stand before it.
    ///   - root: An empty directory, opened for reading (not O_PATH). Its owner, mode and times become the layer's if the
    ///     layer has an entry `./`.
    ///   - rules: For what is no layer: then the directory may hold what it wants.
    /// - Throws: ``ArchiveError`` for what is wrong with the layer and for what the kernel refuses; errors of `source` as
    ///   they are.
    public static func unpack(
        _ source: any ByteSource, into root: borrowing FileDescriptor, rules: ExtractionRules = ExtractionRules(),
        limits: ExtractionLimits = ExtractionLimits()
    ) throws -> UnpackedLayer {
        let unpacker = try LayerUnpacker(source, into: root, rules, limits: limits)
        try unpacker.run()
        return UnpackedLayer(
            entryCount: unpacker.reader.entryCount, bodyBytes: unpacker.reader.bodyBytes,
            implicitDirectories: unpacker.implicitDirectories.sorted {
                $0.bytes.lexicographicallyPrecedes($1.bytes)
            },
            skippedAttributes: unpacker.skippedAttributes)
    }

    private func run() throws {
        while let entry = try reader.next() {
            do {
                try unpack(entry)
            } catch let error as SystemCallError {
                throw ArchiveError(.systemCall(error), entry: entry.name, offset: entry.offset)
            } catch let reason as ArchiveError.Reason {
                throw ArchiveError(reason, entry: entry.name, offset: entry.offset)
            }
        }
        do throws(SystemCallError) {
            try leaveParent()
        } catch { throw ArchiveError(.systemCall(error), offset: reader.offset) }
        try reader.finish()
    }

    private func unpack(_ entry: TarEntry) throws {
        var entry = entry
        if let adjust = rules.adjust, !adjust(&entry) { return }
        let path = try EntryPath(entry.name, limits: limits)
        guard !path.isRoot else { return try unpackRoot(entry) }
        guard rules.readsWhiteouts else {
            try enterParent(of: path)
            return try unpack(entry, at: path)
        }
        let whiteout = try Whiteout(path)
        guard whiteout != .aufsMetadata else { return }
        try enterParent(of: path)
        switch whiteout {
        case .name(let hidden): try makeWhiteout(hidden)
        case .opaque: try parent.directory.markOpaque()
        case .none, .aufsMetadata: try unpack(entry, at: path)
        }
    }

    private func unpack(_ entry: TarEntry, at path: EntryPath) throws {
        if !rules.replacesOtherKinds { try requireSameKind(entry, path.name) }
        switch entry.kind {
        case .regular: try unpackFile(entry, path.name)
        case .directory: try unpackDirectory(entry, path)
        case .symlink: try unpackSymlink(entry, path.name)
        case .hardLink: try unpackHardLink(entry, path)
        case .fifo: try unpackNode(entry, .fifo, path.name)
        case .characterDevice(let major, let minor):
            // 0:0 is overlay's whiteout: only the name `.wh.` may say that something is hidden.
            guard major != 0 || minor != 0 else { throw ArchiveError.Reason.refusedWhiteout }
            try unpackNode(entry, .characterDevice(major: major, minor: minor), path.name)
        case .blockDevice(let major, let minor):
            try unpackNode(entry, .blockDevice(major: major, minor: minor), path.name)
        }
    }

    /// Whether what is there may be replaced: a directory by a directory, anything else by anything else.
    private func requireSameKind(_ entry: TarEntry, _ name: PathBytes) throws {
        let isDirectory: Bool
        do throws(SystemCallError) { isDirectory = try parent.directory.status(of: name).kind == .directory } catch {
            guard error.errno == .noSuchFile else { throw error }
            return
        }
        guard isDirectory == (entry.kind == .directory) else {
            throw ArchiveError.Reason.otherKind(existingIsDirectory: isDirectory)
        }
    }

    /// Hides a name of the layers below. What this very layer has of that name stays: a whiteout speaks only of the layers
    /// below (layer.md, "Whiteouts"); a directory of this layer then starts empty.
    private func makeWhiteout(_ name: PathBytes) throws {
        parent.isTouched = true
        do throws(SystemCallError) {
            try parent.directory.makeNode(.whiteout, named: name, mode: 0)
        } catch {
            guard error.errno == .exists else { throw error }
            guard try parent.directory.status(of: name).kind == .directory else { return }
            try parent.directory.openChild(name, flags: O_RDONLY | O_DIRECTORY).markOpaque()
        }
    }
}

extension FileDescriptor {
    /// Makes this directory hide what the layers below have in it (overlayfs.rst, "whiteouts and opaque directories").
    func markOpaque() throws(SystemCallError) {
        try setExtendedAttribute("trusted.overlay.opaque", to: "y".utf8)
    }
}

/// What the kernel gives a new file before anything is set: where that is right already, a system call is saved.
struct CreationDefaults {
    let userID = geteuid()
    let groupID = getegid()
    /// Mode bits that a new file doesn't get.
    let umask: UInt32

    init(for root: borrowing FileDescriptor) throws(SystemCallError) {
        // With a default ACL the mode of a new file can't be foreseen. umask(2) can only be asked by setting it, which other
        // threads would feel; proc tells it since Linux 4.7.
        let hasDefaultACL = try root.extendedAttribute("system.posix_acl_default") != nil
        umask = hasDefaultACL ? 0o777 : Self.processUmask() ?? 0o777
    }

    private static func processUmask() -> UInt32? {
        // Without it every mode is set explicitly, which costs time and nothing else.
        guard let status = try? FileDescriptor.contents(of: "/proc/self/status") else { return nil }
        for line in status.split(separator: UInt8(ascii: "\n")) {
            guard let value = line.dropping("Umask:\t") else { continue }
            return tarNumber(value).map { UInt32(truncatingIfNeeded: $0) }
        }
        return nil
    }
}
