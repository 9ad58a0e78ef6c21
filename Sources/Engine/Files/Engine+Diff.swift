import Archive
import Linux
import Metadata

extension Engine {
    /// In which files a container, running or not, differs from its image; sorted by their bytes.
    public func changes(of name: String) throws(EngineError) -> [FileChange] {
        let record = try container(name)
        guard let upper = upper(of: record) else { return [] }
        let owner = try fileOwner(record, storedSpec(of: record))
        let lowers = try lowersBelowWritten(of: record.image)
        return try explaining("compare container \(record.name) with its image") { () throws(SystemCallError) in
            let tree = try ImageTree(lowers: lowers)
            var comparison = LayerComparison(PackingRules(.changes, owner: owner))
            return try comparison.changes(in: FileDescriptor.directory(upper), over: tree.root())
        }
    }
}
