import TestSupport
import Testing

@Suite("Prune filters", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct PruneTests {
    @Test("choose containers by label and by age")
    func containers() throws {
        let store = try TestStore()
        for (name, label) in [("one", "tier=web"), ("two", "tier=db"), ("three", "keep")] {
            try store.hako("create", "--name", name, "--label", label, "busybox", "true").expectSuccess()
        }
        func left() throws -> String { try store.output("ps", "-a", "--format", "{{.Names}}").split(separator: "\n").sorted().joined(separator: " ") }
        try store.hako("container", "prune", "-f", "--filter", "until=1h").expectSuccess()
        #expect(try left() == "one three two")
        try store.hako("container", "prune", "-f", "--filter", "label=tier=web").expectSuccess()
        #expect(try left() == "three two")
        try store.hako("container", "prune", "-f", "--filter", "label!=keep", "--filter", "until=0s").expectSuccess()
        #expect(try left() == "three")
        try store.hako("system", "prune", "-f", "--filter", "label=other").expectSuccess()
        #expect(try left() == "three")
        let two = try store.hako("container", "prune", "-f", "--filter", "until=1h", "--filter", "until=2h")
        #expect(two.status == 1 && two.error.contains("more than one until filter specified"))
        #expect(try store.hako("container", "prune", "-f", "--filter", "name=one").error.contains("invalid filter 'name'"))
        #expect(try store.hako("container", "prune", "-f", "--filter", "until=soon").status == 1)
    }

    @Test("of the system hold for images too, and are shown before the question")
    func system() throws {
        let store = try TestStore(images: [])
        try store.load("labelled", layers: ["tar c --files-from /dev/null"], config: #""Labels":{"tier":"web"}"#)
        try store.hako("system", "prune", "-af", "--filter", "label!=tier=web").expectSuccess()
        #expect(try store.output("images", "-q") != "")
        let asked = try store.hako("system", "prune", "-a", "--filter", "label=tier=web", input: "n\n")
        #expect(asked.text.contains("\n\n  Items to be pruned will be filtered with:\n  - label=tier=web\n\n  - "), "\(asked)")
        #expect(asked.text.contains(" labelled:latest (0B)\n  This frees "), "\(asked)")
        try store.hako("system", "prune", "-af", "--filter", "label=tier=web").expectSuccess()
        #expect(try store.output("images", "-q") == "")
        let refused = try store.hako("system", "prune", "-f", "--volumes", "--filter", "until=1h")
        #expect(refused.status == 1 && refused.error.contains("The \"until\" filter is not supported with \"--volumes\""))
    }

    @Test("choose volumes by label; anonymous ones alone unless all are asked for")
    func volumes() throws {
        let store = try TestStore(images: [])
        try store.hako("volume", "create", "--label", "tier=web", "named")
        try store.hako("volume", "create", "--label", "tier=db", "other")
        try store.hako("volume", "create")
        #expect(try store.output("volume", "prune", "-f").contains("Total reclaimed space: 0B"))
        #expect(try store.output("volume", "ls", "-q") == "named\nother")
        try store.hako("volume", "prune", "-f", "--filter", "all=1", "--filter", "label!=tier=db")
        #expect(try store.output("volume", "ls", "-q") == "other")
        try store.hako("volume", "prune", "-af", "--filter", "label=tier")
        #expect(try store.output("volume", "ls", "-q") == "")
    }
}
