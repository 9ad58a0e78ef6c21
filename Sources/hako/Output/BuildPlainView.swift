import Builder

/// A build as lines, for pipes and logs: `#5 [build 2/5] RUN make`, `#5 0.123 text`, `#5 DONE 1.2s`.
///
/// The lines of one step stand together: those of others wait until it is done, or has had its turn.
///
/// - SeeAlso: BuildKit, util/progress/progressui/printer.go.
final class BuildPlainView: BuildView {
    /// So long a step is shown while others have something to say.
    private static let turnNanoseconds: UInt64 = 5_000_000_000

    private struct State {
        let step: BuildStep
        /// From 1, in the order in which steps are shown; nil before.
        var index: Int?
        let start: UInt64
        var output = BuildOutputLines()
        var errors = BuildOutputLines()
        /// What is still to be shown.
        var waiting: [String] = []
    }

    private let clock: () -> UInt64
    private let write: (String) -> Void
    private var states: [Int: State] = [:]
    /// The steps in work, in the order in which they began.
    private var order: [Int] = []
    private var current: Int?
    private var turnStart: UInt64 = 0
    private var shownCount = 0
    private var text = ""

    init(clock: @escaping () -> UInt64, write: @escaping (String) -> Void) {
        self.clock = clock
        self.write = write
    }

    let refreshMilliseconds: CInt? = 1000

    func refresh() {
        takeTurns()
        flush()
    }

    func show(_ event: BuildEvent) {
        switch event {
        case .started(let step): start(step)
        case .output(let step, let isError, let bytes): add(bytes, isError: isError, to: step)
        case .note(let step, let note): add([Terminal.escapedLines(note)], to: step)
        case .finished(let step, let outcome): end(step, outcome)
        case .explained(let step, let explanation): add(explanation.shownLines, to: step)
        case .findings: break
        }
        flush()
    }

    private func flush() {
        guard !text.isEmpty else { return }
        write(text)
        text = ""
    }

    private func start(_ step: BuildStep) {
        states[step.number] = State(step: step, start: clock())
        order.append(step.number)
        if current == nil { open(step.number) }
    }

    private func add(_ bytes: [UInt8], isError: Bool, to step: BuildStep) {
        let lines = isError ? states[step.number]?.errors.add(bytes) : states[step.number]?.output.add(bytes)
        guard let lines, let start = states[step.number]?.start else { return }
        add(stamped(lines, since: start), to: step)
    }

    private func stamped(_ lines: [String], since start: UInt64) -> [String] {
        let stamp = BuildTime.stamp(clock() - start)
        return lines.map { "\(stamp) \($0)" }
    }

    private func add(_ lines: [String], to step: BuildStep) {
        guard states[step.number] != nil else { return }
        states[step.number]?.waiting += lines
        if current == step.number { showWaiting(step.number) } else { takeTurns() }
    }

    private func end(_ step: BuildStep, _ outcome: BuildOutcome) {
        guard var state = states[step.number] else { return }
        state.waiting += stamped([state.output.flush(), state.errors.flush()].compactMap { $0 }, since: state.start)
        states[step.number] = state
        open(step.number)
        line(of: step.number, Self.words(outcome, after: clock() - state.start))
        states[step.number] = nil
        order.removeAll { $0 == step.number }
        current = nil
        if let next = order.first(where: { states[$0]?.waiting.isEmpty == false }) ?? order.first { open(next) }
    }

    private static func words(_ outcome: BuildOutcome, after nanoseconds: UInt64) -> String {
        switch outcome {
        case .done: "DONE \(BuildTime.span(nanoseconds))"
        case .cached: "CACHED"
        case .cancelled: "CANCELED"
        case .failed(let message): "ERROR: \(Terminal.escapedLines(message))"
        }
    }

    private func takeTurns() {
        guard let current, clock() - turnStart >= Self.turnNanoseconds else { return }
        guard let next = order.first(where: { $0 != current && states[$0]?.waiting.isEmpty == false }) else { return }
        // Its turn is over: the next one goes behind all others.
        order.removeAll { $0 == current }
        order.append(current)
        open(next)
    }

    /// Goes on with a step, under its name.
    private func open(_ number: Int) {
        guard let state = states[number] else { return }
        guard current != number else { return showWaiting(number) }
        if let current { line(of: current, "...") }
        if shownCount > 0 { text += "\n" }
        if state.index == nil {
            shownCount += 1
            states[number]?.index = shownCount
        }
        current = number
        turnStart = clock()
        line(of: number, state.step.name)
        showWaiting(number)
    }

    private func showWaiting(_ number: Int) {
        let waiting = states[number]?.waiting ?? []
        states[number]?.waiting = []
        for line in waiting { self.line(of: number, line) }
    }

    private func line(of number: Int, _ words: String) { text += "#\(states[number]?.index ?? 0) \(words)\n" }
}
