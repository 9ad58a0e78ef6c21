/// Whom a copied file belongs to: what `--chown` says.
public struct FileOwner: Hashable, Sendable {
    public let userID: UInt32
    public let groupID: UInt32

    public init(userID: UInt32, groupID: UInt32) {
        self.userID = userID
        self.groupID = groupID
    }

    /// Resolves `user`, `user:group` or `:group`, by name or id, by the texts of passwd(5) and group(5).
    ///
    /// A user's name alone brings the group that passwd gives it; an id alone is the group's, too. Digits are always an id.
    ///
    /// - Parameter contents: The text of `/etc/passwd` or `/etc/group`; nil where there is none. Asked only for names.
    /// - Throws: ``AccountError``: a name that isn't there is no root's.
    public init(
        resolving text: String, contents: (String) throws(SystemCallError) -> [UInt8]?
    ) throws(AccountError) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false).map { Array($0) }
        let user = parts.first ?? []
        guard !text.isEmpty, parts.count == 1 || !parts[1].isEmpty else { throw .invalid(text) }
        var owner: (user: UInt32, group: UInt32) = (0, 0)
        if !user.isEmpty { owner = try Self.user(user, contents) }
        if parts.count > 1 { owner.group = try Self.group(parts[1], contents) }
        self.init(userID: owner.user, groupID: owner.group)
    }

    private static func user(
        _ name: [UInt8], _ contents: (String) throws(SystemCallError) -> [UInt8]?
    ) throws(AccountError) -> (user: UInt32, group: UInt32) {
        if let id = AccountFile.id(name) { return (id, id) }
        var found: (user: UInt32, group: UInt32)?
        try lines("/etc/passwd", contents) { line in
            guard line.matches(0, name), let user = line.id(2), let group = line.id(3) else { return true }
            found = (user, group)
            return false
        }
        guard let found else { throw .noSuchUser(String(decoding: name, as: UTF8.self)) }
        return found
    }

    private static func group(
        _ name: [UInt8], _ contents: (String) throws(SystemCallError) -> [UInt8]?
    ) throws(AccountError) -> UInt32 {
        if let id = AccountFile.id(name) { return id }
        var found: UInt32?
        try lines("/etc/group", contents) { line in
            guard line.matches(0, name), let id = line.id(2) else { return true }
            found = id
            return false
        }
        guard let found else { throw .noSuchGroup(String(decoding: name, as: UTF8.self)) }
        return found
    }

    private static func lines(
        _ path: String, _ contents: (String) throws(SystemCallError) -> [UInt8]?, _ body: (AccountLine) -> Bool
    ) throws(AccountError) {
        do throws(SystemCallError) {
            if let bytes = try contents(path) { AccountFile.forEachLine(of: bytes, body) }
        } catch { throw .unreadable(error) }
    }
}
