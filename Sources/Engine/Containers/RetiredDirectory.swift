import Linux

/// A directory that belongs to nothing any more, and is to be removed when nobody waits for it.
final class RetiredDirectory {
    private let path: String
    private let directory: FileDescriptor

    /// - Parameter directory: Locked by who is at work, so that nobody takes it for left over.
    init(_ path: String, _ directory: consuming FileDescriptor) {
        self.path = path
        self.directory = directory
    }

    /// How long is waited for a monitor that still unmounts what lies in it; it goes in any case then.
    private static let patienceMilliseconds = 10_000

    /// Removes it, without leaving its file system: a mount in it stops it.
    func remove() throws(EngineError) {
        _ = try explaining("lock \(path)") { () throws(SystemCallError) in
            try directory.lockWhole(withinMilliseconds: Self.patienceMilliseconds)
        }
        try explaining("remove \(path)") { () throws(SystemCallError) in try Directory.removeTree(path) }
    }

    /// The same once nobody else is at work in it.
    func removeOnceFree() throws(EngineError) {
        try explaining("lock \(path)") { () throws(SystemCallError) in try directory.lockWhole() }
        try remove()
    }
}
