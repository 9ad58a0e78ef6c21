import CLinux
import Glibc

extension FileDescriptor {
    /// What mknodat(2) makes.
    public enum Node: Hashable, Sendable {
        case fifo
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        /// Overlay's mark for a name that is deleted: the character device 0:0, which anyone may make (Linux 5.8).
        public static let whiteout = Node.characterDevice(major: 0, minor: 0)
    }

    /// Makes a device or FIFO in this directory. The umask is taken from `mode`.
    public borrowing func makeNode(_ node: Node, named name: some Path, mode: mode_t) throws(SystemCallError) {
        let number = self.number
        let (type, device): (mode_t, UInt64) =
            switch node {
            case .fifo: (S_IFIFO, 0)
            case .characterDevice(let major, let minor): (S_IFCHR, hako_makedev(major, minor))
            case .blockDevice(let major, let minor): (S_IFBLK, hako_makedev(major, minor))
            }
        _ = try retryingErrno("mknodat", on: name.description) {
            name.withCPath { mknodat(number, $0, type | mode, dev_t(device)) }
        }
    }

    /// Makes a symlink in this directory. symlinkat(2).
    public borrowing func makeSymlink(to target: some Path, named name: some Path) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("symlinkat", on: name.description) {
            target.withCPath { target in name.withCPath { symlinkat(target, number, $0) } }
        }
    }

    /// What a symlink in this directory says. readlinkat(2).
    public borrowing func symlinkTarget(of name: some Path) throws(SystemCallError) -> PathBytes {
        let number = self.number
        // The kernel makes no symlink of PATH_MAX bytes or more.
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try retryingErrno("readlinkat", on: name.description) {
            name.withCPath { readlinkat(number, $0, &target, target.count) }
        }
        guard let path = PathBytes(target[..<count].map { UInt8(bitPattern: $0) }) else {
            throw SystemCallError("readlinkat", on: name.description, .invalidArgument)
        }
        return path
    }

    /// Gives the file `existing` in one directory a second name in another; a symlink gets one itself. linkat(2).
    public static func link(
        _ existing: some Path, in from: borrowing FileDescriptor, as name: some Path, in to: borrowing FileDescriptor
    ) throws(SystemCallError) {
        let (source, destination) = (from.number, to.number)
        _ = try retryingErrno("linkat", on: "\(existing) as \(name)") {
            existing.withCPath { existing in name.withCPath { linkat(source, existing, destination, $0, 0) } }
        }
    }
}

extension FileStatus {
    /// Overlay's mark for a deleted name (overlayfs.rst, "whiteouts and opaque directories").
    public var isWhiteout: Bool { kind == .characterDevice && deviceNumber == 0 }
}
