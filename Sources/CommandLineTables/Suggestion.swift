/// Finds what somebody probably meant to type.
public enum Suggestion {
    /// The candidate that a few slips of the fingers turn into `word`, else the first that begins with it; nil where there
    /// is none.
    ///
    /// One slip is a missing, added or other letter, or two letters swapped; a word of up to three letters may hold
    /// one, a longer one two. The first of equally near candidates is taken. A beginning has three letters at least.
    public static func nearest(to word: String, among candidates: [String]) -> String? {
        let length = word.utf8.count
        guard length > 1, length <= 64 else { return nil }
        var best: (candidate: String, slips: Int)?
        for candidate in candidates {
            let slips = slips(from: Array(word.utf8), to: Array(candidate.utf8))
            if slips <= (length <= 3 ? 1 : 2), slips < best?.slips ?? Int.max { best = (candidate, slips) }
        }
        guard best == nil, length >= 3 else { return best?.candidate }
        return candidates.first { $0.utf8.starts(with: word.utf8) }
    }

    /// The distance of Damerau and Levenshtein, in its restricted form (no letter is moved twice).
    static func slips(from one: [UInt8], to other: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...other.count)
        for row in one.indices {
            var current = [row + 1]
            for column in other.indices {
                let isSame = one[row] == other[column]
                var least = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            (beforeLast, last) = (last, current)
        }
        return last.last ?? 0
    }
}
