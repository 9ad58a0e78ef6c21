import Archive
import Glibc
import Linux

/// What a container's overlay has written, made a layer as the store has them: with the ids that its files have inside, and nothing
/// that means something only where it was written.
///
/// Nobody else is at work in it any more. Times of content stay; set-id bits and capabilities too, which go with a change of the
/// owner and are set again.
struct WrittenFiles {
    private let rules: PackingRules
    /// Files with several names that are done.
    private var done: Set<UInt64> = []
    private var pending: [PathBytes] = ["."]

    init(owner: PackingRules.Owner) { rules = PackingRules(.changes, owner: owner) }

    consuming func settle(_ root: borrowing FileDescriptor) throws(SystemCallError) {
        var work = self
        try work.run(root)
    }

    private mutating func run(_ root: borrowing FileDescriptor) throws(SystemCallError) {
        while let path = pending.popLast() {
            let directory = try FileDescriptor.open(path, in: root, .beneathOneMount, flags: O_RDONLY | O_DIRECTORY)
            try settle(directory, directory.status())
            for name in try directory.names() {
                let status = try directory.status(of: name)
                switch status.kind {
                case .directory: if let child = PathBytes(path.bytes + [UInt8(ascii: "/")] + name.bytes) { pending.append(child) }
                // No archive holds one.
                case .socket: try directory.unlink(name)
                default: try settle(name, in: directory, status)
                }
            }
        }
    }

    private mutating func settle(
        _ name: PathBytes, in directory: borrowing FileDescriptor, _ status: FileStatus
    ) throws(SystemCallError) {
        guard status.linkCount == 1 || done.insert(status.inode).inserted else { return }
        if status.kind == .regular {
            try settle(directory.openChild(name, flags: O_RDONLY | O_NONBLOCK), status)
        } else {
            // Overlay makes its marks as whoever has mounted it.
            let owner = status.isWhiteout ? (userID: 0, groupID: 0) : rules.owner(of: status)
            try directory.changeOwner(of: name, userID: owner.userID, groupID: owner.groupID)
        }
    }

    private func settle(_ file: borrowing FileDescriptor, _ status: FileStatus) throws(SystemCallError) {
        let names = try file.extendedAttributeNames()
        let hasCapability = names.contains("security.capability")
        let capability = hasCapability ? try file.extendedAttribute("security.capability").flatMap(rules.capability) : nil
        let owner = rules.owner(of: status)
        try file.changeOwner(userID: owner.userID, groupID: owner.groupID)
        if status.permissions & 0o6000 != 0 { try file.changeMode(status.permissions) }
        if let capability { try file.setExtendedAttribute("security.capability", to: capability) }
        for name in names where Self.isOfOverlay(name) || name.bytes.starts(with: "system.posix_acl_".utf8) {
            try file.removeExtendedAttribute(name)
        }
    }

    /// But what says that a directory hides the one below.
    private static func isOfOverlay(_ name: PathBytes) -> Bool {
        let bytes = name.bytes
        return (bytes.starts(with: "trusted.overlay.".utf8) && name != "trusted.overlay.opaque")
            || bytes.starts(with: "user.overlay.".utf8)
    }
}
