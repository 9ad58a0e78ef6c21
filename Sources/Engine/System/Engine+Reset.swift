import Linux
import Metadata
import ContainerNetwork

extension Engine {
    /// Removes everything of this store: containers, images, the bridge with its rules, the directories.
    ///
    /// The engine is of no more use then.
    public func reset() throws(EngineError) {
        for record in try containers() { try remove(record.id, force: true) }
        removeRetired()
        do throws(NetworkError) {
            try Bridge.remove(
                BridgeSettings(name: paths.bridgeName, table: paths.nftTable, lockPath: Self.networkLock))
        } catch { throw EngineError(error, cannot: "remove the bridge \(paths.bridgeName)") }
        closeImages()
        for directory in [paths.root, paths.runRoot] {
            do throws(SystemCallError) {
                if directory == paths.root { try waitForRemovers() }
                try Directory.removeTree(directory)
            } catch {
                throw EngineError(
                    .system, cannot: "remove \(directory)", because: "\(error)",
                    hint: "What is mounted below it must be unmounted first.", cause: error)
            }
        }
    }

    /// Monitors that still remove files of containers which nobody knows any more.
    private func waitForRemovers() throws(SystemCallError) {
        for name in try FileDescriptor.directory(paths.containers).names() {
            do throws(SystemCallError) { try FileDescriptor.directory("\(paths.containers)/\(name)").lockWhole() } catch {
                guard error.errno == .noSuchFile || error.errno == .notDirectory else { throw error }
            }
        }
    }
}
