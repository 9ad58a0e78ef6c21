import Glibc
import Linux
import Metadata
import OCI

extension ImageStore {
    /// Gives directories that a layer only implies (`a/b` without an entry `a`) the owner, mode and time that the layers below
    /// give them. Others unpack a layer onto those below and find them there; overlay would show the topmost one's.
    ///
    /// A layer on two bases that disagree takes the one that was entered last.
    func adoptImplicitDirectories(of layers: [DiffID], _ details: [LayerDetails]) throws(StoreError) {
        for (index, layer) in layers.enumerated() where index > 0 && !details[index].implicitDirectories.isEmpty {
            try asStoreError { () throws(SystemCallError) in
                let tree = try open(StoreLayout.layer(layer) + "/fs")
                for bytes in details[index].implicitDirectories {
                    guard let path = PathBytes(bytes) else { continue }
                    try adopt(path, in: tree, from: layers[..<index])
                }
            }
        }
    }

    private func adopt(
        _ path: PathBytes, in tree: borrowing FileDescriptor, from layers: ArraySlice<DiffID>
    ) throws(SystemCallError) {
        guard let own = try Self.openDirectory(path, in: tree) else { return }
        for layer in layers.reversed() {
            let below = try open(StoreLayout.layer(layer) + "/fs")
            guard let directory = try Self.openDirectory(path, in: below) else { continue }
            let (wanted, found) = (try directory.status(), try own.status())
            let isSame =
                wanted.permissions == found.permissions && wanted.userID == found.userID
                && wanted.groupID == found.groupID
            guard !isSame else { return }
            // The owner first: chown(2) takes the set-id bits away.
            try own.changeOwner(userID: wanted.userID, groupID: wanted.groupID)
            try own.changeMode(wanted.permissions)
            try own.setTimes(accessed: nil, modified: wanted.modified)
            return
        }
    }

    /// Nil for what isn't there, or is no directory.
    private static func openDirectory(
        _ path: PathBytes, in root: borrowing FileDescriptor
    ) throws(SystemCallError) -> FileDescriptor? {
        do throws(SystemCallError) {
            return try FileDescriptor.open(path, in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            switch error.errno {
            case .noSuchFile, .notDirectory, .symlinkLoop: return nil
            default: throw error
            }
        }
    }
}
