import BuildContext
import Dockerfile
import Hashing
import Linux
import OCI

/// Something that is worked out when it is first asked for.
final class Deferred<Value> {
    private let make: () throws -> Value
    private var made: Value?

    init(_ make: @escaping () throws -> Value) { self.make = make }

    func value() throws -> Value {
        if let made { return made }
        let value = try make()
        made = value
        return value
    }
}

/// Where the files come from that a COPY, an ADD or a mount reads.
struct StepOrigin {
    enum Place {
        /// The build context or a named one.
        case context(ContextTree)
        /// A stage or an image: its layers, the lowest first.
        case layers([DiffID])
    }

    let place: Place
    let trees: LayerTrees
    /// What was read of a context before.
    let digests: FileDigestCache

    /// Whether owners and attributes are those of an image.
    var isImage: Bool { if case .layers = place { true } else { false } }

    func tree() throws -> ContextTree {
        switch place {
        case .context(let tree): tree
        case .layers(let layers): try trees.directory(layers)
        }
    }

    /// What the files are, found out by reading them.
    func digest(of selection: Selection) throws -> [UInt8] {
        try selection.digest(withOwners: isImage, cache: digests).bytes
    }

    /// What the files of a stage or an image are, by its layers: nothing is mounted or read. Nil for a context.
    func quickDigest(of sources: [String], excluding exclusions: [String] = []) -> [UInt8]? {
        guard case .layers(let layers) = place else { return nil }
        // Lengths before the parts, so that no two rows of them look the same.
        let parts = layers.map(\.description) + [""] + sources + [""] + exclusions
        return SHA256.digest(of: ("hako layers 1\n" + parts.map { "\($0.utf8.count):\($0)\n" }.joined()).utf8)
    }

    /// One by one.
    func list(of selection: Selection) throws -> FileList {
        try FileList(selection, withOwners: isImage, cache: digests)
    }
}
