import Builder
import Testing

@testable import hako

@Suite("A build on a terminal")
struct BuildLiveViewTests {
    private static let open = "\u{1B}[?25l\u{1B}[?7l"
    private static let close = "\u{1B}[J\u{1B}[?7h\u{1B}[?25h"

    /// A picture of these lines, over one of so many rows.
    private static func picture(over rows: Int, _ lines: String...) -> String {
        open + (rows > 0 ? "\u{1B}[\(rows)A" : "") + "\r" + lines.map { $0 + "\u{1B}[K\n" }.joined() + close
    }

    /// The time of a step stands at the end of its line.
    private static func row(_ text: String, _ time: String, width: Int) -> String {
        text + String(repeating: " ", count: width - text.unicodeScalars.count - time.utf8.count) + time
    }

    @Test("is drawn over in place, each picture in one piece that leaves the terminal as it was")
    func frames() {
        let build = ToldBuild()
        let view = build.live(width: 41)
        let run = ToldBuild.step(2, 2, of: 3, stage: "base", "RUN make")
        view.show(.started(ToldBuild.load))
        #expect(
            build.taken()
                == Self.picture(over: 0, "[+] Building 0.0s (0/1)", " => [internal] load build definition 0.0s"))
        build.wait(milliseconds: 50)
        view.show(.finished(ToldBuild.load, .done))
        view.show(.started(run))
        #expect(build.taken() == "")
        build.wait(milliseconds: 1_250)
        view.output(run, "compiling\tone\nlinking \u{1B}[2J\n")
        let load = " => [internal] load build definition 0.1s"
        #expect(
            build.taken()
                == Self.picture(
                    over: 2, "[+] Building 1.3s (1/4)", load, Self.row(" => [base 2/3] RUN make", "1.3s", width: 41),
                    " => => # compiling    one", #" => => # linking \x1b[2J"#))
        build.wait(milliseconds: 700)
        view.show(.finished(run, .failed("exit code: 1")))
        _ = build.taken()
        view.finish()
        #expect(
            build.taken()
                == Self.picture(
                    over: 3, "[+] Building 2.0s (2/4)", load, Self.row(" => ERROR [base 2/3] RUN make", "2.0s", width: 41)))
    }

    @Test("marks what is cached, cancelled and done, in colours where they are wanted")
    func colors() {
        let build = ToldBuild()
        let view = build.live(width: 40, isColored: true)
        let outcomes: [BuildOutcome] = [.done, .cached, .cancelled, .failed("x")]
        for (index, outcome) in outcomes.enumerated() {
            let step = ToldBuild.step(index, index + 1, of: 4, "RUN x")
            view.show(.started(step))
            view.show(.finished(step, outcome))
        }
        _ = build.taken()
        view.finish()
        let blue = { (text: String) in "\u{1B}[34m\(text)\u{1B}[0m" }
        #expect(
            build.taken()
                == Self.picture(
                    over: 2, "[+] Building 0.0s (4/4) FINISHED", blue(Self.row(" => [1/4] RUN x", "0.0s", width: 40)),
                    blue(Self.row(" => CACHED [2/4] RUN x", "0.0s", width: 40)), "\u{1B}[33m\(Self.row(" => CANCELED [3/4] RUN x", "0.0s", width: 40))\u{1B}[0m",
                    "\u{1B}[31m\(Self.row(" => ERROR [4/4] RUN x", "0.0s", width: 40))\u{1B}[0m"))
    }

    @Test("fits into the window: what is done gives way, and lines are cut at its width")
    func small() {
        let build = ToldBuild()
        let view = build.live(rows: 6, width: 30)
        for number in 1...6 {
            let step = ToldBuild.step(number, number, of: 7, "COPY \(number)")
            view.show(.started(step))
            view.show(.finished(step, .done))
        }
        let run = ToldBuild.step(7, 7, of: 7, "RUN 日本語日本語日本語日本語")
        view.show(.started(run))
        view.output(run, (1...9).map { "line \($0)\n" }.joined())
        build.wait(milliseconds: 100)
        _ = build.taken()
        view.refresh()
        let lines = build.taken().split(separator: "\n").map { $0.replacing("\u{1B}[K", with: "") }
        #expect(lines.count == 6)
        #expect(lines.dropLast().last == " => [7/7] RUN 日本語日本  0.1s")
        #expect(lines[1] == Self.row(" => [4/7] COPY 4", "0.0s", width: 30))
    }

    @Test("finds its first line again when the window has become narrower")
    func resized() {
        let build = ToldBuild()
        var columns: UInt16 = 60
        let view = BuildLiveView(
            isColored: false, clock: { build.now }, size: { .init(rows: 24, columns: columns) }, write: { build.text += $0 })
        view.show(.started(ToldBuild.load))
        _ = build.taken()
        columns = 20
        view.refresh()
        // 23 columns took two rows of 20, 59 three.
        #expect(build.text.hasPrefix(Self.open + "\u{1B}[5A\r"))
    }
}
