import Glibc
import Linux
import Metadata
import OCI

/// The images of one root directory: their blobs as an OCI layout, their layers unpacked, their names.
///
/// Any number of processes, and any number of threads of each, use a store at once. What is in its place is whole and
/// verified; what is being written is elsewhere until it is.
public final class ImageStore: Sendable {
    /// Absolute, without a slash at the end.
    public let root: String
    /// The store's database, for what else is kept in it.
    public let database: Database
    let directory: FileDescriptor
    let bootID: String

    /// Opens the store at `root`, and makes it if there is none: mode 0700 whatever the umask.
    ///
    /// After an unclean boot what may have been damaged is verified or dropped first.
    public init(root: String) throws(StoreError) {
        self.root = root
        let isNew = try asStoreError { () throws(SystemCallError) in try Self.createDirectories(root) }
        directory = try asStoreError { () throws(SystemCallError) in try FileDescriptor.directory(root) }
        bootID = try asStoreError { () throws(SystemCallError) in try BootID.current() }
        database = try asStoreError { () throws(MetadataError) in
            try Database(path: "\(root)/\(StoreLayout.database)")
        }
        if isNew {
            try writeIndex()
            try asStoreError { () throws(SystemCallError) in
                try FileDescriptor.replaceContents(of: "\(root)/\(StoreLayout.marker)", with: OCILayout.marker.bytes())
            }
        } else {
            try recoverFromUncleanBoot()
        }
    }

    /// Returns false if the store was complete: its marker is written last.
    private static func createDirectories(_ root: String) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            _ = try FileDescriptor.status(of: "\(root)/\(StoreLayout.marker)")
            return false
        } catch {
            guard error.errno == .noSuchFile || error.errno == .notDirectory else { throw error }
        }
        try Directory.createForStrangers(root)
        // One that was there already may be open to others: layers hold set-id programs (CVE-2021-41091).
        try FileDescriptor.directory(root).changeMode(0o700)
        try Directory.createForStrangers("\(root)/\(StoreLayout.layerIngest)")
        for name in StoreLayout.directories { try Directory.create("\(root)/\(name)") }
        return true
    }

    /// Absolute path of something in the store.
    func path(_ relative: String) -> String { "\(root)/\(relative)" }
}
