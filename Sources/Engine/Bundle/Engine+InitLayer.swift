import Glibc
import Linux

extension Engine {
    /// The lowest layer of every container, made if it isn't there: the places of what is mounted in each, for images that
    /// don't have them. Without it they would be made anew in every writable layer.
    func initLayer() throws(EngineError) -> String {
        let path = paths.initLayer
        guard access(path, F_OK) != 0 else { return path }
        let mine = "\(path).\(getpid())"
        do throws(SystemCallError) {
            try Directory.removeTree(mine)
            for name in SpecDefaults.initDirectories { try Directory.create("\(mine)/\(name)", mode: 0o755) }
            for name in SpecDefaults.initFiles {
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
