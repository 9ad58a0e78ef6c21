import Glibc
import Linux

/// A directory of a layer that comes to be.
///
/// Threads may put files into it at the same time, but for two of one name.
struct StagedDirectory: Sendable {
    /// From the root.
    let names: [PathBytes]
    let directory: OpenDirectory
    /// What the stage has there.
    let below: MergedDirectory?

    /// As ``StagedLayer/putFile(_:_:fill:)``.
    func putFile(
        _ name: PathBytes, _ attributes: StagedLayer.Attributes, fill: (borrowing FileDescriptor) throws -> Void
    ) throws {
        try put(name) { parent in
            let file = try parent.openChild(name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            // The owner first: its change takes set-id bits and capabilities away.
            try file.changeOwner(userID: attributes.userID, groupID: attributes.groupID)
            try fill(file)
            try file.changeMode(attributes.mode)
            try file.setTimes(accessed: nil, modified: attributes.modified)
        }
    }

    /// - Parameter make: Makes the name where nothing has it; `EEXIST` where something does.
    func put(_ name: PathBytes, _ make: (borrowing FileDescriptor) throws -> Void) throws {
        if case .directory = try below?.child(name) { throw StagingError.isDirectory(text(of: name)) }
        do { return try make(directory.descriptor) } catch let error as SystemCallError where error.errno == .exists {}
        // What the layer itself holds is replaced; below it, it is only hidden.
        if try directory.statusIfThere(of: name)?.kind == .directory { throw StagingError.isDirectory(text(of: name)) }
        try directory.descriptor.unlink(name)
        try make(directory.descriptor)
    }

    private func text(of name: PathBytes) -> PathBytes { Self.text(names + [name]) }

    static func path(_ names: [PathBytes]) -> [UInt8] { names.flatMap { [UInt8(ascii: "/")] + $0.bytes } }

    static func text(_ names: [PathBytes]) -> PathBytes { PathBytes(names.isEmpty ? [UInt8(ascii: "/")] : path(names)) ?? "/" }
}
