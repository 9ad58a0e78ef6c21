import Builder
import Linux

@testable import hako

/// A build that a test tells of, at times that it names.
final class ToldBuild {
    /// Nanoseconds.
    var now: UInt64 = 1_000_000_000
    var text = ""

    static let load = BuildStep(number: 1, kind: .preparation, title: "[internal] load build definition from Dockerfile")

    static func step(_ number: Int, _ place: Int, of count: Int, stage: String = "", _ title: String) -> BuildStep {
        BuildStep(number: number, kind: .instruction(stage: stage, number: place, of: count), title: title)
    }

    func wait(milliseconds: UInt64) { now += milliseconds * 1_000_000 }

    var plain: BuildPlainView { BuildPlainView(clock: { self.now }, write: { self.text += $0 }) }

    /// - Parameter width: Of its lines; the window has a column more.
    func live(rows: UInt16 = 24, width: UInt16, isColored: Bool = false) -> BuildLiveView {
        BuildLiveView(
            isColored: isColored, clock: { self.now }, size: { WindowSize(rows: rows, columns: width + 1) }, write: { self.text += $0 })
    }

    /// What was written since the last call.
    func taken() -> String {
        defer { text = "" }
        return text
    }
}

extension BuildView {
    func output(_ step: BuildStep, _ text: String, isError: Bool = false) {
        show(.output(step, isError: isError, bytes: Array(text.utf8)))
    }
}
