import Glibc
import TestSupport
import Testing

@Suite("--log-level debug", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ObjectLogTests {
    @Test("shows each kernel object that is made, and that it goes again")
    func objects() throws {
        let store = try TestStore()
        let run = try store.hako("--log-level", "debug", "run", "--rm", "-p", "127.0.0.1:0:80", "busybox", "echo", "hello")
        #expect(run.status == 0 && run.output == "hello\n", "\(run)")
        let lines = run.error.split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.hasPrefix("hako: made ") || $0.hasPrefix("hako: removed ") || $0.hasPrefix("hako-runtime: made ") || $0.hasPrefix("hako-runtime: removed ") }, "\(run)")
        for what in [
            "hako: made namespace user:[", "hako: made namespace net:[", "hako: made id range ", "hako: made lock on byte ",
            "hako: made bridge hako", "hako: made veth ", "hako: made bridge port ", "hako: made address ", "hako: made nft table ",
            "hako: made nft rule in ", "hako: made nft element of ", "hako-runtime: made cgroup ", "hako-runtime: made namespace pid:[",
            "hako-runtime: made namespace mnt:[", "hako-runtime: made fifo \(store.runRoot)/containers/", "hako-runtime: made socket \(store.runRoot)/containers/",
            "hako-runtime: made mount \(store.runRoot)/containers/", "hako-runtime: removed cgroup ", "hako: removed nft element of ",
        ] { #expect(lines.contains { $0.hasPrefix(what) }, "\(what): \(run.error)") }
        // What was made in cgroups is removed again; the parent that containers share may stay.
        let cgroups = { (verb: String) in Set(lines.filter { $0.contains("\(verb) cgroup /sys") }.compactMap { $0.split(separator: " ").last }) }
        #expect(!cgroups("made").isEmpty && cgroups("made") == cgroups("removed"), "\(run.error)")
    }

    @Test("leaves output, exit code and a container in the background as they are")
    func transparent() throws {
        let store = try TestStore()
        let run = try store.hako("--log-level=debug", "run", "--rm", "-i", "--network", "none", "busybox", "sh", "-c", "cat; exit 5", input: "typed")
        #expect(run.status == 5 && run.output == "typed", "\(run)")
        // Nobody waits for the monitor, which lives on.
        let detached = try store.hako("run", "--log-level", "debug", "-d", "--name", "box", "busybox", "sleep", "1000")
        #expect(detached.status == 0 && detached.output.utf8.count == 65 && detached.error.contains("made cgroup"), "\(detached)")
        #expect(try store.output("exec", "box", "echo", "well") == "well")
        #expect(try store.hako("rm", "-f", "box").error == "")
    }

    @Test("says nothing at other levels, and knows no others than Docker's")
    func levels() throws {
        let store = try TestStore()
        for level in ["info", "warn", "error", "fatal"] {
            #expect(try store.hako("--log-level", level, "run", "--rm", "busybox", "true").error == "")
        }
        let wrong = try store.hako("--log-level", "loud", "ps")
        #expect(wrong.status == 125 && wrong.error.contains("invalid logging level: loud"), "\(wrong)")
    }
}
