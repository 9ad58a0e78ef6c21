import Glibc
import Linux
import MonitorProtocol

/// The files of one log: `path`, and the older ones `path.1`, `path.2`, …, or, compressed, `path.1.gz`, ….
struct LogFiles {
    let path: String
    let format: LogDestination.LogFile.Format

    /// So often it is looked again for a monitor to be done with changing names, a millisecond apart. One that was killed in
    /// between never is.
    private static let patience = 200

    /// Opens all of them, the oldest first, so that none is missing and none is there twice.
    ///
    /// The monitor changes names only while it alone has the lock on the current file, or where it has waited for that for
    /// long (`RotatingLog` of Monitor). Then the next current file, `path.new`, tells: it is there before the first name
    /// changes, and takes the current file's name last.
    func open() throws(SystemCallError) -> [LogFile] {
        var looks = 0
        while true {
            guard let current = try openIfThere(path) else {
                let older = try older()
                guard areNamesSettled(&looks) else { continue }
                return older.reversed()
            }
            try current.lockWholeShared()
            let older = try older()
            // Between opening it and having the lock, or since then, another one may have taken its place.
            guard areNamesSettled(&looks), try isCurrent(try current.status().inode) else { continue }
            try current.unlockWhole()
            return older.reversed() + [try LogFile(current, format)]
        }
    }

    private func areNamesSettled(_ looks: inout Int) -> Bool {
        guard looks < Self.patience, access(path + ".new", F_OK) == 0 else { return true }
        looks += 1
        usleep(1000)
        return false
    }

    private func older() throws(SystemCallError) -> [LogFile] {
        var files: [LogFile] = []
        while let file = try openOlder(files.count + 1) { files.append(file) }
        return files
    }

    private func openOlder(_ number: Int) throws(SystemCallError) -> LogFile? {
        if let file = try openIfThere("\(path).\(number)") { return try LogFile(file, format) }
        if let file = try openIfThere("\(path).\(number).gz") { return try LogFile(file, format, isCompressed: true) }
        return nil
    }

    private func openIfThere(_ path: String) throws(SystemCallError) -> FileDescriptor? {
        do throws(SystemCallError) { return try FileDescriptor.open(path) } catch {
            guard error.errno == .noSuchFile else { throw error }
            return nil
        }
    }

    /// Whether the file of that number is the one that is written to. True where there is none: it is gone with its container.
    func isCurrent(_ inode: UInt64) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) { return try FileDescriptor.status(of: path).inode == inode } catch {
            guard error.errno == .noSuchFile else { throw error }
            return true
        }
    }
}
