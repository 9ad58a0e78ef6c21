import Linux
import Metadata
import ContainerNetwork

extension Engine {
    /// Removes everything of this store: containers, images, the bridge with its rules, the directories.
    ///
    /// The engine is of no more use then.
    public func reset() throws(EngineError) {
        for record in try containers() { try remove(record.id, force: true) }
        do throws(NetworkError) {
            try Bridge.remove(
                BridgeSettings(name: paths.bridgeName, table: paths.nftTable, lockPath: Self.networkLock))
        } catch { throw EngineError(error, cannot: "remove the bridge \(paths.bridgeName)") }
        closeImages()
        for directory in [paths.root, paths.runRoot] {
            do throws(SystemCallError) {
                try Self.removeDirectory(directory)
            } catch {
                throw EngineError(
                    .system, cannot: "remove \(directory)", because: "\(error)",
                    hint: "What is mounted below it must be unmounted first.", cause: error)
            }
        }
    }

    private static func removeDirectory(_ path: String) throws(SystemCallError) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return }
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        try FileDescriptor.directory(parent).removeTree(String(path[path.utf8.index(after: slash)...]))
    }
}
