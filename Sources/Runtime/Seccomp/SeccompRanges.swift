/// All call numbers of an architecture as ranges, in ascending order; neighbours with the same verdict are one.
struct SeccompRanges {
    /// From `start` up to the next range's.
    struct Element: Hashable {
        var start: UInt32
        /// An index of ``verdicts``.
        var verdict: Int
    }

    private(set) var elements: [Element] = []
    private(set) var verdicts: [SeccompPolicy.Verdict]
    /// Where the verdicts without branches are: an action or two.
    private var plain: [(action: UInt32, index: Int)] = []
    /// The first number that has no verdict yet. Bounds have more than 32 bits, so that the last number can lie below
    /// one.
    private var next: UInt64 = 0

    init(defaultAction: UInt32) { verdicts = [.init(branches: [], action: defaultAction)] }

    /// Gives a verdict to numbers above all before them; those in between have the default one.
    mutating func append(_ numbers: Range<UInt64>, _ verdict: SeccompPolicy.Verdict) {
        if numbers.lowerBound > next { start(next, 0) }
        start(numbers.lowerBound, index(of: verdict))
        next = numbers.upperBound
    }

    /// The same for a verdict that asks for no arguments.
    mutating func append(_ numbers: Range<UInt64>, action: UInt32) {
        if numbers.lowerBound > next { start(next, 0) }
        start(numbers.lowerBound, index(of: action))
        next = numbers.upperBound
    }

    /// Gives the default verdict to numbers that have none up to `last`, and `action` to those from there to `end`.
    mutating func append(beyond last: UInt64, upTo end: UInt64, action: UInt32) {
        if last >= next { append(next..<last + 1, verdicts[0]) }
        if next < end { append(next..<end, action: action) }
    }

    private mutating func start(_ number: UInt64, _ verdict: Int) {
        if elements.last?.verdict == verdict { return }
        elements.append(.init(start: UInt32(truncatingIfNeeded: number), verdict: verdict))
    }

    private mutating func index(of action: UInt32) -> Int {
        if let known = plain.first(where: { $0.action == action }) { return known.index }
        let index = index(of: SeccompPolicy.Verdict(branches: [], action: action))
        plain.append((action, index))
        return index
    }

    private mutating func index(of verdict: SeccompPolicy.Verdict) -> Int {
        // There are few verdicts: an action or two, and those of calls whose arguments are tested.
        if let index = verdicts.firstIndex(where: { $0 == verdict }) { return index }
        verdicts.append(verdict)
        return verdicts.count - 1
    }
}
