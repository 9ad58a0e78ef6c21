import Glibc
import Linux
import OCI

/// What one layer is to an image: regular files, by their sizes in bytes.
public struct LayerUse: Hashable, Sendable {
    public let diffID: DiffID
    /// Of all its files.
    public var size: Int64 = 0
    /// Of those where the layers below have none.
    public var added: Int64 = 0
    /// Of files of layers below, in whose places are files of its own.
    public var overwritten: Int64 = 0
    /// Of files of layers below that it deletes.
    public var deleted: Int64 = 0
    /// Of its files that layers above overwrite or delete: they take room, and nobody sees them.
    public var wasted: Int64 = 0
}

extension ImageStore {
    /// What each layer of an image adds, overwrites, deletes and wastes; the bottom one first. Reads all directories.
    public func layerUse(of image: ImageID) throws(StoreError) -> [LayerUse] {
        let layers = try configuration(of: image).diffIDs
        return try asStoreError { () throws(SystemCallError) in
            var comparison = LayerComparison(layers)
            for (index, layer) in layers.enumerated() {
                try comparison.lay(index, try open(StoreLayout.layer(layer) + "/fs"))
            }
            return comparison.uses
        }
    }
}

/// Lays layers over one another, as overlay does: a directory is seen with what those below have in it, unless it is
/// opaque; a whiteout, which is a character device 0:0, hides what is below (overlayfs.rst).
private struct LayerComparison {
    private final class Node {
        var children: [PathBytes: Node] = [:]
        let isDirectory: Bool
        /// What it was laid by, and how many bytes it has.
        let layer: Int
        let size: Int64

        init(isDirectory: Bool, layer: Int, size: Int64) {
            (self.isDirectory, self.layer, self.size) = (isDirectory, layer, size)
        }
    }

    private(set) var uses: [LayerUse]
    private let root = Node(isDirectory: true, layer: 0, size: 0)
    /// Files with several names, of the layer that is laid: their bytes are there once.
    private var seen: Set<UInt64> = []

    init(_ layers: [DiffID]) { uses = layers.map { LayerUse(diffID: $0) } }

    mutating func lay(_ layer: Int, _ directory: borrowing FileDescriptor) throws(SystemCallError) {
        seen = []
        try lay(layer, directory, onto: root)
    }

    /// As deep as a layer may be (`ExtractionLimits`).
    private mutating func lay(
        _ layer: Int, _ directory: borrowing FileDescriptor, onto node: Node
    ) throws(SystemCallError) {
        if try directory.extendedAttribute("trusted.overlay.opaque") != nil {
            for child in node.children.values { hide(child, by: layer, \.deleted) }
            node.children = [:]
        }
        for name in try directory.names() {
            let status = try directory.status(of: name)
            let below = node.children[name]
            switch status.kind {
            case .characterDevice where status.deviceNumber == 0:
                node.children[name] = nil
                if let below { hide(below, by: layer, \.deleted) }
            case .directory:
                if let below, !below.isDirectory { hide(below, by: layer, \.overwritten) }
                let known = below.flatMap { $0.isDirectory ? $0 : nil }
                let child = known ?? Node(isDirectory: true, layer: layer, size: 0)
                node.children[name] = child
                try lay(layer, try directory.openChild(name, flags: O_RDONLY | O_DIRECTORY), onto: child)
            default:
                let isCounted = status.kind == .regular && (status.linkCount == 1 || seen.insert(status.inode).inserted)
                let size = isCounted ? status.size : 0
                uses[layer].size += size
                if let below { hide(below, by: layer, \.overwritten) } else { uses[layer].added += size }
                node.children[name] = Node(isDirectory: false, layer: layer, size: size)
            }
        }
    }

    /// Notes what is seen no more, and what a layer does with it.
    private mutating func hide(_ node: Node, by layer: Int, _ kind: WritableKeyPath<LayerUse, Int64>) {
        uses[node.layer].wasted += node.size
        uses[layer][keyPath: kind] += node.size
        for child in node.children.values { hide(child, by: layer, kind) }
    }
}
