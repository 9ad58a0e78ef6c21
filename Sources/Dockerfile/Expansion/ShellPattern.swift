/// A pattern of `${x#p}`, `${x%p}` and `${x/p/r}`: `*`, `?`, and `\` before a character that is meant as it is. There are no
/// brackets.
struct ShellPattern {
    private enum Element {
        case scalar(Unicode.Scalar)
        /// Any one character.
        case any
    }

    /// What stands between the stars; always one more than there are stars.
    private var segments: [[Element]] = [[]]

    init(_ text: String) throws(ExpansionRun.Failure) {
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            switch scalar {
            case "*": segments.append([])
            case "?": segments[segments.count - 1].append(.any)
            case "\\":
                let escaped = scalars.next()
                guard let escaped, "*?\\}/".unicodeScalars.contains(escaped) else {
                    let shown = escaped.map { String(Character($0)) } ?? ""
                    throw ExpansionRun.Failure(
                        message: "invalid pattern (\(text)) in substitution: invalid escape '\\\(shown)'")
                }
                segments[segments.count - 1].append(.scalar(escaped))
            default: segments[segments.count - 1].append(.scalar(scalar))
            }
        }
    }

    private var isEmpty: Bool { segments.count == 1 && segments[0].isEmpty }

    func withoutPrefix(
        _ text: [Unicode.Scalar], longest: Bool, steps: inout Int
    ) throws(ExpansionRun.Failure) -> ArraySlice<Unicode.Scalar> {
        guard let end = try end(in: text, from: 0, longest: longest, steps: &steps) else { return text[...] }
        return text[end...]
    }

    /// The pattern read backwards is matched with the text read backwards.
    func withoutSuffix(
        _ text: [Unicode.Scalar], longest: Bool, steps: inout Int
    ) throws(ExpansionRun.Failure) -> ArraySlice<Unicode.Scalar> {
        var mirrored = self
        mirrored.segments = segments.reversed().map { $0.reversed() }
        let mirroredText = Array(text.reversed())
        guard let end = try mirrored.end(in: mirroredText, from: 0, longest: longest, steps: &steps) else {
            return text[...]
        }
        return text[..<(text.count - end)]
    }

    /// Where it matches, from the left, as long as possible each; an empty pattern nowhere.
    func matches(
        in text: [Unicode.Scalar], everywhere: Bool, steps: inout Int
    ) throws(ExpansionRun.Failure) -> [Range<Int>] {
        guard !isEmpty else { return [] }
        var found: [Range<Int>] = []
        var start = 0
        while start < text.count {
            // The first place of the first segment is the best: what can't follow there can't follow later.
            guard let begin = try occurrence(of: segments[0], in: text, from: start, steps: &steps),
                let end = try end(in: text, from: begin.lowerBound, longest: true, steps: &steps),
                end > begin.lowerBound
            else { break }
            found.append(begin.lowerBound..<end)
            guard everywhere else { break }
            start = end
        }
        return found
    }

    /// Where a match that begins at `start` ends; nil where none does.
    private func end(
        in text: [Unicode.Scalar], from start: Int, longest: Bool, steps: inout Int
    ) throws(ExpansionRun.Failure) -> Int? {
        guard var position = try end(of: segments[0], in: text, at: start, steps: &steps) else { return nil }
        guard segments.count > 1 else { return position }
        for segment in segments[1..<(segments.count - 1)] {
            guard let range = try occurrence(of: segment, in: text, from: position, steps: &steps) else { return nil }
            position = range.upperBound
        }
        let last = segments[segments.count - 1]
        if longest {
            return try lastOccurrence(of: last, in: text, from: position, steps: &steps)?.upperBound
        }
        return try occurrence(of: last, in: text, from: position, steps: &steps)?.upperBound
    }

    private func occurrence(
        of segment: [Element], in text: [Unicode.Scalar], from start: Int, steps: inout Int
    ) throws(ExpansionRun.Failure) -> Range<Int>? {
        var begin = start
        while begin <= text.count {
            if let end = try end(of: segment, in: text, at: begin, steps: &steps) { return begin..<end }
            begin += 1
        }
        return nil
    }

    private func lastOccurrence(
        of segment: [Element], in text: [Unicode.Scalar], from start: Int, steps: inout Int
    ) throws(ExpansionRun.Failure) -> Range<Int>? {
        var begin = text.count
        while begin >= start {
            if let end = try end(of: segment, in: text, at: begin, steps: &steps) { return begin..<end }
            begin -= 1
        }
        return nil
    }

    /// Where `segment` ends when it begins at `start`; nil where it doesn't.
    private func end(
        of segment: [Element], in text: [Unicode.Scalar], at start: Int, steps: inout Int
    ) throws(ExpansionRun.Failure) -> Int? {
        var position = start
        for element in segment {
            steps -= 1
            guard steps > 0 else { throw ExpansionRun.Failure(message: "the pattern takes too long") }
            guard position < text.count else { return nil }
            if case .scalar(let scalar) = element, text[position] != scalar { return nil }
            position += 1
        }
        return position
    }
}
