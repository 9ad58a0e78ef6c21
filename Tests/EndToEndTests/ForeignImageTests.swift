import Testing
import TestSupport

/// Images as other tools make and carry them, and Hako's store as they read it.
@Suite("Images made by others", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ForeignImageTests {
    private static let hasSkopeo = Skopeo.isInstalled
    private static let hasRegistry = hasSkopeo && DockerRegistry.isInstalled
    private static let hasUmoci = hasSkopeo && Program.isInstalled("umoci")

    @Test(
        "an archive that skopeo wrote is loaded and runs", .enabled(if: hasSkopeo, "skopeo is not installed"),
        arguments: [
            ("oci-archive", []), ("oci-archive", ["--dest-compress-format", "zstd"]), ("docker-archive", []),
        ] as [(String, [String])])
    func archives(transport: String, options: [String]) throws {
        let store = try TestStore(images: [])
        let path = store.scratch.path("archive.tar")
        try Skopeo.copy(options + [try Skopeo.source, "\(transport):\(path):example.com/made/elsewhere:v1"])
        #expect(try store.output("load", "-i", path) == "Loaded image: example.com/made/elsewhere:v1")
        #expect(try store.output("run", "--rm", "example.com/made/elsewhere:v1", "echo", "runs") == "runs")
    }

    @Test("layers that are not compressed are taken as they are", .enabled(if: hasSkopeo, "skopeo is not installed"))
    func uncompressed() throws {
        let store = try TestStore(images: [])
        let (plain, path) = (store.scratch.path("plain.tar"), store.scratch.path("archive.tar"))
        try Skopeo.copy([try Skopeo.source, "docker-archive:\(plain):made/plain:v1"])
        try Skopeo.copy(["--dest-oci-accept-uncompressed-layers", "docker-archive:\(plain)", "oci-archive:\(path):made/plain:v1"])
        #expect(try store.output("load", "-q", "-i", path) == "Loaded image: made/plain:v1")
        #expect(try store.output("run", "--rm", "made/plain:v1", "echo", "runs") == "runs")
    }

    @Test(
        "what skopeo pushed to a registry is pulled and runs",
        .enabled(if: hasRegistry, "skopeo and docker-registry are not both installed"),
        arguments: [
            ["--format", "oci"], ["--format", "oci", "--dest-compress-format", "zstd"], ["--format", "v2s2"],
        ])
    func registry(options: [String]) throws {
        let registry = try DockerRegistry()
        let store = try TestStore(images: [])
        let name = "\(registry.host)/team/app:v2"
        try Skopeo.copy(["--dest-tls-verify=false"] + options + [try Skopeo.source, "docker://\(name)"])
        #expect(try store.output("pull", "-q", name) == name)
        #expect(try store.output("run", "--rm", "--pull", "never", name, "echo", "runs") == "runs")
        let digest = try store.inspect(name, "{{index .RepoDigests 0}}")
        #expect(try store.output("run", "--rm", "--pull", "never", digest, "echo", "runs") == "runs")
    }

    @Test(
        "what umoci changed, added and deleted in a layer of its own is so",
        .enabled(if: hasUmoci, "umoci and skopeo are not both installed"))
    func umoci() throws {
        let store = try TestStore(images: [])
        let (layout, bundle) = (store.scratch.path("layout"), store.scratch.path("bundle"))
        try Skopeo.copy([try Skopeo.source, "oci:\(layout):made"])
        try shell(
            """
            umoci unpack --image '\(layout):made' '\(bundle)'
            cd '\(bundle)/rootfs'
            rm bin/wget; echo new > etc/new; echo changed >> etc/passwd; mv root home; chmod 700 tmp; ln -s new etc/link
            umoci repack --image '\(layout):made' '\(bundle)'
            umoci config --image '\(layout):made' --config.user 12:34 --config.workingdir /etc --config.env A=b
            """)
        let path = store.scratch.path("archive.tar")
        try Skopeo.copy(["oci:\(layout):made", "oci-archive:\(path):made/by-umoci:v1"])
        try store.hako("load", "-i", path)
        let seen = try store.output(
            "run", "--rm", "made/by-umoci:v1", "sh", "-c",
            "id -u; id -g; pwd; echo $A; cat link; tail -1 passwd; ls -d /bin/wget /root 2>/dev/null; ls -d /home; stat -c %a /tmp")
        #expect(seen.split(separator: "\n") == ["12", "34", "/etc", "b", "new", "changed", "/home", "700"])
    }

    @Test("the store is an OCI layout to umoci and skopeo", .enabled(if: hasUmoci, "umoci and skopeo are not both installed"))
    func readByOthers() throws {
        let store = try TestStore()
        let image = "\(store.root)/content:busybox:latest"
        try shell("umoci stat --image '\(image)'")
        try shell("umoci unpack --image '\(image)' '\(store.scratch.path("bundle"))'")
        #expect(try ProgramRun.of("/bin/sh", ["-c", "ls '\(store.scratch.path("bundle"))/rootfs/bin/busybox'"]).status == 0)
        let inspected = try ProgramRun.of("/usr/bin/skopeo", ["inspect", "--config", "oci:\(image)"])
        #expect(inspected.status == 0, "\(inspected)")
        try Skopeo.copy(["oci:\(image)", "docker-archive:\(store.scratch.path("out.tar")):again:v1"])
        try store.hako("load", "-i", store.scratch.path("out.tar"))
        #expect(try store.output("run", "--rm", "again:v1", "echo", "runs") == "runs")
    }

    private func shell(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let run = try ProgramRun.of("/bin/sh", ["-ec", script])
        #expect(run.status == 0, "\(run)", sourceLocation: sourceLocation)
    }
}
