import Glibc
import Linux

/// The places on which something was mounted in a step, and which the step's layers don't have: they were made for that, and are no
/// part of what the step has written.
///
/// - SeeAlso: BuildKit, solver/llbsolver/mounts and executor/stubs.go.
struct MountPoints {
    /// Places that the runtime makes in any case, where the layers hide those of Hako's own.
    private static let ofRuntime = ["/dev", "/proc", "/sys", "/etc/hosts", "/etc/resolv.conf"]

    private let targets: [String]
    private let layers: [String]

    /// - Parameters:
    ///   - targets: Absolute.
    ///   - layers: The step's, as directories, the topmost first.
    init(_ targets: [String], over layers: [String]) {
        self.targets = targets
        self.layers = layers
    }

    /// Takes them out of what a step has written, but for those that aren't empty any more; a parent that is there for them alone,
    /// too.
    func remove(from written: borrowing FileDescriptor) throws {
        guard try !written.names().isEmpty else { return }
        let made = targets + Self.ofRuntime.filter { Self.isThere($0, in: written) }
        guard !made.isEmpty else { return }
        let tree = try LayeredTree(layers)
        // The deepest first, as one may lie in another's parent.
        for target in made.sorted(by: { $0.utf8.count > $1.utf8.count }) {
            let place = try tree.resolve(target.utf8)
            guard case .missing(let existing) = place.node else { continue }
            try remove(place.names, existing: existing, from: written, over: tree)
        }
    }

    private static func isThere(_ path: String, in written: borrowing FileDescriptor) -> Bool {
        (try? FileDescriptor.open(
            String(path.dropFirst()), in: written, .beneathWithoutSymlinks, flags: FileDescriptor.pathOnly | O_NOFOLLOW)) != nil
    }

    private func remove(
        _ names: [PathBytes], existing: Int, from written: borrowing FileDescriptor, over tree: LayeredTree
    ) throws {
        for count in (0..<names.count).reversed() {
            guard let parent = try Self.open(names[..<count], in: written) else { continue }
            if count >= existing {
                guard try removeIfEmpty(names[count], in: parent) else { return }
            } else {
                // The parent was copied up for what was made in it.
                let path = Array(names[...count])
                guard try isCopy(path, in: written, of: tree) else { return }
                try parent.removeDirectory(names[count])
            }
        }
    }

    /// - Returns: False where it isn't empty.
    private func removeIfEmpty(_ name: PathBytes, in parent: borrowing FileDescriptor) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            let status = try parent.status(of: name)
            switch status.kind {
            case .directory: try parent.removeDirectory(name)
            case .regular where status.size == 0: try parent.unlink(name)
            default: return false
            }
            return true
        } catch {
            switch error.errno {
            case .noSuchFile: return true
            case .notEmpty, .exists: return false
            default: throw error
            }
        }
    }

    /// Whether an empty directory says nothing that the one below doesn't.
    private func isCopy(_ path: [PathBytes], in written: borrowing FileDescriptor, of tree: LayeredTree) throws -> Bool {
        guard let own = try Self.open(path[...], in: written), try own.names().isEmpty,
            try own.extendedAttribute("trusted.overlay.opaque") == nil,
            case .directory(let below) = try tree.resolve(Self.text(path)).node, let old = below.status
        else { return false }
        let new = try own.status()
        return new.permissions == old.permissions && new.userID == old.userID && new.groupID == old.groupID
    }

    private static func text(_ names: [PathBytes]) -> [UInt8] { names.flatMap { [UInt8(ascii: "/")] + $0.bytes } }

    /// Nil where there is no such directory.
    private static func open(
        _ names: ArraySlice<PathBytes>, in root: borrowing FileDescriptor
    ) throws(SystemCallError) -> FileDescriptor? {
        let path = PathBytes(names.isEmpty ? [UInt8(ascii: ".")] : Array(text(Array(names)).dropFirst())) ?? "."
        do throws(SystemCallError) {
            return try FileDescriptor.open(path, in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            guard error.errno == .noSuchFile || error.errno == .notDirectory || error.errno == .symlinkLoop else { throw error }
            return nil
        }
    }
}
