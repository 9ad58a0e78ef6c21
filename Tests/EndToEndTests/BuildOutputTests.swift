import Glibc
import Linux
import OCI
import Testing
import TestSupport

/// Where a build's result goes.
@Suite("A build's result", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildOutputTests: ~Copyable {
    let scratch: Scratch
    let store: TestStore

    init() throws {
        let scratch = try Scratch()
        let store = try TestStore()
        self.scratch = scratch
        self.store = store
    }

    private static let dockerfile = """
        FROM busybox AS base
        FROM scratch
        COPY --chown=5:6 <<A /d/a
        text
        A
        COPY --chmod=4711 <<B /b
        B
        COPY <<C /d/c
        second layer
        C

        """

    private func listing(_ directory: String) throws -> [String] {
        let run = try ProgramRun.of("/bin/sh", ["-c", "cd '\(directory)' && find . -mindepth 1 -printf '%P %y %m %U:%G\\n' | sort"])
        return run.lines
    }

    @Test("is written as files, which belong to root, over what is there, and leaves no image")
    func local() throws {
        let out = scratch.path("out")
        try scratch.add("out/d/a", "old")
        try scratch.add("out/kept", "kept")
        try store.build(Self.dockerfile, "-t", "made", "-o", out).expectSuccess()
        #expect(try listing(out) == ["b f 4711 0:0", "d d 755 0:0", "d/a f 644 0:0", "d/c f 644 0:0", "kept f 644 0:0"])
        #expect(try FileDescriptor.contents(of: out + "/d/a") == Array("text\n".utf8))
        #expect(try store.output("images", "-q", "-a").split(separator: "\n").count == 1)
        #expect(try store.hako("inspect", "made").status == 1)
    }

    @Test("is written as an archive, with the owners of the image, to a file or to standard output")
    func tar() throws {
        let file = scratch.path("out.tar")
        try store.build(Self.dockerfile, "-o", "type=tar,dest=\(file)").expectSuccess()
        let members = try ProgramRun.of("/usr/bin/tar", ["--numeric-owner", "-tvf", file]).lines.map { line in
            line.split(separator: " ").enumerated().filter { [0, 1, 5].contains($0.offset) }.map(\.element).joined(separator: " ")
        }
        #expect(members == ["-rws--x--x 0/0 b", "drwxr-xr-x 5/6 d/", "-rw-r--r-- 5/6 d/a", "-rw-r--r-- 0/0 d/c"])
        let piped = try store.build(Self.dockerfile, "-o", "-")
        piped.expectSuccess()
        #expect(piped.outputBytes == (try FileDescriptor.contents(of: file)))
    }

    @Test(
        "is an archive that others read, as an OCI layout or as Docker's", .enabled(if: Skopeo.isInstalled, "skopeo is not installed"),
        arguments: ["oci", "docker"])
    func archives(kind: String) throws {
        let file = scratch.path("\(kind).tar")
        try store.build(Self.dockerfile, "-t", "x/made:1", "-o", "type=\(kind),dest=\(file)").expectSuccess()
        #expect(try store.hako("inspect", "x/made:1").status == 1)
        let other = try TestStore(images: [])
        #expect(try other.output("load", "-i", file) == "Loaded image: x/made:1")
        let run = try ProgramRun.of("/usr/bin/skopeo", ["inspect", "--config", "\(kind)-archive:\(file)"])
        #expect(run.status == 0 && run.output.contains("COPY"), "\(run)")
        let directory = scratch.path("layout")
        try store.build(Self.dockerfile, "-o", "type=oci,tar=false,dest=\(directory)").expectSuccess()
        #expect(access(directory + "/oci-layout", F_OK) == 0 && access(directory + "/blobs/sha256", F_OK) == 0)
    }

    @Test("is told of in files: its id, its digests and names")
    func files() throws {
        let (id, metadata) = (scratch.path("id"), scratch.path("metadata"))
        try store.build(Self.dockerfile, "-t", "made", "--iidfile", id, "--metadata-file", metadata).expectSuccess()
        let text = String(decoding: try FileDescriptor.contents(of: id), as: UTF8.self)
        let document = try JSON(parsing: FileDescriptor.contents(of: metadata))
        #expect(try store.inspect("made", "{{.Id}}") == text)
        #expect(document["containerimage.config.digest"]?.string == text)
        #expect(try document["containerimage.digest"]?.string == store.inspect("made", "{{.Descriptor.digest}}"))
        #expect(document["image.name"]?.string == "docker.io/library/made:latest")
    }

    @Test("has the annotations that are asked for")
    func annotations() throws {
        try store.build(Self.dockerfile, "-t", "made", "--annotation", "a=1", "--annotation", "manifest:b=2").expectSuccess()
        let digest = try store.inspect("made", "{{.Descriptor.digest}}").dropFirst("sha256:".count)
        let manifest = try JSON(parsing: FileDescriptor.contents(of: store.root + "/content/blobs/sha256/\(digest)"))
        #expect(manifest["annotations"] == ["a": "1", "b": "2"])
    }

    @Test("of several platforms is an index, each platform with its own; a RUN for another processor says what is missing")
    func platforms() throws {
        let file = scratch.path("oci.tar")
        let dockerfile = "FROM scratch\nARG TARGETARCH\nCOPY <<A /arch\n$TARGETARCH\nA\n"
        let both = ["--platform", "linux/amd64,linux/arm64"]
        try store.build(dockerfile, both[0], both[1], "-o", "type=oci,dest=\(file)", "-t", "made").expectSuccess()
        let index = try ProgramRun.of("/bin/sh", ["-c", "cd '\(scratch.root)' && tar xf oci.tar && cat index.json"])
        let entry = try #require(try JSON(parsing: index.outputBytes)["manifests"]?.array?.first)
        let digest = try #require(entry["digest"]?.string).dropFirst("sha256:".count)
        let inner = try JSON(parsing: FileDescriptor.contents(of: scratch.path("blobs/sha256/\(digest)")))
        #expect(inner["manifests"]?.array?.compactMap { $0["platform"]?["architecture"]?.string } == ["amd64", "arm64"])
        let out = scratch.path("out")
        try store.build(dockerfile, both[0], both[1], "-o", out).expectSuccess()
        #expect(try listing(out).map { $0.split(separator: " ")[0] } == ["linux_amd64", "linux_amd64/arch", "linux_arm64", "linux_arm64/arch"])
        #expect(try FileDescriptor.contents(of: out + "/linux_arm64/arch") == Array("arm64\n".utf8))
        let run = try store.build("FROM scratch\nRUN [\"/x\"]\n", "--platform", "linux/s390x")
        #expect(run.status == 1 && run.error.contains("binfmt_misc has no interpreter for s390x"), "\(run)")
    }

    @Test(
        "is pushed, with the digest that is told of, and of several platforms as a whole",
        .enabled(if: Skopeo.isInstalled && DockerRegistry.isInstalled, "skopeo and docker-registry are not both installed"))
    func pushed() throws {
        let registry = try DockerRegistry()
        func digest(_ name: String) throws -> String {
            let run = try ProgramRun.of("/usr/bin/skopeo", ["inspect", "--raw", "--tls-verify=false", "docker://\(name)"])
            #expect(run.status == 0, "\(run)")
            let sum = try ProgramRun.of("/usr/bin/sha256sum", [], input: run.outputBytes)
            return "sha256:" + sum.text.prefix(64)
        }
        let metadata = scratch.path("metadata")
        for platform in ["linux/amd64", "linux/amd64,linux/arm64"] {
            let name = "\(registry.host)/app:v1"
            try store.build(Self.dockerfile, "--platform", platform, "--push", "-t", name, "--metadata-file", metadata).expectSuccess()
            let document = try JSON(parsing: FileDescriptor.contents(of: metadata))
            #expect(try document["containerimage.digest"]?.string == digest(name), "\(platform)")
        }
        let arm = try ProgramRun.of(
            "/usr/bin/skopeo", ["inspect", "--config", "--override-arch", "arm64", "--tls-verify=false", "docker://\(registry.host)/app:v1"])
        #expect(arm.status == 0 && arm.output.contains("arm64"), "\(arm)")
    }
}
