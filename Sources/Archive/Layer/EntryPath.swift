import Linux

/// Where an entry goes: a name in a parent directory, below the root, without `.`, `..` and empty components.
struct EntryPath {
    /// From the root, without slashes at the ends; empty for the root itself.
    let parent: PathBytes
    /// One component; empty for the root.
    let name: PathBytes

    var isRoot: Bool { name.bytes.isEmpty }
    var whole: [UInt8] { parent.bytes.isEmpty ? name.bytes : parent.bytes + [UInt8(ascii: "/")] + name.bytes }

    /// Takes an absolute name as one below the root, and resolves `..` in the text, so that none ever reaches the kernel.
    ///
    /// - Throws: ``ArchiveError/Reason/refusedName(_:)`` if `..` leads above the root.
    init(_ path: PathBytes, limits: ExtractionLimits) throws(ArchiveError.Reason) {
        guard !path.bytes.isEmpty else { throw .refusedName(.empty) }
        var clean: [UInt8] = []
        clean.reserveCapacity(path.bytes.count)
        var depth = 0
        var rest = path.bytes[...]
        while !rest.isEmpty {
            let component = rest.prefix { $0 != UInt8(ascii: "/") }
            rest = rest.dropFirst(component.count + 1)
            if component.isEmpty || component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                guard depth > 0 else { throw .refusedName(.leavesRoot) }
                depth -= 1
                clean.removeSubrange((clean.lastIndex(of: UInt8(ascii: "/")) ?? 0)...)
                continue
            }
            depth += 1
            guard depth <= limits.depth else { throw .limit(.depth, Int64(limits.depth)) }
            if !clean.isEmpty { clean.append(UInt8(ascii: "/")) }
            clean.append(contentsOf: component)
        }
        let slash = clean.lastIndex(of: UInt8(ascii: "/"))
        guard let parent = PathBytes(slash.map { clean[..<$0] } ?? []),
            let name = PathBytes(slash.map { clean[($0 + 1)...] } ?? clean[...])
        else { throw .refusedName(.empty) }
        self.parent = parent
        self.name = name
    }
}
