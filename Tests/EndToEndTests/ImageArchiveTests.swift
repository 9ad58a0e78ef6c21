import Glibc
import Linux
import TestSupport
import Testing

@Suite("Saved and imported images", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ImageArchiveTests {
    /// Peers beside a daemon, which take seconds each.
    private static let allTests = getenv("HAKO_TEST_ALL") != nil

    private func shell(_ store: TestStore, _ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let run = try store.shell("set -e -o pipefail; cd \(store.scratch.root)\n" + script)
        #expect(run.status == 0, "\(run)", sourceLocation: sourceLocation)
        return run.text
    }

    @Test("save writes the same archive to a file and to a pipe, whole or not at all, and not to a terminal")
    func saved() throws {
        let store = try TestStore()
        let sums = try shell(
            store, "$HAKO save busybox | sha256sum; $HAKO save -o a.tar busybox; sha256sum < a.tar; stat -c %a a.tar; ls *.tmp 2> /dev/null || :")
        let lines = sums.split(separator: "\n")
        #expect(lines.count == 3 && lines[0] == lines[1] && lines[2] == "600", "\(sums)")
        let failed = try store.hako("save", "-o", store.scratch.path("a.tar"), "busybox", "nothing")
        #expect(failed.status == 1 && failed.error.contains("No such image: nothing:latest"), "\(failed)")
        #expect(try shell(store, "sha256sum < a.tar; ls") == "\(lines[0])\na.tar\nroot\nrun")
        let nowhere = try store.hako("save", "-o", "/nonexistent/a.tar", "busybox")
        #expect(nowhere.status == 1 && nowhere.error.contains("failed to save image: invalid output path"), "\(nowhere)")
        let terminal = try TerminalRun.of("'\(TestStore.programs ?? "")/hako' save busybox", environment: store.environment)
        #expect(terminal.status == 1)
        #expect(terminal.output.contains("cowardly refusing to save to a terminal. Use the -o flag or redirect"), "\(terminal)")
        let events = try store.output("events", "--since", "1h", "--until", "0s", "-f", "event=save", "--format", "{{.Actor.ID}}")
        #expect(events == (try store.inspect("busybox", "{{.Id}}\n{{.Id}}")))
    }

    @Test("what save wrote is loaded by another store with its digest, compressed or not", arguments: ["cat", "gzip", "zstd -q"])
    func moved(compressor: String) throws {
        let (store, other) = (try TestStore(), try TestStore(images: []))
        try store.hako("tag", "busybox", "example.com/again:v1").expectSuccess()
        _ = try shell(store, "$HAKO save busybox example.com/again:v1 | \(compressor) > a")
        let loaded = try other.output("load", "-i", store.scratch.path("a"))
        #expect(loaded == "Loaded image: busybox:latest\nLoaded image: example.com/again:v1")
        #expect(try other.inspect("busybox", "{{.Id}} {{.Descriptor.digest}}") == store.inspect("busybox", "{{.Id}} {{.Descriptor.digest}}"))
        #expect(try other.output("run", "--rm", "busybox", "echo", "runs") == "runs")
    }

    @Test(
        "podman loads what save wrote, and hako what podman saved",
        .enabled(if: allTests && Program.isInstalled("podman"), "HAKO_TEST_ALL isn't set, or podman isn't installed"),
        arguments: ["docker-archive", "oci-archive"])
    func podman(format: String) throws {
        let (store, other) = (try TestStore(), try TestStore(images: []))
        let id = try store.inspect("busybox", "{{.Id}}")
        let seen = try shell(
            store,
            """
            podman="podman --root $PWD/podman --runroot $PWD/podman-run --storage-driver vfs --cgroup-manager cgroupfs --events-backend file"
            trap '$podman system reset -f > /dev/null 2>&1; rm -rf podman podman-run' EXIT
            $HAKO save -o a.tar busybox
            $podman load -q -i a.tar > /dev/null
            $podman inspect -f '{{.Id}}' docker.io/library/busybox:latest
            $podman save -q --format \(format) -o b.tar docker.io/library/busybox:latest
            """)
        #expect("sha256:" + seen == id)
        #expect(try other.output("load", "-i", store.scratch.path("b.tar")) == "Loaded image: busybox:latest")
        #expect(try other.inspect("busybox", "{{.Id}}") == id)
        #expect(try other.output("run", "--rm", "busybox", "echo", "runs") == "runs")
    }

    @Test("import makes an image of a tree's archive, from a file, a pipe or an address, with what -c says")
    func imported() throws {
        let store = try TestStore(images: [])
        _ = try shell(store, "mkdir -p tree/bin; cp /bin/busybox tree/bin/; ln -s busybox tree/bin/sh; ln -s busybox tree/bin/id; tar c -C tree . | gzip > tree.tar.gz")
        let path = store.scratch.path("tree.tar.gz")
        let id = try store.output(
            "import", "-m", "by a test", "-c", "CMD [\"sh\", \"-c\", \"id -u; echo $A\"]", "-c", "ENV A=\"b c\" D=e", "--change", "USER 12:34",
            "-c", "EXPOSE 80", "-c", "LABEL x=y", "-c", "WORKDIR /tmp", path, "example.com/made:v1")
        #expect(id == (try store.inspect("example.com/made:v1", "{{.Id}}")))
        #expect(try store.output("run", "--rm", "example.com/made:v1") == "12\nb c")
        #expect(
            try store.inspect(id, "{{json .Config.Env}} {{json .Config.ExposedPorts}} {{json .Config.Labels}} {{.Config.WorkingDir}} {{.Comment}}")
                == #"["A=b c","D=e"] {"80/tcp":{}} {"x":"y"} /tmp by a test"#)
        let piped = try shell(store, "zcat tree.tar.gz | $HAKO import - piped")
        #expect(try store.output("run", "--rm", "piped", "sh", "-c", "echo runs") == "runs")
        #expect(try store.inspect(piped, "{{.Comment}}") == "Imported from -")
        let bytes = try FileDescriptor.contents(of: path)
        let liar = try Liar { _, connection in try connection.answer(200, body: bytes) }
        defer { liar.stop() }
        let address = "http://\(liar.host)/tree.tar.gz"
        let fetched = try store.output("import", address)
        #expect(fetched.split(separator: "\n").first == "Downloading from \(address)")
        #expect(fetched.split(separator: "\n").last?.hasPrefix("sha256:") == true)
        let events = try store.output("events", "--since", "1h", "--until", "0s", "-f", "event=import", "--format", "{{.Actor.Attributes.name}}")
        #expect(events.split(separator: "\n").prefix(2) == ["example.com/made:v1", "piped:latest"])
    }

    @Test("import says what is wrong with a file, a name, a change or an address")
    func importErrors() throws {
        let store = try TestStore(images: [])
        _ = try shell(store, "mkdir tree; tar cf tree.tar tree; echo nonsense > nonsense; head -c 700 tree.tar > cut.tar")
        let liar = try Liar { _, connection in try connection.answer(404) }
        defer { liar.stop() }
        for (words, said) in [
            (["/nonexistent"], "no such file"), ([store.scratch.path("nonsense")], "import the archive"),
            ([store.scratch.path("cut.tar")], "import the archive"), ([store.scratch.path("tree.tar"), "UPPER"], "must be lowercase"),
            (["-c", "RUN true", store.scratch.path("tree.tar")], "RUN is not a valid change command"),
            (["-c", "ENV", store.scratch.path("tree.tar")], "ENV requires at least one argument"),
            (["http://\(liar.host)/x"], "status 404"),
        ] {
            let run = try store.hako(["import"] + words)
            #expect(run.status == 1 && run.error.contains(said), "\(words): \(run)")
        }
        #expect(try store.output("images", "-aq") == "")
        try store.expectNothingLeft()
    }
}
