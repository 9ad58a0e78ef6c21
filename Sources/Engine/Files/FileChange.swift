import Archive
import Glibc
import Linux

/// One file in which a container differs from its image.
public struct FileChange: Hashable, Sendable {
    /// The raw value is Docker's letter.
    public enum Kind: String, Sendable { case added = "A", changed = "C", deleted = "D" }

    public let kind: Kind
    /// Absolute.
    public let path: PathBytes
}

/// Finds out what an overlay's `upper` changes of the tree below it, as Docker tells it: a file that overlay has copied up and that
/// is as it was is no change, and a directory in which something changed is one.
///
/// - SeeAlso: moby `pkg/archive/changes.go`, by which its overlay2 driver compares two mounted trees.
struct LayerComparison {
    /// How ids and capabilities of `upper` are to be read.
    let rules: PackingRules
    private var found: [PathBytes: FileChange.Kind] = [:]
    /// Directories of `upper`, and whether the tree below has a directory there, too.
    private var pending: [(path: PathBytes, isBelow: Bool)] = [(".", true)]

    init(_ rules: PackingRules) { self.rules = rules }

    /// - Parameter tree: The root of the layers below.
    mutating func changes(
        in upper: borrowing FileDescriptor, over tree: borrowing FileDescriptor
    ) throws(SystemCallError) -> [FileChange] {
        while let (path, isBelow) = pending.popLast() {
            guard let directory = try Self.open(path, in: upper, O_RDONLY | O_DIRECTORY) else { continue }
            let names = try directory.names()
            for name in names { try compare(name, at: path, in: directory, over: tree, isBelow) }
            if isBelow, try directory.extendedAttribute("trusted.overlay.opaque") == [UInt8(ascii: "y")] {
                try noteHidden(path, but: Set(names), tree)
            }
        }
        noteParents()
        return found.map { FileChange(kind: $0.value, path: $0.key) }
            .sorted { $0.path.bytes.lexicographicallyPrecedes($1.path.bytes) }
    }

    /// Everything below a directory that hides what was there.
    private mutating func noteHidden(
        _ path: PathBytes, but names: Set<PathBytes>, _ tree: borrowing FileDescriptor
    ) throws(SystemCallError) {
        guard let below = try Self.open(path, in: tree, O_RDONLY | O_DIRECTORY) else { return }
        for name in try below.names() where !names.contains(name) { note(.deleted, Self.join(path, name)) }
    }

    private mutating func compare(
        _ name: PathBytes, at parent: PathBytes, in directory: borrowing FileDescriptor, over tree: borrowing FileDescriptor,
        _ isBelow: Bool
    ) throws(SystemCallError) {
        let path = Self.join(parent, name)
        guard let new = try Self.open(name, in: directory, FileDescriptor.pathOnly | O_NOFOLLOW) else { return }
        let status = try new.status()
        let old = isBelow ? try Self.open(path, in: tree, FileDescriptor.pathOnly | O_NOFOLLOW) : nil
        var wasDirectory = false
        switch old {
        case .some(let old):
            wasDirectory = try old.status().kind == .directory
            if status.isWhiteout {
                note(.deleted, path)
            } else if try differs(new, status, from: old) {
                note(.changed, path)
            }
        case .none: if !status.isWhiteout { note(.added, path) }
        }
        if status.kind == .directory { pending.append((path, wasDirectory)) }
    }

    private func differs(
        _ new: borrowing FileDescriptor, _ status: FileStatus, from old: borrowing FileDescriptor
    ) throws(SystemCallError) -> Bool {
        let before = try old.status()
        let owner = rules.owner(of: status)
        guard status.kind == before.kind, status.permissions == before.permissions, owner.userID == before.userID,
            owner.groupID == before.groupID, status.deviceNumber == before.deviceNumber
        else { return true }
        guard status.kind != .directory else { return false }
        guard status.size == before.size, Self.isSame(status.modified, before.modified) else { return true }
        guard status.kind == .regular else { return false }
        return try capability(of: new) != capability(of: old)
    }

    /// A layer's time may have lost its fraction on the way.
    private static func isSame(_ one: FileTime, _ other: FileTime) -> Bool {
        one.seconds == other.seconds
            && (one.nanoseconds == other.nanoseconds || one.nanoseconds == 0 || other.nanoseconds == 0)
    }

    private func capability(of file: borrowing FileDescriptor) throws(SystemCallError) -> [UInt8]? {
        let opened = try FileDescriptor.open(file.procPath, flags: O_RDONLY | O_NONBLOCK)
        return try opened.extendedAttribute("security.capability").flatMap(rules.capability)
    }

    // MARK: Paths

    private mutating func note(_ kind: FileChange.Kind, _ path: PathBytes) {
        if let whole = PathBytes([UInt8(ascii: "/")] + path.bytes) { found[whole] = kind }
    }

    /// Directories in which something has changed, and that have not themselves.
    private mutating func noteParents() {
        for path in Array(found.keys) {
            var rest = path.bytes
            while let slash = rest.lastIndex(of: UInt8(ascii: "/")), slash > 0 {
                rest.removeSubrange(slash...)
                guard let parent = PathBytes(rest), found[parent] == nil else { break }
                found[parent] = .changed
            }
        }
    }

    private static func join(_ parent: PathBytes, _ name: PathBytes) -> PathBytes {
        parent == "." ? name : PathBytes(parent.bytes + [UInt8(ascii: "/")] + name.bytes) ?? name
    }

    /// Nil for what isn't there, or has gone meanwhile.
    private static func open(
        _ path: PathBytes, in root: borrowing FileDescriptor, _ flags: CInt
    ) throws(SystemCallError) -> FileDescriptor? {
        do throws(SystemCallError) {
            return try FileDescriptor.open(path, in: root, .beneathWithoutSymlinks, flags: flags)
        } catch {
            guard error.isOfChange else { throw error }
            return nil
        }
    }
}
