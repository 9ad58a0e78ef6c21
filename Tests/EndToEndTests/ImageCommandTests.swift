import Linux
import TestSupport
import Testing

@Suite("Commands that tell of images", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ImageCommandTests {
    private static let shared = "mkdir base; head -c 3000 /dev/zero > base/big; tar c --mtime=@0 base"

    @Test("history has a line for each step, the last one first, in Docker's columns")
    func history() throws {
        let store = try TestStore(images: [])
        let directory = store.scratch.path("image")
        let run = try store.shell(
            #"""
            set -e; mkdir \#(directory); cd \#(directory); head -c 2000 /dev/zero > big; tar cf 0.tar big
            id=$(sha256sum < 0.tar | cut -d' ' -f1)
            printf '{"architecture":"amd64","os":"linux","created":"2024-01-02T03:04:05Z","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"2024-01-02T03:04:05Z","created_by":"/bin/sh -c #(nop) ADD file:0123456789012345678901234567890123456789 in / ","comment":"first"},{"created":"2024-01-02T03:04:05Z","created_by":"ENV\\tA=b","empty_layer":true}]}' $id > config.json
            printf '[{"Config":"config.json","RepoTags":["app:latest"],"Layers":["0.tar"]}]' > manifest.json
            tar cf image.tar manifest.json config.json 0.tar; $HAKO load -q -i image.tar
            """#)
        run.expectSuccess()
        let id = try store.inspect("app", "{{.Id}}")
        let lines = try store.hako("history", "app").lines
        #expect(lines[0].split(separator: " ", omittingEmptySubsequences: true) == ["IMAGE", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"])
        #expect(lines[1].hasPrefix(id.dropFirst(7).prefix(12) + "   ") && lines[1].contains("ENV A=b") && lines[1].contains(" 0B"))
        #expect(lines[2].hasPrefix("<missing>") && lines[2].contains("/bin/sh -c #(nop) ADD file:01234567890123456…") && lines[2].contains("2kB"))
        #expect(try store.output("history", "-q", "--no-trunc", "app") == id + "\n<missing>")
        #expect(try store.output("history", "--human=false", "--format", "{{.Size}} {{.Comment}}", "app") == "0 \n2000 first")
        #expect(try store.output("history", "--format", "{{.CreatedAt}}", "app").hasPrefix("2024-01-0"))
        #expect(try store.output("history", "--format", "json", "app").contains(#""Size":"2kB""#))
        let missing = try store.hako("history", "nothing")
        #expect(missing.status == 1 && missing.error.contains("No such image: nothing:latest"))
    }

    @Test("image prune says what goes and what it frees before it asks, and frees just that")
    func prune() throws {
        let store = try TestStore(images: [])
        try store.load("one", layers: [Self.shared, "echo one > one; tar c one"])
        try store.load("two", layers: [Self.shared, "head -c 700 /dev/zero > two; tar c two"])
        try store.hako("create", "--name", "user", "one", "true").expectSuccess()
        let asked = try store.hako("image", "prune", "-a", input: "n\n")
        #expect(asked.output.hasPrefix("WARNING! This will remove all images without at least one container associated to them.\n  - "), "\(asked)")
        #expect(asked.output.contains(" two:latest (3.7kB)\n") && !asked.output.contains(" one:latest"))
        let freed = asked.output.split(separator: "This frees ").last?.split(separator: ".\n").first ?? ""
        #expect(try store.output("images", "-q").split(separator: "\n").count == 2)
        let pruned = try store.output("image", "prune", "-af")
        #expect(pruned.hasPrefix("Deleted Images:\nuntagged: two:latest\ndeleted: sha256:"), "\(pruned)")
        #expect(pruned.hasSuffix("Total reclaimed space: \(freed)"), "\(pruned), \(asked)")
        #expect(try store.output("images", "--format", "{{.Repository}}") == "one")
        let nothing = try store.hako("image", "prune", input: "y\n")
        #expect(nothing.output.contains("There is nothing to remove.") && nothing.output.hasSuffix("Total reclaimed space: 0B\n"), "\(nothing)")
        #expect(try store.hako("image", "prune", "-f", "--filter", "x=y").status == 1)
        let system = try store.hako("system", "prune", "-a", input: "n\n")
        #expect(system.output.contains("  - 1 container\n") && system.output.contains(" one:latest"), "\(system)")
    }

    @Test("image tree shows what each layer adds, overwrites, deletes and wastes, and who else has it")
    func tree() throws {
        let store = try TestStore(images: [])
        try store.load("one", layers: [Self.shared, "mkdir base; head -c 100 /dev/zero > base/big; tar c base"])
        try store.load("two", layers: [Self.shared, "touch .wh.base; tar c .wh.base"])
        let lines = try store.hako("image", "tree", "one").lines
        #expect(lines[0].hasPrefix("one ") && lines[0].hasSuffix(": 3.1kB in 2 layers, 3kB shared, 3kB (96%) wasted"), "\(lines)")
        #expect(lines[2].split(separator: " ").dropFirst(2).prefix(7) == ["3kB", "3kB", "0B", "0B", "3kB", "two:latest"], "\(lines)")
        #expect(lines[3].split(separator: " ").dropFirst(2).prefix(6) == ["100B", "0B", "3kB", "0B", "0B", "-"], "\(lines)")
        #expect(try store.hako("image", "tree", "two").lines[3].split(separator: " ").dropFirst(2).prefix(5) == ["0B", "0B", "0B", "3kB", "0B"])
        let all = try store.hako("images", "--tree").lines
        #expect(all[0].hasPrefix("IMAGE ") && all.count { $0.contains("(in 2 images)") } == 2, "\(all)")
        #expect(try store.hako("image", "ls", "--tree", "one").lines.count == 4)
    }

    @Test("system df adds up images, containers and volumes, and what of them could go")
    func diskUsage() throws {
        let store = try TestStore(images: [])
        try store.load("one", layers: [Self.shared, TestStore.shellLayer])
        try store.load("two", layers: [Self.shared, "head -c 700 /dev/zero > two; tar c two"])
        try store.hako("run", "--name", "box", "-v", "data:/data", "one", "sh", "-c", "echo 123456789 > /file; echo 1234 > /data/x").expectSuccess()
        try store.hako("volume", "create", "idle").expectSuccess()
        let rows = try store.output("system", "df", "--format", "{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}")
            .split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
        #expect(rows.map { $0[0] } == ["Images", "Containers", "Local Volumes", "Build Cache"])
        #expect(rows.map { $0[1] + $0[2] } == ["21", "10", "21", "00"])
        #expect(rows[1][3...] == ["10B", "10B (100%)"] && rows[2][3...] == ["5B", "0B (0%)"], "\(rows)")
        let lines = try store.hako("system", "df").lines
        #expect(lines[0].split(separator: " ") == ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"])
        let verbose = try store.output("system", "df", "-v")
        for heading in ["Images space usage:", "Containers space usage:", "Local Volumes space usage:", "Build cache usage: 0B"] {
            #expect(verbose.contains(heading))
        }
        let two = verbose.split(separator: "\n").first { $0.hasPrefix("two ") } ?? ""
        #expect(two.contains("3.7kB") && two.contains("3kB") && two.contains("700B"), "\(verbose)")
    }

    @Test(
        "manifest inspect shows what the registry has",
        .enabled(if: Skopeo.isInstalled && DockerRegistry.isInstalled, "skopeo and docker-registry are not both installed"))
    func manifest() throws {
        let registry = try DockerRegistry()
        let store = try TestStore()
        let name = "\(registry.host)/app:v1"
        try store.hako("tag", "busybox", name).expectSuccess()
        try store.hako("push", "-q", name).expectSuccess()
        let raw = try ProgramRun.of("/usr/bin/skopeo", ["inspect", "--raw", "--tls-verify=false", "docker://\(name)"])
        let shown = try store.hako("manifest", "inspect", name)
        #expect(shown.output.hasPrefix("{\n\t\"schemaVersion\": 2,"), "\(shown)")
        #expect(shown.output.filter { !$0.isWhitespace } == raw.output.filter { !$0.isWhitespace })
        let verbose = try store.output("manifest", "inspect", "-v", name)
        #expect(verbose.contains("\t\"Ref\": \"\(registry.host)/app:v1\"") && verbose.contains("\"OCIManifest\": {"), "\(verbose)")
        let missing = try store.hako("manifest", "inspect", "\(registry.host)/app:no")
        #expect(missing.status == 1 && missing.error.contains("no such manifest: \(registry.host)/app:no"), "\(missing)")
    }
    @Test(
        "pull -a brings each tag of a repository",
        .enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
    func pullAll() throws {
        let registry = try DockerRegistry()
        let store = try TestStore()
        let repository = "\(registry.host)/app"
        let names = ["v1", "v2"].map { "\(repository):\($0)" }
        for name in names {
            try store.hako("tag", "busybox", name).expectSuccess()
            try store.hako("push", "-q", name).expectSuccess()
            try store.hako("rmi", name).expectSuccess()
        }
        let pulled = try store.output("pull", "-a", repository)
        for tag in ["v1", "v2"] { #expect(pulled.contains("\(tag): Pulling from app\n"), "\(pulled)") }
        #expect(pulled.hasSuffix("\nStatus: Downloaded newer image for \(repository)\n\(repository)"), "\(pulled)")
        let list = try store.output("images", "--format", "{{.Repository}}:{{.Tag}}", repository)
        #expect(list.split(separator: "\n").sorted() == names.map { $0[...] })
        #expect(try store.output("pull", "-aq", repository) == repository)
        let missing = try store.hako("pull", "-a", "\(registry.host)/none")
        #expect(missing.status == 1 && missing.error.contains("repository \(registry.host)/none not found"), "\(missing)")
    }
}
