import Linux

/// What decides about the names of one directory of a walk: the ignore file, `--exclude`, and the pattern of `--parents`.
struct SelectionFilter {
    private let ignored: PatternList
    private let excluding: PatternList
    private let including: PatternList?
    private var levels: Levels

    private struct Levels {
        var ignored: PatternLevel
        var excluded: PatternLevel
        var included: PatternLevel
    }

    /// For the names directly in a source.
    init(_ source: Selection.Source, of selection: Selection, _ scratch: inout StateSet) {
        ignored = selection.tree.ignored
        excluding = selection.excluding
        including = source.including
        var level = ignored.topLevel
        for name in source.components { level = ignored.enter(name, at: level, &scratch).below }
        levels = Levels(
            ignored: level, excluded: excluding.topLevel, included: including?.topLevel ?? PatternLevel())
    }

    /// About a name that is no directory.
    func selects(_ name: PathBytes, _ scratch: inout StateSet) -> Bool {
        if ignored.matches(name, at: levels.ignored, &scratch) { return false }
        if excluding.matches(name, at: levels.excluded, &scratch) { return false }
        return including?.matches(name, at: levels.included, &scratch) ?? true
    }

    /// About a directory: whether it is selected itself, and the filter for what is in it; nil where nothing can be.
    func enter(_ name: PathBytes, _ scratch: inout StateSet) -> (isSelected: Bool, below: SelectionFilter?) {
        var below = self
        var isSelected = true
        let (isIgnored, ignoredBelow) = ignored.enter(name, at: levels.ignored, &scratch)
        if isIgnored {
            guard ignored.mayTakeBack(below: ignoredBelow) else { return (false, nil) }
            isSelected = false
        }
        let (isExcluded, excludedBelow) = excluding.enter(name, at: levels.excluded, &scratch)
        if isExcluded {
            guard excluding.mayTakeBack(below: excludedBelow) else { return (false, nil) }
            isSelected = false
        }
        below.levels.ignored = ignoredBelow
        below.levels.excluded = excludedBelow
        if let including {
            let (isIncluded, includedBelow) = including.enter(name, at: levels.included, &scratch)
            if !isIncluded {
                guard including.mayMatch(below: includedBelow) else { return (false, nil) }
                isSelected = false
            }
            below.levels.included = includedBelow
        }
        return (isSelected, below)
    }
}
