import Linux

/// A directory that belongs to nothing any more, and is to be removed when nobody waits for it.
final class RetiredDirectory {
    private let path: String
    private let directory: FileDescriptor
    /// What lies in it, where somebody may still be at work in that.
    private let content: FileDescriptor?

    /// - Parameters:
    ///   - directory: Locked by who is at work, so that nobody takes it for left over.
    ///   - content: What lies in it and has a lock of its own, which is waited for: a monitor still unmounts there.
    init(_ path: String, _ directory: consuming FileDescriptor, waitingFor content: consuming FileDescriptor? = nil) {
        self.path = path
        self.directory = directory
        self.content = content
    }

    /// It goes in any case then: a monitor may also wait for who stays with its container, and has unmounted long before.
    private static let patienceMilliseconds = 10_000

    /// Removes it, without leaving its file system: a mount in it stops it.
    func remove() throws(EngineError) {
        switch content {
        case .some(let content):
            _ = try explaining("lock \(path)") { () throws(SystemCallError) in
                try content.lockWhole(withinMilliseconds: Self.patienceMilliseconds)
            }
        case .none: break
        }
        try explaining("remove \(path)") { () throws(SystemCallError) in try Directory.removeTree(path) }
    }

    /// The same once nobody else is at work in it.
    func removeOnceFree() throws(EngineError) {
        try explaining("lock \(path)") { () throws(SystemCallError) in try directory.lockWhole() }
        try remove()
    }
}
