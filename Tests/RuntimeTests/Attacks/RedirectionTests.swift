import Glibc
import Linux
import OCI
import TestSupport
import Testing

@Suite(
    "A root whose paths lead elsewhere", .enabled(if: TestContainer.isPossible, "needs root, busybox-static and hako-runtime"),
    .serialized)
struct RedirectionTests {
    /// Which of the names of /dev is a symlink to the host's canary.
    enum Redirected: String, CaseIterable, Sendable { case dev, console, null, pts, ptmx, everything }

    /// T-R5 (CVE-2025-52565): a bundle that mounts nothing on /dev, so that all of it is the image's.
    @Test("has no device, console or terminal made outside of it", arguments: Redirected.allCases, [true, false])
    func devices(redirected: Redirected, isMapped: Bool) throws {
        for (terminal, isReadOnly) in [(false, false), (true, false), (true, true)] {
            var container = try TestContainer(isMapped: isMapped, ["sh", "-c", "cat /dev/null /dev/null/secret /dev/pts/secret /dev/secret; ls -l /dev/"])
            let canary = try Canary(at: container.scratch.path("host"))
            container.spec.mounts.removeAll { $0.destination.hasPrefix("/dev") }
            container.spec.process?.terminal = terminal
            container.spec.root?.isReadOnly = isReadOnly
            try redirect(redirected, container, to: canary.path)
            try container.write()
            let run = try TerminalRun.of(
                "\(TestContainer.program) --root \(container.scratch.path("state")) run -b \(container.scratch.root) \(container.id)")
            #expect(!run.output.contains(Canary.secret), "\(run)")
            #expect(try canary.changes() == [])
        }
    }

    /// The same for exec, whose terminal is made when the container has long had its way with /dev.
    @Test("has no terminal of exec opened where it likes", arguments: [true, false])
    func execTerminal(isMapped: Bool) throws {
        var container = try TestContainer(isMapped: isMapped, ["sleep", "1000"])
        let canary = try Canary(at: container.scratch.path("host"))
        container.spec.mounts.removeAll { $0.destination.hasPrefix("/dev") }
        try container.scratch.add("rootfs/dev/pts", .symlink(canary.path))
        _ = try container.start()
        let fifo = try EventLines(at: container.scratch.path("rootfs/fifo"))
        for target in ["/fifo", "/etc/passwd", canary.path + "/secret"] {
            try FileDescriptor.directory(container.scratch.path("rootfs/dev")).removeTree("ptmx")
            try container.scratch.add("rootfs/dev/ptmx", .symlink(target))
            let run = try TerminalRun.of(
                "\(TestContainer.program) --root \(container.scratch.path("state")) exec -t \(container.id) sh -c 'echo inside; exit 7'")
            // The terminal is the host's then, whatever the container has in the place of its own.
            #expect(run.status == 7 && run.output.contains("inside"), "\(run)")
        }
        #expect(fifo.all.isEmpty)
        #expect(try canary.changes() == [])
    }

    private func redirect(_ redirected: Redirected, _ container: borrowing TestContainer, to canary: String) throws {
        let root = try FileDescriptor.directory(container.scratch.path("rootfs"))
        switch redirected {
        case .dev:
            try root.removeTree("dev")
            try root.makeSymlink(to: canary, named: "dev")
        case .everything:
            for name in ["console", "null", "pts", "ptmx", "tty", "zero", "shm", "fd"] {
                try container.scratch.add("rootfs/dev/" + name, .symlink("\(canary)/\(name)"))
            }
        default: try container.scratch.add("rootfs/dev/" + redirected.rawValue, .symlink("\(canary)/\(redirected.rawValue)"))
        }
    }

    /// T-R4 (CVE-2025-31133), with somebody who swaps while containers start.
    @Test("shows masks that are empty, while /dev/null is swapped", arguments: [true, false])
    func maskSwapped(isMapped: Bool) throws {
        let before = try FileDescriptor.contents(of: "/proc/sys/kernel/core_pattern")
        var container = try TestContainer(isMapped: isMapped, ["cat", "/proc/keys", "/proc/timer_list"])
        let canary = try Canary(at: container.scratch.path("host"))
        container.spec.mounts.removeAll { $0.destination.hasPrefix("/dev") }
        container.spec.mounts.append(.init(destination: "/dev", source: container.scratch.path("volume"), options: ["rbind"]))
        try container.scratch.add("volume/null", .file(Array("VOLUME\n".utf8)))
        for target in ["/proc/sys/kernel/core_pattern", canary.path + "/null"] {
            let attacker = try Attacker(swapping: "null", in: container.scratch.path("volume"), with: target)
            try attacker.confirm()
            for _ in 0..<15 { #expect(try container.run().output == "") }
            _ = consume attacker
            try FileDescriptor.directory(container.scratch.path("volume")).unlink(".swapped-null")
            try FileDescriptor.replaceContents(of: container.scratch.path("volume/null"), with: Array("VOLUME\n".utf8))
        }
        #expect(try FileDescriptor.contents(of: "/proc/sys/kernel/core_pattern") == before)
        #expect(try canary.changes() == [])
    }

    /// T-R7 (CVE-2021-30465, CVE-2024-45310).
    @Test("has its mounts and working directory inside, while a volume's directory is swapped", arguments: [true, false], [true, false])
    func destinationSwapped(isMapped: Bool, isAbsolute: Bool) throws {
        var container = try TestContainer(isMapped: isMapped, ["sh", "-c", "pwd; cat secret ../secret /v/d/secret /v/d/x/secret"])
        let canary = try Canary(at: container.scratch.path("host"))
        try container.scratch.add("volume/d/w/secret", "inside\n")
        try container.scratch.add("other/file", "other\n")
        // Open to the container's root, which is nobody here.
        for name in ["volume", "volume/d", "volume/d/w", "other"] {
            try FileDescriptor.directory(container.scratch.path(name)).changeMode(0o755)
        }
        container.spec.process?.cwd = "/v/d/w"
        container.spec.mounts += [
            .init(destination: "/v", source: container.scratch.path("volume"), options: ["rbind"]),
            .init(destination: "/v/d/x", source: container.scratch.path("other"), options: ["rbind"]),
        ]
        let target = isAbsolute ? canary.path : String(repeating: "../", count: 20) + canary.path.dropFirst()
        let attacker = try Attacker(swapping: "d", in: container.scratch.path("volume"), with: target)
        try attacker.confirm()
        var started = 0
        for _ in 0..<30 {
            let run = try container.run()
            #expect(!run.output.contains(Canary.secret), "\(run)")
            if run.output.hasPrefix("/v/") { started += 1 }
        }
        #expect(started > 0)
        _ = consume attacker
        #expect(try canary.changes() == [])
        let table = String(decoding: try FileDescriptor.contents(of: "/proc/self/mountinfo"), as: UTF8.self)
        #expect(!table.contains(container.scratch.root))
    }
}
