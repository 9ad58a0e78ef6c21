/// Why a step was cached or not: what `--explain` shows.
public enum BuildExplanation: Hashable, Sendable {
    /// It was done before.
    case cached
    /// A cache of that name has it, which `--cache-from` names.
    case imported(String)
    case made([Reason])

    public enum Reason: Hashable, Sendable {
        /// `--no-cache`.
        case noCache
        /// `--no-cache-filter` names the stage.
        case noCacheFilter(stage: String)
        /// No build is known that did it at this place.
        case unknown
        /// It was done before, but its layer is no longer in the store.
        case lost
        /// Nothing is different from the last time, and yet it is gone.
        case forgotten
        /// What the stage is based on has other layers.
        case base(String)
        /// A step of the stage before it was made anew, and came to another layer.
        case earlierStep(String)
        /// A variable is other, new or gone.
        case variable(name: String, isArgument: Bool, before: String?, now: String?)
        /// Something else of the instruction or of the command line: `command`, `user`.
        case changed(String, before: String?, now: String?)
        /// Files that it reads; `place` is empty, or the mount that they are in. None where all that has changed is their order.
        case files(place: String, [FileChange])
        /// Files that it reads, of which nothing was kept.
        case otherFiles(place: String)
    }

    /// A line for each reason and each file, without the step.
    public var lines: [String] {
        switch self {
        case .cached: ["cached: it was done before with all that it depends on"]
        case .imported(let name): ["cached: it was done elsewhere with all that it depends on, says the cache \(name)"]
        case .made(let reasons): reasons.flatMap(\.lines)
        }
    }
}

extension BuildExplanation.Reason {
    /// Of so many files each is named.
    private static let shownFiles = 20

    fileprivate var lines: [String] {
        switch self {
        case .noCache: ["--no-cache makes every step anew"]
        case .noCacheFilter(let stage): ["--no-cache-filter makes every step of stage \(stage) anew"]
        case .unknown: ["nothing is known of an earlier build of this step"]
        case .lost: ["it was done before, but its layer is no longer in the store"]
        case .forgotten: ["nothing has changed, but it isn't in the cache any more"]
        case .base(let name): ["the layers of \(name) have changed"]
        case .earlierStep(let title): ["a step before it was made anew: \(title)"]
        case .variable(let name, let isArgument, let before, let now):
            ["\(isArgument ? "ARG" : "ENV") \(name) \(Self.change(before, now))"]
        case .changed(let what, let before, let now): ["\(what) \(Self.change(before, now))"]
        case .files(let place, let changes): Self.lines(changes, place)
        case .otherFiles(let place): ["other files\(Self.text(place))"]
        }
    }

    private static func lines(_ changes: [FileChange], _ place: String) -> [String] {
        if changes.isEmpty { return ["the order of its sources\(text(place))"] }
        let shown = changes.prefix(shownFiles).map { "\($0)\(text(place))" }
        return changes.count > shownFiles ? shown + ["\(changes.count - shownFiles) more files\(text(place))"] : shown
    }

    private static func text(_ place: String) -> String { place.isEmpty ? "" : " (mount \(place))" }

    private static func change(_ before: String?, _ now: String?) -> String {
        switch (before, now) {
        case (let before?, let now?): "was \"\(cut(before))\", is \"\(cut(now))\""
        case (nil, let now?): "is new: \"\(cut(now))\""
        case (let before?, nil): "is gone: it was \"\(cut(before))\""
        case (nil, nil): "has changed"
        }
    }

    private static func cut(_ text: String) -> String {
        let line = text.replacing("\n", with: "⏎")
        return line.count > 120 ? line.prefix(119) + "…" : line
    }
}
