/// Why a user or group can't be resolved.
public enum AccountError: Error, Sendable, CustomStringConvertible {
    /// There is no such name in the file.
    case noSuchUser(String)
    case noSuchGroup(String)
    /// Not a name or an id: what was given.
    case invalid(String)
    /// The id is outside of those that the container has.
    case outOfRange(String)
    case tooManyGroups
    case unreadable(SystemCallError)

    public var description: String {
        switch self {
        case .noSuchUser(let name): "unable to find user \(name): no matching entries in passwd file"
        case .noSuchGroup(let name): "unable to find group \(name): no matching entries in group file"
        case .invalid(let text): "\"\(text)\" is no user: expected a name or id, or user:group"
        case .outOfRange(let text): "id \(text) is not one of the container's"
        case .tooManyGroups: "more than 65536 groups"
        case .unreadable(let error): "\(error)"
        }
    }
}

/// Who a process inside a container is: ids as the container sees them.
public struct ContainerUser: Hashable, Sendable {
    public var userID: UInt32 = 0
    public var groupID: UInt32 = 0
    /// For setgroups(2); the primary group is one of them, as a dropped one would lift a denial (CVE-2022-36109).
    public var groups: [UInt32] = []
    /// From passwd; `/` for an id without entry.
    public var home = "/"

    /// Resolves `user[:group]`, by name or id, against `/etc/passwd` and `/etc/group` below `root`.
    ///
    /// Digits are always an id, never a name. Without a group it is the entry's, and the groups that list the user are
    /// added; an id without entry has group 0.
    ///
    /// - Parameters:
    ///   - user: Empty is root.
    ///   - groupAdd: Further groups, by name or id.
    ///   - idCount: How many ids the container has; ids at or above it are an error.
    public init(
        resolving user: String, groupAdd: [String] = [], in root: borrowing FileDescriptor, idCount: UInt64 = 1 << 32
    ) throws(AccountError) {
        let parts = Array(user.utf8).split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        let userPart = parts.first.map { Array($0) } ?? []
        let groupPart = parts.count > 1 ? Array(parts[1]) : nil
        // `1:` and `:0` say half of something: of `$USER:$GROUP` with a variable that isn't set nobody becomes root.
        guard user.isEmpty || (!userPart.isEmpty && groupPart != []) else { throw .invalid(user) }
        do throws(SystemCallError) {
            try resolve(user: userPart.isEmpty ? [UInt8(ascii: "0")] : userPart, hasGroup: groupPart != nil, in: root)
        } catch { throw .unreadable(error) }
        guard isFound else { throw .noSuchUser(String(decoding: userPart, as: UTF8.self)) }
        if let groupPart { groupID = try Self.group(groupPart, in: root) }
        groups.insert(groupID, at: 0)
        for group in groupAdd { groups.append(try Self.group(Array(group.utf8), in: root)) }
        try normalizeGroups()
        for id in [userID] + groups where UInt64(id) >= idCount { throw .outOfRange(String(id)) }
    }

    private var isFound = false

    private mutating func resolve(
        user: [UInt8], hasGroup: Bool, in root: borrowing FileDescriptor
    ) throws(SystemCallError) {
        let id = AccountFile.id(user)
        // All digits but no id (2³² and more) must not be looked up as a name.
        if id == nil, user.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) { return }
        var name: [UInt8]?
        var found = ContainerUser()
        try AccountFile.forEachLine("etc/passwd", in: root) { line in
            guard let lineID = line.id(2), id.map({ $0 == lineID }) ?? line.matches(0, user) else { return true }
            name = Array(line.fields[0])
            found.userID = lineID
            found.groupID = line.id(3) ?? 0
            if line.fields.count > 5 { found.home = String(decoding: line.fields[5], as: UTF8.self) }
            found.isFound = true
            return false
        }
        if let id, !found.isFound {
            found.userID = id
            found.isFound = true
        }
        if found.home.isEmpty || !found.home.hasPrefix("/") { found.home = "/" }
        self = found
        if let name, !hasGroup { groups = try Self.groups(listing: name, in: root) }
    }

    private static func groups(
        listing name: [UInt8], in root: borrowing FileDescriptor
    ) throws(SystemCallError) -> [UInt32] {
        var groups: [UInt32] = []
        try AccountFile.forEachLine("etc/group", in: root) { line in
            guard line.fields.count > 3, let id = line.id(2) else { return true }
            let members = line.fields[3].split(separator: UInt8(ascii: ","))
            if members.contains(where: { $0.elementsEqual(name) }) { groups.append(id) }
            return groups.count <= 65536
        }
        return groups
    }

    private static func group(_ text: [UInt8], in root: borrowing FileDescriptor) throws(AccountError) -> UInt32 {
        if let id = AccountFile.id(text) { return id }
        let words = String(decoding: text, as: UTF8.self)
        guard !text.isEmpty, !text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw .invalid(words)
        }
        var found: UInt32?
        do throws(SystemCallError) {
            try AccountFile.forEachLine("etc/group", in: root) { line in
                if line.matches(0, text) { found = line.id(2) }
                return found == nil
            }
        } catch { throw .unreadable(error) }
        guard let found else { throw .noSuchGroup(words) }
        return found
    }

    /// Each group once, in the order of their first mention.
    private mutating func normalizeGroups() throws(AccountError) {
        guard groups.count > 1 else { return }
        var seen: Set<UInt32> = []
        groups = groups.filter { seen.insert($0).inserted }
        // NGROUPS_MAX, Linux 2.6.4.
        guard groups.count <= 65536 else { throw .tooManyGroups }
    }

    private init() {}
}
