import Builder
import CommandLineTables
import Dockerfile
import Linux

/// A way to show a build.
protocol BuildView: AnyObject {
    func show(_ event: BuildEvent)
    /// How often something changes by itself; nil for never.
    var refreshMilliseconds: CInt? { get }
    func refresh()
    /// The Dockerfile is known.
    func read(_ file: [UInt8], named name: String)
    /// The build is over; what is said of it comes below.
    func finish()
}

extension BuildView {
    var refreshMilliseconds: CInt? { nil }
    func refresh() {}
    func read(_ file: [UInt8], named name: String) {}
    func finish() {}
}

/// Shows a build to the user, keeps what its errors and warnings are made of, and stops it on a signal.
final class BuildProgress: BuildReporter {
    /// A step that failed, and what it had printed last.
    struct Failure {
        let step: BuildStep
        let lines: [String]
    }

    private let view: (any BuildView)?
    private let signals: SignalDescriptor
    private let clock: () -> UInt64
    /// As many lines of a failed step are shown again.
    private let lineLimit: Int
    private var running: [Int: StepOutput] = [:]
    private(set) var findings: [Dockerfile.LintFinding] = []
    private(set) var failure: Failure?

    private struct StepOutput {
        let start: UInt64
        var output = BuildOutputLines()
        var errors = BuildOutputLines()
        var recent: RecentLines

        mutating func note(_ lines: [String], at now: UInt64) {
            let stamp = BuildTime.stamp(now - start)
            for line in lines { recent.add("\(stamp) \(line)") }
        }
    }

    /// - Parameter view: Nil for one that shows nothing.
    init(_ view: (any BuildView)?, signals: consuming SignalDescriptor, lineLimit: Int, clock: @escaping () -> UInt64) {
        self.view = view
        self.signals = signals
        self.lineLimit = lineLimit
        self.clock = clock
    }

    var refreshMilliseconds: CInt? { view?.refreshMilliseconds }
    func refresh() { view?.refresh() }
    func finish() { view?.finish() }
    func read(_ file: [UInt8], named name: String) { view?.read(file, named: name) }
    var interruption: CInt { signals.descriptor.number }

    /// The signal that was to stop the build; nil where none came.
    func interruptingSignal() throws(SystemCallError) -> CInt? { try signals.next() }

    func report(_ event: BuildEvent) {
        keep(event)
        view?.show(event)
    }

    private func keep(_ event: BuildEvent) {
        switch event {
        case .output(let step, let isError, let bytes):
            let lines = isError ? running[step.number]?.errors.add(bytes) : running[step.number]?.output.add(bytes)
            running[step.number]?.note(lines ?? [], at: clock())
        case .started(let step):
            running[step.number] = StepOutput(start: clock(), recent: RecentLines(limit: lineLimit))
        case .finished(let step, let outcome):
            guard var kept = running.removeValue(forKey: step.number), case .failed = outcome, failure == nil else { return }
            kept.note([kept.output.flush(), kept.errors.flush()].compactMap { $0 }, at: clock())
            failure = Failure(step: step, lines: Array(kept.recent.last))
        case .findings(let found): findings += found
        case .note, .explained: break
        }
    }
}

/// `--progress` and `--quiet`.
enum BuildProgressStyle: String {
    case plain, tty, rawjson
    /// Nothing, and the image's id at the end.
    case quiet
    /// Nothing.
    case none

    static func read(_ arguments: ParsedArguments) throws(BuildRefusal) -> BuildProgressStyle {
        let name = arguments.value("progress").flatMap { $0.isEmpty ? nil : $0 } ?? GlobalOptions.environment("BUILDKIT_PROGRESS") ?? "auto"
        if arguments.flag("quiet") || name == "quiet" {
            guard ["auto", "quiet"].contains(name) else { throw BuildRefusal("progress=\(name) and quiet cannot be used together") }
            return .quiet
        }
        let isTerminal = RawMode.isTerminal(StandardDescriptor.error)
        switch name {
        case "auto": return isTerminal && GlobalOptions.environment("TERM") != "dumb" ? .tty : .plain
        case "json": return .rawjson
        case "tty" where !isTerminal: throw BuildRefusal("failed to get console: provided file is not a console")
        default:
            guard let style = BuildProgressStyle(rawValue: name) else {
                throw BuildRefusal("invalid progress mode \(name)", hint: "There are auto, none, plain, quiet, rawjson and tty.")
            }
            return style
        }
    }

    var view: (any BuildView)? {
        let write = { (text: String) in Terminal.printError(text) }
        switch self {
        case .plain: return BuildPlainView(clock: Timings.monotonicNanoseconds, write: write)
        case .rawjson: return BuildJSONView(clock: { RealTime.now }, write: write)
        case .tty:
            return BuildLiveView(
                isColored: BuildColor.isWanted, clock: Timings.monotonicNanoseconds,
                size: { WindowSize.of(StandardDescriptor.error) ?? WindowSize(rows: 10, columns: 80) }, write: write)
        case .quiet, .none: return nil
        }
    }
}

/// Colours on a terminal, unless `NO_COLOR` (no-color.org) forbids them.
enum BuildColor: String {
    case blue = "34"
    case red = "31"
    case yellow = "33"
    case faint = "2"

    static var isWanted: Bool {
        RawMode.isTerminal(StandardDescriptor.error) && GlobalOptions.environment("NO_COLOR") == nil
    }

    func paint(_ text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }
}
