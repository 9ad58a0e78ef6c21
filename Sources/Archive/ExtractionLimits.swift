/// What an archive may ask for before it is refused. All are on by default: a few kilobytes of tar can name ten million
/// files or a header of a gigabyte.
public struct ExtractionLimits: Sendable {
    /// Bytes of all file bodies together; holes of sparse files don't count.
    public var totalInBytes: Int64
    /// Headers of all kinds, pax and GNU long names among them.
    public var entries: Int
    /// What stands before one entry: pax records and GNU long names together, in bytes.
    public var headerInBytes: Int
    /// A name or link target, in bytes. The kernel takes 4,095.
    public var pathInBytes: Int
    /// Components of a name.
    public var depth: Int
    /// Names and values of one entry's extended attributes together, in bytes.
    public var attributesInBytes: Int
    /// Data fragments of one sparse file.
    public var sparseFragments: Int
    /// Parent directories that are made because the layer names what is in them but not themselves.
    public var implicitDirectories: Int

    public init(
        totalInBytes: Int64 = 128 << 30, entries: Int = 2_000_000, headerInBytes: Int = 1 << 20,
        pathInBytes: Int = 4095, depth: Int = 512, attributesInBytes: Int = 256 << 10, sparseFragments: Int = 1 << 18,
        implicitDirectories: Int = 100_000
    ) {
        self.totalInBytes = totalInBytes
        self.entries = entries
        self.headerInBytes = headerInBytes
        self.pathInBytes = pathInBytes
        self.depth = depth
        self.attributesInBytes = attributesInBytes
        self.sparseFragments = sparseFragments
        self.implicitDirectories = implicitDirectories
    }
}
