import Linux

/// What a list of patterns has seen on the way to a directory, so that a name in it costs as much as its own length.
///
/// Patterns that nothing below the directory can match are gone from it.
struct PatternLevel: Sendable {
    struct Member: Sendable {
        let index: Int
        /// The directory itself, or one above, has matched: so does everything below.
        var holds = false
        /// Where the pattern's automaton stands behind the directory's path and a slash.
        var states: [UInt64]
    }

    var members: [Member] = []
}

extension PatternList {
    /// For the names in the directory that the list is for.
    var topLevel: PatternLevel {
        PatternLevel(
            members: patterns.indices.map { PatternLevel.Member(index: $0, states: patterns[$0].automaton.start) })
    }

    /// Whether the list holds for a name.
    func matches(_ name: PathBytes, at level: PatternLevel, _ scratch: inout StateSet) -> Bool {
        var isMatched = false
        for member in level.members {
            let isException = patterns[member.index].isException
            if !member.holds {
                // A pattern that would change nothing isn't asked, which matters for what is below (see the type).
                guard isException == isMatched, matches(name, member, &scratch) else { continue }
            }
            isMatched = !isException
        }
        return isMatched
    }

    private func matches(_ name: PathBytes, _ member: PatternLevel.Member, _ scratch: inout StateSet) -> Bool {
        if let byte = patterns[member.index].lastByte, name.bytes.last != byte { return false }
        scratch.load(member.states)
        patterns[member.index].automaton.feed(name.bytes, to: &scratch)
        return patterns[member.index].automaton.accepts(scratch)
    }

    /// Whether the list holds for a directory, and the level of the names in it.
    func enter(
        _ name: PathBytes, at level: PatternLevel, _ scratch: inout StateSet
    ) -> (isMatched: Bool, below: PatternLevel) {
        var isMatched = false
        var below = PatternLevel()
        for var member in level.members {
            let isException = patterns[member.index].isException
            if !member.holds {
                scratch.load(member.states)
                patterns[member.index].automaton.feed(name.bytes, to: &scratch)
                member.holds = isException == isMatched && patterns[member.index].automaton.accepts(scratch)
            }
            if member.holds {
                isMatched = !isException
                member.states = []
            } else {
                patterns[member.index].automaton.feed(PathCharacters.slash, to: &scratch)
                if scratch.isEmpty { continue }
                member.states = scratch.words
            }
            below.members.append(member)
        }
        return (isMatched, below)
    }

    /// Whether something below a directory for which the list holds may be taken back.
    func mayTakeBack(below level: PatternLevel) -> Bool {
        // What stands before the last pattern that matched the directory decides nothing any more.
        for member in level.members.reversed() {
            if patterns[member.index].isException { return true }
            if member.holds { return false }
        }
        return false
    }

    /// Whether something below a directory for which the list doesn't hold may match.
    func mayMatch(below level: PatternLevel) -> Bool {
        level.members.contains { !patterns[$0.index].isException }
    }
}
