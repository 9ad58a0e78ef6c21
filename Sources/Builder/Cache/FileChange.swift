import Linux

/// What has become of a file since the last build.
public struct FileChange: Hashable, Sendable, CustomStringConvertible {
    public enum Aspect: Hashable, Sendable {
        case added
        case removed
        case content
        case mode(UInt32, UInt32)
        case owner(before: String, now: String)
    }

    /// Relative to the destination; a directory of which more isn't known has a slash at its end.
    public let path: PathBytes
    public let aspects: [Aspect]

    /// `src/main.c: content, mode 0644 → 0755`
    public var description: String {
        let texts = aspects.map { aspect in
            switch aspect {
            case .added: "added"
            case .removed: "removed"
            case .content: "content"
            case .mode(let before, let now): "mode \(Self.octal(before)) → \(Self.octal(now))"
            case .owner(let before, let now): "owner \(before) → \(now)"
            }
        }
        return "\(path): \(texts.joined(separator: ", "))"
    }

    private static func octal(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}

extension FileList {
    /// What has changed from another list to this one, in the order of paths.
    func changes(since old: FileList) -> [FileChange] {
        let now = old.depth.map { depth in self.depth.map { $0 <= depth } ?? false ? self : cut(to: depth) } ?? self
        // Of files with the same path the last one is what the step leaves.
        var before: [[UInt8]: Entry] = [:]
        for entry in old.entries { before[entry.path] = entry }
        var after: [[UInt8]: Entry] = [:]
        for entry in now.entries { after[entry.path] = entry }
        var changes: [FileChange] = []
        for (path, entry) in after {
            let aspects = before[path].map(entry.aspects) ?? [.added]
            if !aspects.isEmpty, let path = PathBytes(path) { changes.append(FileChange(path: path, aspects: aspects)) }
        }
        for path in before.keys where after[path] == nil {
            if let path = PathBytes(path) { changes.append(FileChange(path: path, aspects: [.removed])) }
        }
        return changes.sorted { $0.path.bytes.lexicographicallyPrecedes($1.path.bytes) }
    }
}

extension FileList.Entry {
    fileprivate func aspects(since before: Self) -> [FileChange.Aspect] {
        var aspects: [FileChange.Aspect] = []
        if digest != before.digest { aspects.append(.content) }
        if mode != before.mode { aspects.append(.mode(before.mode, mode)) }
        if (userID, groupID) != (before.userID, before.groupID) {
            aspects.append(.owner(before: "\(before.userID):\(before.groupID)", now: "\(userID):\(groupID)"))
        }
        return aspects
    }
}
