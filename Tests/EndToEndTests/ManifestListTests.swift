import Linux
import OCI
import Testing
import TestSupport

/// One name for images of several platforms, put together of what a registry has.
@Suite(
    "Manifest lists",
    .enabled(if: TestStore.isRunnable && DockerRegistry.isInstalled, "\(TestStore.reason), or docker-registry is not installed"))
struct ManifestListTests {
    /// Docker's client; nil where it is one that knows nothing of OCI's manifests, or none.
    private static let docker: String? = Program.path("docker").flatMap { path in
        let version = (try? Program.run(path, "--version"))?.split(separator: " ").dropFirst(2).first?.split(separator: ".").first
        return version.flatMap { Int($0) }.map { $0 >= 25 } == true ? path : nil
    }

    /// A registry with `app:amd64` and `other:arm64`, of one layer.
    private func registry(_ store: borrowing TestStore) throws -> DockerRegistry {
        let registry = try DockerRegistry()
        let context = try Scratch(["Dockerfile": .file(Array("FROM scratch\nCOPY file /file\n".utf8)), "file": .file([0x78])])
        for (name, platform) in [("app:amd64", "linux/amd64"), ("other:arm64", "linux/arm64")] {
            try store.hako("build", "-q", "--platform", platform, "-t", "\(registry.host)/\(name)", context.root).expectSuccess()
            try store.hako("push", "-q", "\(registry.host)/\(name)").expectSuccess()
        }
        return registry
    }

    @Test("lead to images of several platforms, those of another repository too")
    func list() throws {
        let store = try TestStore()
        let config = try Scratch()
        let registry = try registry(store)
        let (list, amd64, arm64) = ("\(registry.host)/app:1", "\(registry.host)/app:amd64", "\(registry.host)/other:arm64")
        func manifest(_ words: String...) throws -> ProgramRun { try store.hako(["--config", config.root, "manifest"] + words) }

        #expect(try manifest("create", list, amd64).text == "Created manifest list \(list)")
        let again = try manifest("create", list, arm64)
        #expect(again.status == 1 && again.error.contains("refusing to amend an existing manifest list with no --amend flag"), "\(again)")
        #expect(try manifest("create", "-a", list, arm64).text == "Created manifest list \(list)")
        try manifest("annotate", list, arm64, "--variant", "v8", "--os-features", "a,b", "--os-features", "b").expectSuccess()
        for words in [["--arch", "abacus"], ["--os", "none"]] {
            #expect(try store.hako(["--config", config.root, "manifest", "annotate", list, arm64] + words).error.contains("unsupported os/arch combination"))
        }
        let pushed = try manifest("push", list)
        pushed.expectSuccess()
        let lines = pushed.text.split(separator: "\n").map(String.init)
        #expect(lines.count == 2 && lines[0].hasPrefix("Pushed ref \(registry.host)/app@sha256:") && lines[1].hasPrefix("sha256:"), "\(pushed)")

        // The registry has it whole: its other image is in the list's repository now.
        let index = try ImageIndex(json: JSON(parsing: Array(manifest("inspect", list).output.utf8)))
        #expect(index.manifests.map { $0.platform?.description } == ["linux/amd64", "linux/arm64/v8"])
        #expect(index.manifests.last?.platform?.osFeatures == ["a", "b"])
        try manifest("rm", list).expectSuccess()
        let there = try ImageIndex(json: JSON(parsing: Array(manifest("inspect", list).output.utf8)))
        #expect(there.manifests == index.manifests)
        try store.hako("rmi", "-f", amd64, arm64).expectSuccess()
        try store.hako("pull", "-q", "--platform", "linux/arm64", list).expectSuccess()
        #expect(try store.output("image", "inspect", "-f", "{{.Architecture}}", list) == "arm64")
    }

    @Test("are refused where they make no sense, and nothing is left of them")
    func refused() throws {
        let store = try TestStore()
        let config = try Scratch()
        let registry = try registry(store)
        let (list, amd64) = ("\(registry.host)/app:1", "\(registry.host)/app:amd64")
        func error(_ words: String...) throws -> String {
            let run = try store.hako(["--config", config.root, "manifest"] + words)
            #expect(run.status != 0, "\(words): \(run)")
            return run.error
        }
        #expect(try error("create", list, amd64, "\(registry.host)/app:none").contains("no such manifest: \(registry.host)/app:none"))
        #expect(try error("push", list).contains("No such manifest: \(list)"))
        #expect(try error("annotate", list, amd64, "--arch", "arm").contains("manifest for image \(amd64) does not exist in \(list)"))
        let missing = try error("rm", list, "x")
        for name in [list, "docker.io/library/x:latest"] { #expect(missing.contains("No such manifest: \(name)"), "\(missing)") }
        #expect(try error("create", "A:B", amd64).contains("error parsing name for manifest list A:B: invalid reference format"))
        try store.hako(["--config", config.root, "manifest", "create", "localhost:1/app", amd64]).expectSuccess()
        #expect(
            try error("push", "localhost:1/app").contains(
                "cannot use source images from a different registry than the target image: \(registry.host) != localhost:1"))
        try store.hako(["--config", config.root, "manifest", "create", list, amd64]).expectSuccess()
        try store.hako(["--config", config.root, "manifest", "push", "-p", list]).expectSuccess()
        #expect(try error("create", "localhost:1/more", list).contains("\(list) is a manifest list"))
        #expect(try FileDescriptor.directory(config.path("manifests")).names().map(\.description) == ["localhost-1_app-latest"])
    }

    @Test("are Docker's own: its client goes on with them, and comes to the same digest", .enabled(if: docker != nil, "there is no Docker client of 25 or later"))
    func shared() throws {
        let store = try TestStore()
        let config = try Scratch()
        let registry = try registry(store)
        let list = "\(registry.host)/app:1"
        let options = ["--config", config.root, "manifest"]
        let program = try #require(Self.docker)
        func docker(_ words: String...) throws -> ProgramRun { try ProgramRun.of(program, options + words) }
        func hako(_ words: String...) throws -> ProgramRun { try store.hako(options + words) }

        try hako("create", list, "\(registry.host)/app:amd64").expectSuccess()
        try docker("create", "--insecure", "--amend", list, "\(registry.host)/other:arm64").expectSuccess()
        try hako("annotate", list, "\(registry.host)/app:amd64", "--os-version", "1.2").expectSuccess()
        #expect(try hako("inspect", list).output == docker("inspect", list).output)
        #expect(try hako("inspect", "-v", list).output == docker("inspect", "-v", list).output)
        let own = try hako("push", list)
        own.expectSuccess()
        #expect(try docker("push", "--insecure", list).output == own.output)
    }
}
