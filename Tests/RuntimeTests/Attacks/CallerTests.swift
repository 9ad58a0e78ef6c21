import Glibc
import Linux
import OCI
import TestSupport
import Testing

@Suite(
    "A container and its caller", .enabled(if: TestContainer.isPossible, "needs root, busybox-static and hako-runtime"),
    .serialized)
struct CallerTests {
    /// T-R18. Without a filter: only a keyring of the container's own keeps it from its caller's.
    @Test("finds none of its caller's keys", arguments: [true, false])
    func keys(isMapped: Bool) throws {
        let name = "hako-test-\(getpid())"
        let ours = try ProgramRun.of(Attacker.program, ["with-key", name, Attacker.program, "find-key", name])
        #expect(ours.text == "found", "the attack itself must work: \(ours)")
        let container = try TestContainer(isMapped: isMapped, ["container-probe", "find-key", name])
        try container.addProbe()
        try container.write()
        let run = try ProgramRun.of(
            Attacker.program,
            ["with-key", name, TestContainer.program, "--root", container.scratch.path("state"), "run", "-b", container.scratch.root, container.id])
        #expect(run.text.hasPrefix("no key"), "\(run)")
    }

    /// T-R24 (CVE-2017-5226). The caller looks at what was typed into its terminal after the program has ended.
    @Test("types nothing into its caller's terminal", arguments: [true, false], [true, false])
    func terminal(isMapped: Bool, hasTerminal: Bool) throws {
        var container = try TestContainer(isMapped: isMapped, ["container-probe", "push-input"])
        // CAP_SYS_ADMIN of the host's user namespace is the right to type anywhere.
        if isMapped { container.allow(Capability.names) }
        try container.addProbe()
        container.spec.process?.terminal = hasTerminal
        try container.write()
        #expect(try typed(by: "\(Attacker.program) push-input") .hasPrefix("typed: x"), "the attack itself must work")
        let run = "\(TestContainer.program) --root \(container.scratch.path("state")) run -b \(container.scratch.root) \(container.id)"
        #expect(try typed(by: run) == "typed:")
    }

    /// What stands in a terminal's input queue after a command; a pipe takes what it shows.
    private func typed(by command: String) throws -> String {
        let script = "stty -icanon -echo min 0 time 0; \(command); echo; stty -icanon -echo min 0 time 0; echo typed: $(dd bs=100 count=1 2>/dev/null)"
        let lines = try TerminalRun.of(script).output.split(whereSeparator: \.isNewline)
        return lines.last.map(String.init) ?? ""
    }
}
