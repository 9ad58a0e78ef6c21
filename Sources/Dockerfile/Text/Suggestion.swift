/// What somebody probably meant to type, as BuildKit proposes it.
enum Suggestion {
    /// The first of the nearest among `candidates` that fewer than three changes of a letter turn into `word`; nil where
    /// there is none, or where `word` is one of them: then the mistake lies elsewhere.
    ///
    /// At most 1,000 candidates of up to 100 bytes are looked at: a stranger's file makes the candidates, too.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(word.utf8)
        guard !wanted.isEmpty, wanted.count <= 100 else { return nil }
        var best: (candidate: String, changes: Int)?
        for candidate in candidates.prefix(1_000) {
            let other = Array(candidate.utf8)
            if other == wanted { return nil }
            guard other.count <= 100, abs(other.count - wanted.count) < 3 else { continue }
            let limit = best?.changes ?? 3
            let changes = changes(from: wanted, to: other, atMost: limit)
            if changes < limit { best = (candidate, changes) }
        }
        return best?.candidate
    }

    /// The same for names in upper case, whose case doesn't count: the answer has the case of `word`.
    static func nearestIgnoringCase(to word: String, among candidates: [String]) -> String? {
        guard let found = nearest(to: word.uppercased(), among: candidates) else { return nil }
        return word.isLowercase ? found.lowercased() : found
    }

    /// ` (did you mean X?)`, or nothing.
    static func text(_ suggestion: String?) -> String { suggestion.map { " (did you mean \($0)?)" } ?? "" }

    /// The distance of Levenshtein, or `limit` where it is that or more.
    private static func changes(from one: [UInt8], to other: [UInt8], atMost limit: Int) -> Int {
        var last = Array(0...other.count)
        var current = last
        for row in one.indices {
            current[0] = row + 1
            var least = row + 1
            for column in other.indices {
                let replaced = last[column] + (one[row] == other[column] ? 0 : 1)
                let changes = min(replaced, last[column + 1] + 1, current[column] + 1)
                current[column + 1] = changes
                least = min(least, changes)
            }
            // No later row has less than the least of this one.
            if least >= limit { return limit }
            swap(&last, &current)
        }
        return min(last[other.count], limit)
    }
}
