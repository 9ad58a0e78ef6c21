import Glibc
import TestSupport
import Testing

/// What the reference of Dockerfiles has, built by Hako and by a peer.
///
/// With a Docker 28 with buildx (``DockerPeer``) that peer builds the corpus, too, and what it makes is compared with the record.
/// `PODMAN` is the peer for what Docker's builder doesn't know yet. `Corpus/record` does the same and writes the record anew.
@Suite("The corpus of Dockerfiles", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct CorpusTests {
    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    @Test("is built as a peer builds it, or as the differences say", arguments: Corpus.groups)
    func hako(group: String) throws {
        let store = try TestStore(images: [])
        let differences = try Corpus.differences()
        let cases = Corpus.cases.filter { $0.hasPrefix(group + "/") }
        for (name, made) in try Corpus.build(cases, in: store).sorted(by: { $0.key < $1.key }) {
            let seen = CorpusDifference(from: try Corpus.record(of: name), to: made)
            let listed = differences[name] ?? CorpusDifference()
            #expect(
                seen.describesSame(as: listed),
                "\(name) differs from the record by:\n\(seen.text)\(listed.text.isEmpty ? "" : "and differences.txt lists:\n" + listed.text)")
        }
        #expect(try store.output("ps", "-aq") == "")
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("differs where a reason is given, and nowhere else")
    func differencesHaveReasons() throws {
        for (name, difference) in try Corpus.differences() {
            #expect(Corpus.cases.contains(name), "\(name) is no case")
            #expect(!difference.reason.isEmpty, "\(name): why?")
            #expect(!difference.text.isEmpty, "\(name): what?")
        }
    }

    @Test(
        "is built by the peer as recorded",
        .enabled(if: DockerPeer.command != nil && variable("HAKO_TEST_ALL") != nil, "HAKO_DOCKER names no Docker 28, or HAKO_TEST_ALL isn't set"))
    func peer() throws {
        let docker = try DockerPeer()
        defer { withExtendedLifetime(docker) {} }
        let run = try ProgramRun.of(
            "\(Corpus.directory)/record", ["--check"],
            environment: [
                "ENGINE": DockerPeer.command ?? "", "ENTER": DockerPeer.enter, "PODMAN": Self.variable("PODMAN") ?? "",
            ], timeoutMilliseconds: 1_800_000)
        #expect(run.status == 0, "\(run)")
    }

    @Test("has every instruction, option and form")
    func isWhole() throws {
        #expect(Corpus.cases.count >= 60)
        var text = ""
        for name in Corpus.cases {
            for file in ["Dockerfile", "base.Dockerfile", "options", "context.sh"] {
                let path = "\(Corpus.directory)/cases/\(name)/\(file)"
                if access(path, F_OK) == 0 { text += try Corpus.text("cases/\(name)/\(file)") + "\n" }
            }
        }
        for form in Self.forms { #expect(text.contains(form), "no case has \(form)") }
    }

    private static let forms = [
        "# syntax=", "# escape=", "# check=", "FROM scratch", "FROM --platform=", " AS ", "RUN [", "RUN <<", "--mount=type=bind", "--mount=type=cache",
        "--mount=type=tmpfs", "--mount=type=secret", "--mount=type=ssh", "sharing=locked", "sharing=private", "mode=", "uid=", "gid=", "env=",
        "required", "size=", ",rw", "readonly", "from=", "--network=none", "--network=host", "--security=", "COPY --from=", "--chown=", "--chmod=",
        "--link", "--parents", "--exclude=", "--checksum=", "--unpack", "COPY <<", "COPY [", "ADD $SERVER", ".git#", "ARG ", "ENV ", "LABEL ",
        "EXPOSE ", "USER ", "WORKDIR ", "VOLUME ", "STOPSIGNAL ", "HEALTHCHECK --interval", "--timeout=", "--start-period=", "--start-interval=",
        "--retries=", "HEALTHCHECK NONE", "SHELL [", "ONBUILD ", "CMD [", "ENTRYPOINT [", "MAINTAINER ", ":-", ":+", ":?", "##", "%%", "//",
        ".dockerignore", "Other.Dockerfile.dockerignore", "TARGETPLATFORM", "BUILDPLATFORM", "--build-arg", "--target", "--label", "--secret",
        "--ssh", "--build-context", "--add-host", "--shm-size", "--ulimit", "--network none", "context=-", "-f -", "SOURCE_DATE_EPOCH",
    ]
}
