import Linux

/// Where a store lies, and the names on the host that belong to it alone.
///
/// Several stores can live on one host: each root but the default one has a bridge, an nft table, an id pool and a run
/// root of its own, derived from its path.
public struct StorePaths: Sendable {
    public static let defaultRoot = "/var/lib/hako"
    public static let defaultRunRoot = "/run/hako"

    /// Absolute, without a slash at the end.
    public let root: String
    public let runRoot: String
    /// 0 for the default root, else a number made of the path.
    private let mark: UInt32

    /// - Parameter runRoot: nil for the one that belongs to `root`.
    public init(root: String = defaultRoot, runRoot: String? = nil) {
        self.root = root
        mark = root == Self.defaultRoot ? 0 : Self.hash(root)
        self.runRoot = runRoot ?? (mark == 0 ? Self.defaultRunRoot : "\(Self.defaultRunRoot)-\(Self.hex(mark))")
    }

    /// A link name has at most 15 bytes (IFNAMSIZ, netdevice(7)).
    public var bridgeName: String { mark == 0 ? "hako0" : "hako\(Self.hex(mark))" }
    public var nftTable: String { mark == 0 ? "hako" : "hako-\(Self.hex(mark))" }

    public var containers: String { root + "/containers" }
    public var volumes: String { root + "/volumes" }
    /// Of a volume: what a container sees of it.
    public func volumeData(_ name: String) -> String { "\(volumes)/\(name)/_data" }
    /// What lies below every image.
    var initLayer: String { root + "/init-layer" }
    /// What lies below the layers of a build's step.
    var stepLayer: String { root + "/step-layer" }
    /// Lies below an image of one layer where it is mounted read-only.
    var emptyLayer: String { root + "/empty-layer" }
    /// What steps of builds keep from one build to the next.
    public var buildCache: String { root + "/build-cache" }
    public var bundles: String { runRoot + "/containers" }

    /// Of a container, relative to the root of each hierarchy.
    static func cgroup(_ id: String) -> String { "/hako/\(id)" }

    /// Host ids of containers: ranges of 65,536 from this one on.
    static let firstHostID: UInt32 = 0x10_0000
    static let idsPerContainer: UInt32 = 0x1_0000

    /// The ranges that this store may hand out, the smallest free one first. The default root has half of the ids below 2³¹;
    /// any other begins at one of 46 places, so that two stores on one host are unlikely to meet before one has 256 containers.
    public var idSlots: Range<Int64> {
        if mark == 0 { return 0..<16_368 }
        let start = 16_384 + Int64(mark % 46) * 256
        return start..<start + 4096
    }

    public static func hostID(ofSlot slot: Int64) -> UInt32 {
        firstHostID + UInt32(clamping: slot) * idsPerContainer
    }

    /// FNV-1a: the same path has the same names in every process, unlike Swift's seeded `Hasher`.
    private static func hash(_ text: String) -> UInt32 {
        let value = text.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return value == 0 ? 1 : value
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}
