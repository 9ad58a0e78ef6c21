import Glibc
import Linux

extension Engine {
    /// The lowest layer of every container, made if it isn't there: the places of what is mounted in each, for images that
    /// don't have them. Without it they would be made anew in every writable layer.
    func initLayer() throws(EngineError) -> String {
        try placesLayer(paths.initLayer, SpecDefaults.initDirectories, SpecDefaults.initFiles)
    }

    /// The same of every build's step, which sees what its image has and nothing of Hako's but what is mounted.
    func stepLayer() throws(EngineError) -> String {
        try placesLayer(paths.stepLayer, SpecDefaults.initDirectories, SpecDefaults.stepFiles)
    }

    private func placesLayer(_ path: String, _ directories: [String], _ files: [String]) throws(EngineError) -> String {
        guard access(path, F_OK) != 0 else { return path }
        let mine = "\(path).\(getpid())"
        do throws(SystemCallError) {
            try Directory.removeTree(mine)
            for name in directories { try Directory.create("\(mine)/\(name)", mode: 0o755) }
            for name in files {
                try FileDescriptor.open("\(mine)/\(name)", flags: O_WRONLY | O_CREAT, mode: 0o644).changeMode(0o644)
            }
            do throws(SystemCallError) { try FileDescriptor.rename(mine, to: path) } catch {
                // Another process was faster.
                guard error.errno == .notEmpty || error.errno == .exists else { throw error }
                try Directory.removeTree(mine)
            }
        } catch { throw EngineError(.system, cannot: "make \(path)", because: "\(error)", cause: error) }
        return path
    }
}
