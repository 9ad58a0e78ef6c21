import Linux
import Metadata

extension Engine {
    /// What a killed process left of volumes; a line for each.
    ///
    /// - Parameter repair: Whether to remove, or bring to its end, what it began.
    func checkVolumes(repair: Bool) throws(EngineError) -> [String] {
        let directories = volumeDirectories
        var findings: [String] = []
        var retired: [RetiredDirectory] = []
        try directories.locked { directory throws(EngineError) in
            let known = try volumes().map(\.record.name)
            let names = try directories.names(in: directory)
            for name in Set(names).subtracting(known).sorted() where try isLeftover(name) {
                findings.append("\(paths.volumes)/\(name) belongs to no volume")
                if repair, let volume = try directories.retire(name, in: directory) { retired.append(volume) }
            }
            for name in Set(known).subtracting(names).sorted() {
                findings.append("the directory of volume \(name) is missing")
                // Empty, as what was in it is lost.
                let path = paths.volumeData(name)
                if repair { try explaining("make \(path)") { () throws(SystemCallError) in try makeData(path) } }
            }
        }
        for volume in retired { try volume.removeOnceFree() }
        return try findings + unsettledVolumes(repair: repair)
    }

    private func makeData(_ path: String) throws(SystemCallError) {
        try Directory.create(path)
        try FileDescriptor.directory(path).changeMode(0o755)
    }

    /// Whether nobody is making or removing it just now.
    private func isLeftover(_ name: String) throws(EngineError) -> Bool {
        do throws(SystemCallError) {
            return try FileDescriptor.directory("\(paths.volumes)/\(name)").tryLockWhole()
        } catch {
            // Who removed it was done; and what is no directory was not made here.
            if error.errno == .noSuchFile || error.errno == .notDirectory { return false }
            throw EngineError(.system, cannot: "look at \(paths.volumes)/\(name)", because: "\(error)", cause: error)
        }
    }

    private func unsettledVolumes(repair: Bool) throws(EngineError) -> [String] {
        var findings: [String] = []
        for (record, _) in try volumes() {
            let path = "\(paths.volumes)/\(record.name)"
            do throws(SystemCallError) {
                guard try VolumeContent.isUnsettled(path) == true else { continue }
                findings.append("volume \(record.name) was being filled when Hako was killed")
                if repair { _ = try VolumeContent(path) }
            } catch {
                // Removed meanwhile.
                guard error.errno == .noSuchFile else {
                    throw EngineError(.system, cannot: "look at \(path)", because: "\(error)", cause: error)
                }
            }
        }
        return findings
    }
}
