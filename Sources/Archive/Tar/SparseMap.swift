/// A piece of a sparse file that has data; what lies between pieces is zeros.
struct SparseFragment: Hashable {
    var offset: Int64
    var length: Int64
    /// Never overflows: ``SparseMap`` takes only fragments that end at or before 2⁶³-1.
    var end: Int64 { offset + length }
}

/// Where a sparse file has data, in ascending order (GNU tar manual, "Storing Sparse Files").
struct SparseMap: Hashable {
    private(set) var fragments: [SparseFragment] = []
    private(set) var storedInBytes: Int64 = 0

    /// Fragments must be in order, must not overlap and end inside the file.
    mutating func append(
        offset: Int64, length: Int64, fileSize: Int64, limit: Int
    ) throws(ArchiveError.Reason) {
        guard offset >= 0, length >= 0, offset <= fileSize, length <= fileSize - offset,
            offset >= fragments.last?.end ?? 0
        else { throw .invalidField(.sparseMap) }
        guard fragments.count < limit else { throw .limit(.sparseFragments, Int64(limit)) }
        // Disjoint pieces of a file: their sum can't exceed its size.
        storedInBytes += length
        fragments.append(SparseFragment(offset: offset, length: length))
    }

    /// From pairs of numbers as pax records hold them.
    init(pairs: [Int64], fileSize: Int64, limit: Int) throws(ArchiveError.Reason) {
        guard pairs.count.isMultiple(of: 2) else { throw .invalidField(.sparseMap) }
        for index in stride(from: 0, to: pairs.count, by: 2) {
            try append(offset: pairs[index], length: pairs[index + 1], fileSize: fileSize, limit: limit)
        }
    }

    init() {}
}
