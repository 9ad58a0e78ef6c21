import Glibc
import Linux
import Testing
import TestSupport

/// A store of a test's own, driven through the programs as shipped; gone with all its containers, links and rules when this
/// value goes.
final class TestStore {
    let scratch: Scratch
    let environment: [String: String]

    /// Where `make build` puts the programs; `Scripts/test` says it.
    static let programs = getenv("HAKO_BIN").map { String(cString: $0) }
    /// The first three bytes of a network that no other process of tests has.
    static let subnet = "10.\(200 + Int(getpid()) % 50).\(Int(getpid()) / 50 % 250)"
    static let reason: Comment = "HAKO_BIN names no programs that can start a container, or this is not root"

    /// Whether a container of these programs starts at all. Until Hako's own runtime is whole, this says what is missing.
    static let isRunnable: Bool = {
        guard programs != nil, geteuid() == 0, let store = try? TestStore(),
            let run = try? store.hako("run", "--rm", "--network", "none", "busybox", "true")
        else { return false }
        if run.status != 0 { print("no container starts: \(run)") }
        return run.status == 0
    }()

    /// - Parameter images: Names of images to load: `busybox`, `nginx`.
    init(images: [String] = ["busybox"], environment: [String: String] = [:]) throws {
        let scratch = try Scratch()
        self.environment = environment.merging(
            ["HAKO_ROOT": scratch.path("root"), "HAKO_RUN_ROOT": scratch.path("run")]) { own, _ in own }
        self.scratch = scratch
        for image in images {
            let loaded = try hako("load", "-q", "-i", try TestImages.archive(image))
            #expect(loaded.status == 0, "loading \(image): \(loaded)")
        }
    }

    deinit {
        // The last line of a test's clean-up: what it says is for people.
        let run = try? hako("system", "reset", "--force")
        if run?.status != 0 {
            print("the test's store \(scratch.root) could not be removed: \(String(describing: run))")
        }
    }

    /// Runs `hako` with these words.
    @discardableResult
    func hako(_ words: String..., input: String = "") throws -> ProgramRun { try hako(words, input: Array(input.utf8)) }

    func hako(_ words: [String], input: [UInt8] = []) throws -> ProgramRun {
        try ProgramRun.of((Self.programs ?? "") + "/hako", words, input: input, environment: environment)
    }

    /// Runs it and expects success; its output without the last line end.
    func output(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let run = try hako(words)
        #expect(run.status == 0, "hako \(words.joined(separator: " ")): \(run)", sourceLocation: sourceLocation)
        return run.text
    }

    func output(_ words: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let run = try hako(words)
        #expect(run.status == 0, "hako \(words.joined(separator: " ")): \(run)", sourceLocation: sourceLocation)
        return run.text
    }

    /// Runs a shell's script, to which `$HAKO` is the program.
    func shell(_ script: String) throws -> ProgramRun {
        let variables = environment.merging(["HAKO": (Self.programs ?? "") + "/hako"]) { own, _ in own }
        return try ProgramRun.of("/bin/bash", ["-c", script], environment: variables, timeoutMilliseconds: 300_000)
    }

    /// Loads an image made of tars; each script writes one layer's to standard output, in a directory of its own.
    ///
    /// - Parameter config: The members of the image's `config`.
    func load(_ name: String, layers: [String], config: String = plainConfig) throws {
        let run = try loading(name, layers: layers, config: config)
        #expect(run.status == 0, "\(run)")
    }

    static let plainConfig = #""Env":["PATH=/bin"]"#

    /// The same for an image that may be refused.
    func loading(_ name: String, layers: [String], config: String = plainConfig) throws -> ProgramRun {
        let directory = scratch.path("image-" + name)
        var script = "set -e; mkdir -p '\(directory)'; cd '\(directory)'; ids=; names=\n"
        for (index, layer) in layers.enumerated() {
            script += """
                mkdir -p tree\(index); (cd tree\(index); \(layer)) > \(index).tar
                ids="$ids,\\"sha256:$(sha256sum < \(index).tar | cut -d' ' -f1)\\""; names="$names,\\"\(index).tar\\""

                """
        }
        script += """
            printf '{"architecture":"amd64","os":"linux","config":{%s},' '\(config)' > config.json
            echo "\\"rootfs\\":{\\"type\\":\\"layers\\",\\"diff_ids\\":[${ids#,}]}}" >> config.json
            printf '[{"Config":"config.json","RepoTags":["\(name):latest"],"Layers":[%s]}]' "${names#,}" > manifest.json
            tar cf image.tar manifest.json config.json *[0-9].tar
            "$HAKO" load -q -i image.tar
            """
        return try shell(script)
    }

    /// A layer with a shell.
    static let shellLayer = """
        mkdir bin; cp /bin/busybox bin/; for n in sh ls cat echo true sleep id grep; do ln -s busybox bin/$n; done; tar c .
        """

    /// Puts the hostile program where containers can have it as `/attack/container-probe`; the option for that.
    func probe() throws -> [String] {
        let path = scratch.path("attack/container-probe")
        try Directory.create(scratch.path("attack"))
        let program = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o755)
        try program.writeAll(try FileDescriptor.contents(of: Attacker.program))
        try program.changeMode(0o755)
        return ["-v", scratch.path("attack") + ":/attack:ro"]
    }

    var root: String { scratch.path("root") }
    var runRoot: String { scratch.path("run") }

    /// One value of a container, by a template.
    func inspect(_ name: String, _ template: String) throws -> String { try output("inspect", "-f", template, name) }
}

/// The images of tests: made once of Debian's packages, kept for the next run.
enum TestImages {
    static let directory = "/var/tmp/hako-test-images"

    /// An archive of an image, tagged NAME:latest.
    static func archive(_ name: String) throws -> String {
        let path = "\(directory)/\(name).oci.tar"
        guard access(path, R_OK) != 0 else { return path }
        // Tests run at the same time, in processes too: one makes it.
        try Directory.create(directory)
        let lock = try FileDescriptor.open(directory + "/lock", flags: O_RDWR | O_CREAT)
        try RecordLock.acquireWaiting(byte: 0, of: lock)
        defer { withExtendedLifetime(lock) {} }
        guard access(path, R_OK) != 0 else { return path }
        let script = "\(TestStore.programs ?? "")/../Scripts/images"
        let made = try ProgramRun.of("/bin/bash", [script, directory, name], timeoutMilliseconds: 600_000)
        #expect(made.status == 0, "\(made)")
        let copied = try ProgramRun.of(
            "/usr/bin/skopeo",
            [
                "copy", "-q", "--insecure-policy", "oci:\(directory)/\(name):latest",
                "oci-archive:\(path).new:\(name):latest",
            ])
        #expect(copied.status == 0, "\(copied)")
        guard rename(path + ".new", path) == 0 else {
            throw SystemCallError("rename", on: path, Errno(rawValue: errno))
        }
        return path
    }
}

/// Waits for what must come to be; generously, as a machine may be slow. The caller's expectation then says what did not.
func waitUntil(_ condition: () throws -> Bool) rethrows {
    for _ in 0..<1000 {
        if try condition() { return }
        usleep(10_000)
    }
}

extension String {
    /// How often a text stands in it.
    func count(of text: String) -> Int { split(separator: text, omittingEmptySubsequences: false).count - 1 }
}

extension ProgramRun {
    func expectSuccess() { #expect(status == 0, "\(self)") }
}
