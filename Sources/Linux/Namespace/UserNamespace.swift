import CLinux
import Glibc

/// Which ids outside a user namespace its ids are. user_namespaces(7), "User and group ID mappings".
public struct IDMap: Hashable, Sendable {
    public struct Line: Hashable, Sendable {
        public var insideID: UInt32
        public var outsideID: UInt32
        public var size: UInt32

        public init(insideID: UInt32, outsideID: UInt32, size: UInt32) {
            self.insideID = insideID
            self.outsideID = outsideID
            self.size = size
        }
    }

    public var users: [Line]
    public var groups: [Line]

    public init(users: [Line], groups: [Line]) {
        self.users = users
        self.groups = groups
    }

    /// `size` users and groups, which are 0, 1, … inside and `outsideID`, … outside.
    public init(outsideID: UInt32, size: UInt32) {
        let line = Line(insideID: 0, outsideID: outsideID, size: size)
        self.init(users: [line], groups: [line])
    }

    /// The map of the user namespace that a process is in, with ids as this process sees them.
    public init(ofProcess pid: CInt) throws(SystemCallError) {
        users = try Self.lines(of: "/proc/\(pid)/uid_map")
        groups = try Self.lines(of: "/proc/\(pid)/gid_map")
    }

    private static func lines(of path: String) throws(SystemCallError) -> [Line] {
        try FileDescriptor.contents(of: path).split(separator: UInt8(ascii: "\n")).compactMap { line in
            let numbers = line.split(separator: UInt8(ascii: " ")).map { UInt32(String(decoding: $0, as: UTF8.self)) }
            guard numbers.count == 3, let inside = numbers[0], let outside = numbers[1], let size = numbers[2] else {
                return nil
            }
            return Line(insideID: inside, outsideID: outside, size: size)
        }
    }

    /// What an id is outside; nil if it has no place there.
    public static func outside(_ id: UInt32, _ lines: [Line]) -> UInt32? {
        translated(id, lines.lazy.map { (from: $0.insideID, to: $0.outsideID, size: $0.size) })
    }

    public func outsideUser(_ id: UInt32) -> UInt32? { Self.outside(id, users) }
    public func outsideGroup(_ id: UInt32) -> UInt32? { Self.outside(id, groups) }

    /// What an id outside is inside; nil if it has no place there.
    public static func inside(_ id: UInt32, _ lines: [Line]) -> UInt32? {
        translated(id, lines.lazy.map { (from: $0.outsideID, to: $0.insideID, size: $0.size) })
    }

    private static func translated(_ id: UInt32, _ ranges: some Sequence<(from: UInt32, to: UInt32, size: UInt32)>) -> UInt32? {
        for range in ranges where id >= range.from && id - range.from < range.size {
            let (sum, overflow) = range.to.addingReportingOverflow(id - range.from)
            return overflow ? nil : sum
        }
        return nil
    }

    public func insideUser(_ id: UInt32) -> UInt32? { Self.inside(id, users) }
    public func insideGroup(_ id: UInt32) -> UInt32? { Self.inside(id, groups) }

    static func text(_ lines: [Line]) -> String {
        lines.map { "\($0.insideID) \($0.outsideID) \($0.size)\n" }.joined()
    }
}

/// A user namespace, and a network namespace that it owns, which live as long as this value or a process in them.
///
/// They are held by descriptors: nothing is mounted for them, and a crash of this program frees them.
@frozen public struct UserNamespace: ~Copyable, Sendable {
    public let user: FileDescriptor
    /// Nil unless it was asked for.
    public let network: FileDescriptor?
    /// Who was in them while they were made, and now ends. Letting go of it waits for that.
    public let first: IdleProcess

    /// Makes them. About 0.1 ms, and 0.4 ms more for the network's.
    ///
    /// A throw-away process is cloned into them, its maps are written from outside (only so can ids that aren't this
    /// process's own be mapped), and it is let go again.
    /// - Throws: ``SystemCallError``: `clone3`; `write` of a map that the kernel refuses (EPERM, EINVAL for overlaps).
    public static func create(idMap: IDMap, alsoNetwork: Bool = false) throws(SystemCallError) -> UserNamespace {
        try take(of: IdleProcess(in: alsoNetwork ? [.user, .network] : .user), idMap, alsoNetwork)
    }

    private static func take(
        of child: consuming IdleProcess, _ idMap: IDMap, _ alsoNetwork: Bool
    ) throws(SystemCallError) -> UserNamespace {
        try child.map(idMap)
        let user = try child.namespace(.user)
        let network = alsoNetwork ? try child.namespace(.network) : nil
        child.dismiss()
        if ObjectLog.isOn { note(user, network, idMap) }
        return UserNamespace(user: user, network: network, first: child)
    }

    private static func note(_ user: borrowing FileDescriptor, _ network: borrowing FileDescriptor?, _ idMap: IDMap) {
        let ids = idMap.users.map { "\($0.outsideID)-\(UInt64($0.outsideID) + UInt64($0.size) - 1)" }.joined(separator: ",")
        ObjectLog.made("namespace \(user.location()), whose ids are the host's \(ids)")
        switch network {
        case .some(let network): ObjectLog.made("namespace \(network.location())")
        case .none: break
        }
    }

    private init(user: consuming FileDescriptor, network: consuming FileDescriptor?, first: consuming IdleProcess) {
        self.user = user
        self.network = network
        self.first = first
    }

    /// Namespaces that another processor makes while this one does something else: 1 ms of it for a network's.
    ///
    /// There is one at a time, for a program with one thread.
    @frozen public struct Draft: ~Copyable, Sendable {
        public let hasNetwork: Bool
        private var isFinished = false

        public init(alsoNetwork: Bool) throws(SystemCallError) {
            let kinds: NamespaceKinds = alsoNetwork ? [.user, .network] : .user
            _ = try retryingInterrupts("clone3", on: "new namespaces") { hako_begin_idle(kinds.rawValue) }
            hasNetwork = alsoNetwork
        }

        /// Waits for them, and gives them their ids.
        public consuming func finish(idMap: IDMap) throws(SystemCallError) -> UserNamespace {
            isFinished = true
            return try UserNamespace.take(of: IdleProcess(finishing: ()), idMap, hasNetwork)
        }

        deinit { if !isFinished { _ = try? IdleProcess(finishing: ()) } }
    }
}
