import Glibc
import Linux

// One function for each kind of entry. All work on an open file: what its name leads to by now is of no interest.
extension TreePacker {
    /// - Parameter device: The file system of the directory that it is in; nil where it is packed for itself.
    /// - Returns: The directory whose content comes next, if it is one.
    func pack(
        opened file: borrowing FileDescriptor, _ path: PathBytes, below device: UInt64?
    ) throws -> FileDescriptor? {
        guard let status = try onTree(path, { () throws(SystemCallError) in try file.status() }) else { return nil }
        guard path.bytes.count < ExtractionLimits().pathInBytes else { throw PackingError(.pathTooLong, path) }
        if rules.content == .changes {
            if status.isWhiteout { return try packWhiteout(path) }
            guard !path.lastComponent.starts(with: Self.whiteoutPrefix) else { throw PackingError(.whiteoutName, path) }
        }
        var entry = TarEntry(.regular, path, mode: status.permissions, modified: rules.modified(status.modified))
        (entry.userID, entry.groupID) = rules.owner(of: status)
        if status.kind == .directory { return try packDirectory(file, status, entry, below: device) }
        guard status.linkCount > 1 else {
            _ = try packFile(file, status, entry)
            return nil
        }
        let identity = FileIdentity(status)
        if let first = firstNames[identity] {
            entry.kind = .hardLink
            entry.linkTarget = first
            try append(entry)
        } else if try packFile(file, status, entry) {
            firstNames[identity] = path
        }
        return nil
    }

    /// Anything but a directory.
    ///
    /// - Returns: Whether there is an entry of it now.
    private func packFile(
        _ file: borrowing FileDescriptor, _ status: FileStatus, _ entry: TarEntry
    ) throws -> Bool {
        var entry = entry
        switch status.kind {
        case .regular: return try packRegular(file, entry)
        case .symlink:
            // Of the link that is open. readlinkat(2)
            let target = try onTree(entry.name) { () throws(SystemCallError) in try file.symlinkTarget(of: "") }
            guard let target else { return false }
            entry.kind = .symlink
            entry.linkTarget = target
        case .fifo: entry.kind = .fifo
        // 0:0 is overlay's whiteout: no archive may make one by anything but its name.
        case .characterDevice where status.deviceNumber != 0:
            entry.kind = .characterDevice(major: status.deviceMajor, minor: status.deviceMinor)
        case .blockDevice: entry.kind = .blockDevice(major: status.deviceMajor, minor: status.deviceMinor)
        case .socket, .unknown, .directory, .characterDevice:
            packed.leftOut += 1
            return false
        }
        try append(entry)
        return true
    }

    private func packRegular(_ file: borrowing FileDescriptor, _ entry: TarEntry) throws -> Bool {
        let path = entry.name
        // The very file that was looked at, whatever has its name by now: proc_pid_fd(5).
        let opened = try onTree(path) { () throws(SystemCallError) in
            try FileDescriptor.open(file.procPath, flags: O_RDONLY | O_NONBLOCK)
        }
        guard let opened else { return false }
        var entry = entry
        entry.attributes = try attributes(of: opened, path).packed
        guard let status = try onTree(path, { () throws(SystemCallError) in try opened.status() }) else { return false }
        entry.size = status.size
        let body = AnnouncedBody(opened, size: entry.size, path)
        try writer.append(entry, body: body)
        packed.entryCount += 1
        packed.bodyBytes += entry.size
        if body.isShort { packed.shortened += 1 }
        return true
    }

    private func packDirectory(
        _ file: borrowing FileDescriptor, _ status: FileStatus, _ entry: TarEntry, below device: UInt64?
    ) throws -> FileDescriptor? {
        let path = entry.name
        let opened = try onTree(path) { () throws(SystemCallError) in
            try file.openChild(".", flags: O_RDONLY | O_DIRECTORY)
        }
        guard let opened else { return nil }
        let attributes = try attributes(of: opened, path)
        var entry = entry
        entry.kind = .directory
        entry.attributes = attributes.packed
        guard let name = PathBytes(path.bytes + [UInt8(ascii: "/")]) else { return nil }
        entry.name = name
        try append(entry)
        if attributes.isOpaque, let mark = PathBytes(name.bytes + Array(".wh..wh..opq".utf8)) { try append(Self.mark(mark)) }
        guard try isEntered(opened, status, path, below: device) else { return nil }
        return opened
    }

    private func isEntered(
        _ directory: borrowing FileDescriptor, _ status: FileStatus, _ path: PathBytes, below device: UInt64?
    ) throws -> Bool {
        if status.device == device { return true }
        guard rules.crossesMounts || device == nil else { return false }
        let type = try onTree(path) { () throws(SystemCallError) in try directory.fileSystemType() }
        return type?.isKernelInterface == false
    }

    // MARK: Marks

    private static let whiteoutPrefix = Array(".wh.".utf8)

    /// Only the name says something: the time at which a file was removed would make two layers of the same changes differ.
    private static func mark(_ name: PathBytes) -> TarEntry { TarEntry(.regular, name, mode: 0) }

    private func packWhiteout(_ path: PathBytes) throws -> FileDescriptor? {
        let name = path.lastComponent
        if let mark = PathBytes(path.bytes.dropLast(name.count) + Self.whiteoutPrefix + name) { try append(Self.mark(mark)) }
        return nil
    }

    private func append(_ entry: TarEntry) throws {
        try writer.append(entry)
        packed.entryCount += 1
    }

    // MARK: Attributes

    /// Those that an archive may bring, sorted, and what overlay says by one.
    private func attributes(
        of file: borrowing FileDescriptor, _ path: PathBytes
    ) throws -> (packed: [ExtendedAttribute], isOpaque: Bool) {
        var (packed, isOpaque): ([ExtendedAttribute], Bool) = ([], false)
        for name in try attributeNames(of: file, path) {
            if rules.content == .changes, let mark = name.bytes[...].dropping("trusted.overlay.") {
                if mark.elementsEqual("redirect".utf8) || mark.elementsEqual("metacopy".utf8) {
                    throw PackingError(.overlayAttribute(name), path)
                }
                if mark.elementsEqual("opaque".utf8) { isOpaque = try value(of: name, file, path) == [UInt8(ascii: "y")] }
                continue
            }
            // Lists of rights name ids of the host's; and what a container says of overlay by `user.overlay.`, nobody heard.
            guard ExtendedAttribute(name, []).isAllowedInLayer, name != "system.posix_acl_access",
                let found = try value(of: name, file, path)
            else { continue }
            guard let value = name == "security.capability" ? rules.capability(found) : found else { continue }
            packed.append(ExtendedAttribute(name, value))
        }
        return (packed, isOpaque)
    }

    private func attributeNames(of file: borrowing FileDescriptor, _ path: PathBytes) throws(PackingError) -> [PathBytes] {
        do throws(SystemCallError) { return try file.extendedAttributeNames() } catch {
            // Some file systems have none.
            guard error.errno == .notSupported else { throw PackingError(.systemCall(error), path) }
            return []
        }
    }

    private func value(
        of name: PathBytes, _ file: borrowing FileDescriptor, _ path: PathBytes
    ) throws(PackingError) -> [UInt8]? {
        do throws(SystemCallError) { return try file.extendedAttribute(name) } catch {
            throw PackingError(.systemCall(error), path)
        }
    }
}

extension PathBytes {
    /// What stands behind the last slash.
    fileprivate var lastComponent: ArraySlice<UInt8> {
        bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
    }
}

/// A file's first bytes, as many as were announced; zeros for those that are not there any more.
private final class AnnouncedBody: ByteSource {
    private let file: FileDescriptor
    private let path: PathBytes
    private var left: Int64
    /// Whether the file has turned out to be shorter.
    private(set) var isShort = false

    init(_ file: consuming FileDescriptor, size: Int64, _ path: PathBytes) {
        self.file = file
        self.path = path
        left = size
    }

    func read(into buffer: inout [UInt8]) throws -> Int {
        let wanted = Int(min(left, Int64(buffer.count)))
        guard wanted > 0 else { return 0 }
        var count = 0
        do throws(SystemCallError) {
            if !isShort { count = min(try file.read(into: &buffer), wanted) }
        } catch { throw PackingError(.systemCall(error), path) }
        if count == 0 {
            isShort = true
            count = wanted
            buffer.replaceSubrange(..<count, with: repeatElement(0, count: count))
        }
        left -= Int64(count)
        return count
    }
}
