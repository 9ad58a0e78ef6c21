import BuildContext
import Linux

/// Copies regular files, a part of a directory at a time, on several processors: most of the time goes to the kernel, which
/// makes files in several directories at once.
///
/// Between two files of one name ``finish()`` is needed.
final class FileBatches {
    /// A file that is to be copied.
    struct File: Sendable {
        let source: SelectedFile
        let name: PathBytes
        let attributes: StagedLayer.Attributes
    }

    /// Files of one directory: no more than that and the one that they go to are open while they wait.
    fileprivate struct Batch: Sendable {
        let directory: StagedDirectory
        let keepsAttributes: Bool
        var files: [File] = []
    }

    /// So few of a large directory, that threads share its files.
    private static let size = 128

    private let keepsAttributes: Bool
    private var batch: Batch?
    /// Made for the second batch: a few files need no further thread.
    private var threads: ThreadPool?

    /// - Parameter keepsAttributes: Whether files keep their extended attributes, those of an image.
    init(keepsAttributes: Bool) { self.keepsAttributes = keepsAttributes }

    /// Has a file copied, now or later.
    ///
    /// - Throws: What went wrong with it, or with one before.
    func add(_ file: File, to directory: StagedDirectory) throws {
        if let full = batch, full.files.count == Self.size || full.directory.directory !== directory.directory {
            let threads = self.threads ?? ThreadPool()
            self.threads = threads
            try threads.add { try full.copy() }
            batch = nil
        }
        if batch == nil { batch = Batch(directory: directory, keepsAttributes: keepsAttributes) }
        batch?.files.append(file)
    }

    /// Copies what hasn't been yet, and waits for all of it.
    func finish() throws {
        let last = batch
        batch = nil
        try last?.copy()
        try threads?.finish()
    }
}

extension FileBatches.Batch {
    func copy() throws {
        for file in files {
            let source = try file.source.open()
            try directory.putFile(file.name, file.attributes) { copy in
                try source.copyContents(to: copy)
                try copyAttributes(of: source, to: copy)
            }
        }
    }

    /// Capabilities are what makes a program work; what else users and programs keep with a file is known to mean the same
    /// only inside of an image. Labels of the host's policy never do.
    private func copyAttributes(of file: borrowing FileDescriptor, to copy: borrowing FileDescriptor) throws(SystemCallError) {
        for name in try file.extendedAttributeNames() {
            let isCapability = name == "security.capability"
            let isUsers = name.bytes.starts(with: "user.".utf8) && !name.bytes.starts(with: "user.overlay.".utf8)
            guard isCapability || (keepsAttributes && (isUsers || name == "system.posix_acl_access")) else { continue }
            guard let value = try file.extendedAttribute(name) else { continue }
            try copy.setExtendedAttribute(name, to: value)
        }
    }
}
