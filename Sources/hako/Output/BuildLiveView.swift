import Builder
import Linux

/// A build on a terminal: each step with its time, those in work with their last lines of output, drawn over in place.
///
/// A picture is one write, and what it changes of the terminal it changes back: whenever the build ends, by whatever signal, the
/// terminal is as it was. Lines don't wrap while it is drawn, so that a width that the terminal judges otherwise can't
/// put the next picture beside this one.
final class BuildLiveView: BuildView {
    private static let pauseNanoseconds: UInt64 = 100_000_000

    private let isColored: Bool
    private let clock: () -> UInt64
    private let size: () -> WindowSize
    private let write: (String) -> Void
    private let start: UInt64
    private var states: [Int: BuildLiveStep] = [:]
    private var order: [Int] = []
    private var lastDrawn: UInt64?
    /// How wide the lines are that stand there.
    private var drawn: [Int] = []

    init(isColored: Bool, clock: @escaping () -> UInt64, size: @escaping () -> WindowSize, write: @escaping (String) -> Void) {
        self.isColored = isColored
        self.clock = clock
        self.size = size
        self.write = write
        start = clock()
    }

    let refreshMilliseconds: CInt? = 100

    func show(_ event: BuildEvent) {
        switch event {
        case .started(let step):
            if states.updateValue(BuildLiveStep(step, at: clock()), forKey: step.number) == nil { order.append(step.number) }
        case .output(let step, let isError, let bytes): states[step.number]?.add(bytes, isError: isError)
        case .note(let step, let note): states[step.number]?.notes.add(Terminal.escaped(note))
        case .explained(let step, let explanation):
            for line in explanation.shownLines { states[step.number]?.notes.add(line) }
        case .finished(let step, let outcome): states[step.number]?.end(outcome, at: clock())
        case .findings: return
        }
        if clock() - (lastDrawn ?? 0) >= Self.pauseNanoseconds { refresh() }
    }

    func refresh() { draw(isLast: false) }
    func finish() { draw(isLast: true) }

    private func draw(isLast: Bool) {
        let size = size()
        let now = clock()
        // The last column stays free: what clears the rest of a line would clear a sign there.
        let frame = BuildLiveFrame(
            steps: order.compactMap { states[$0] }, now: now, elapsed: now - start, columns: max(Int(size.columns) - 1, 1),
            isColored: isColored, isLast: isLast)
        // The last line stays free for the cursor.
        let lines = frame.lines(rows: isLast ? Int.max : max(Int(size.rows) - 1, 2))
        write(picture(lines.map(\.text), columns: max(Int(size.columns), 1)))
        drawn = lines.map(\.width)
        lastDrawn = now
    }

    private func picture(_ lines: [String], columns: Int) -> String {
        // A window that has become narrower has broken the lines that were there.
        let up = drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
        var text = "\u{1B}[?25l\u{1B}[?7l"
        if up > 0 { text += "\u{1B}[\(up)A" }
        text += "\r"
        for line in lines { text += line + "\u{1B}[K\n" }
        return text + "\u{1B}[J\u{1B}[?7h\u{1B}[?25h"
    }
}

/// A step as the live view has it.
struct BuildLiveStep {
    let step: BuildStep
    let start: UInt64
    private(set) var end: UInt64?
    private(set) var outcome: BuildOutcome?
    var notes = RecentLines(limit: 5)
    private(set) var tail = RecentLines(limit: BuildLiveFrame.tailLimit)
    private var output = BuildOutputLines()
    private var errors = BuildOutputLines()

    init(_ step: BuildStep, at now: UInt64) {
        self.step = step
        start = now
    }

    mutating func add(_ bytes: [UInt8], isError: Bool) {
        for line in isError ? errors.add(bytes) : output.add(bytes) { tail.add(line) }
    }

    mutating func end(_ outcome: BuildOutcome, at now: UInt64) {
        self.outcome = outcome
        end = now
    }
}
