import Glibc
import ImageStore
import Linux
import OCI

extension Engine {
    /// Copies what `path` leads to, a directory in the tree that layers make, into an empty one: with owners, modes and times.
    ///
    /// - Parameter layers: The lowest first.
    public func copy(_ layers: [DiffID], path: String, to directory: borrowing FileDescriptor) throws {
        var lowers = try onImages("find layers") { store throws(StoreError) in try store.lowerDirectories(of: layers) }
        if lowers.count == 1 {
            try Directory.create(paths.emptyLayer, mode: 0o755)
            lowers.append(paths.emptyLayer)
        }
        let tree = try ImageTree(lowers: lowers)
        guard let source = try tree.directory(path) else { throw EngineError(.notFound, "\"\(path)\": not found") }
        try source.copyTree(to: directory)
        try source.copyAttributes(to: directory)
    }
}
