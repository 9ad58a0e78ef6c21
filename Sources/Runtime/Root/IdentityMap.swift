import Linux
import OCI

extension IDMap {
    init(uid: [RuntimeSpec.IDMapping], gid: [RuntimeSpec.IDMapping]) {
        func line(_ mapping: RuntimeSpec.IDMapping) -> Line {
            Line(insideID: mapping.containerID, outsideID: mapping.hostID, size: mapping.size)
        }
        self.init(users: uid.map(line), groups: gid.map(line))
    }
}

/// What a container's ids are on the host.
struct IdentityMap: Hashable, Sendable {
    /// Nil without a user namespace: ids are the same inside and outside.
    let map: IDMap?
    /// The container's root.
    let root: (user: UInt32, group: UInt32)

    /// - Throws: ``RuntimeError`` if the container's root has no place on the host: nothing could be given to it.
    init(_ map: IDMap?) throws(RuntimeError) {
        self.map = map
        guard let map else {
            root = (0, 0)
            return
        }
        guard let user = map.outsideUser(0), let group = map.outsideGroup(0) else {
            throw RuntimeError(
                .invalid, cannot: "use the bundle's id mappings", because: "they don't map user and group 0")
        }
        root = (user, group)
    }

    var isMapped: Bool { map != nil }

    func outsideUser(_ id: UInt32) -> UInt32? { map.map { $0.outsideUser(id) } ?? id }
    func outsideGroup(_ id: UInt32) -> UInt32? { map.map { $0.outsideGroup(id) } ?? id }

    /// An id in a mount option.
    func outside(_ text: String, isUser: Bool) throws(SystemCallError) -> String {
        guard let id = UInt32(text), let outside = isUser ? outsideUser(id) : outsideGroup(id) else {
            throw SystemCallError("fsconfig", on: "id \(PrintableText(text))", .invalidArgument)
        }
        return String(outside)
    }

    static func == (one: IdentityMap, other: IdentityMap) -> Bool { one.map == other.map }
    func hash(into hasher: inout Hasher) { hasher.combine(map) }
}
