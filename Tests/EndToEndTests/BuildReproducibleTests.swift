import Glibc
import Linux
import Testing
import TestSupport

/// What a build with an epoch makes depends on its input, and on nothing else.
@Suite("A reproducible build", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildReproducibleTests {
    /// Stages that wait for one another, and all ways in which files get into a layer.
    private static let dockerfile = """
        FROM busybox AS first
        ARG SOURCE_DATE_EPOCH
        WORKDIR /made/below
        RUN mkdir d && echo "$SOURCE_DATE_EPOCH" > d/f && ln d/f linked && ln -s f d/s && mkfifo pipe && touch -d @5 old
        FROM busybox AS second
        RUN --mount=type=cache,target=/cache --mount=type=bind,target=/context mkdir /out && cp -r /context/b /out/ && echo x > /cache/x
        FROM busybox
        COPY --exclude=archive.tar.gz . /all/
        COPY --chown=5:6 --chmod=640 a /some/where/
        COPY --link b /linked
        ADD archive.tar.gz /unpacked/
        ADD old /added
        RUN rm -r /all/b && mkdir /all/b && echo new > /all/b/new && rm /all/a && chmod 700 /some && mv /added /moved
        COPY --from=first /made /made
        COPY --from=second /out /
        COPY <<EOF /text
        text
        EOF
        ENV A=b
        HEALTHCHECK --interval=5s CMD true
        CMD ["sh"]

        """

    /// Where and how it is built.
    private struct Place {
        var directory: String
        /// Of the context's files, later than any epoch here.
        var time: String
        var owner: String
        /// In which order they are made, and so listed by the file system.
        var names: [String]
    }

    private static let places = [
        Place(directory: "context", time: "2024-02-03 04:05:06.7", owner: "0:0", names: ["a", "b/c", "b/d", "z/é"]),
        Place(directory: "else/where/of another name", time: "now", owner: "77:88", names: ["z/é", "b/d", "b/c", "a"]),
    ]

    /// Builds it in a place; the digests of what came of it.
    private func build(
        _ dockerfile: String, in place: Place, _ store: TestStore, _ options: String, environment: String
    ) throws -> [String] {
        let (context, out) = (store.scratch.path(place.directory), store.scratch.path("out"))
        let run = try store.shell(
            """
            set -e; umask 022; rm -rf '\(out)' '\(context)'; mkdir -p '\(out)' '\(context)'; cd '\(context)'
            for name in \(place.names.joined(separator: " ")); do mkdir -p "$(dirname $name)"; echo "this is $name" > $name; done
            ln b/c b/linked; ln -s ../a b/link; echo old > old
            tar czf archive.tar.gz --sort=name --mtime='\(place.time)' a b
            cat > Dockerfile <<'DOCKERFILE'
            \(dockerfile)DOCKERFILE
            chown -R \(place.owner) .; find . -exec touch -h -d '\(place.time)' {} +; touch -d @1000 old
            build() { \(environment) "$HAKO" build \(options) "$@" . > '\(out)/log' 2>&1 || { cat '\(out)/log' >&2; exit 1; }; }
            cd '\(context)'
            build -t made --iidfile '\(out)/id' --metadata-file '\(out)/metadata' -o type=image -o type=oci,dest='\(out)/oci.tar' \
              -o type=docker,dest='\(out)/docker.tar'
            build -o type=tar,dest='\(out)/files.tar'
            cd '\(out)'
            echo "id $(cat id)"
            grep -o '"containerimage[^{}]*"sha256:[0-9a-f]*"' metadata
            sha256sum *.tar
            """)
        #expect(run.status == 0, "\(run)")
        return run.lines + [try store.inspect("made", "{{.Id}} {{.Descriptor.digest}} {{.Created}}")]
    }

    /// The digest of the same with compressed layers, as they stay in that store from then on.
    private func compress(in place: Place, _ store: TestStore, _ build: String) throws -> String {
        let context = store.scratch.path(place.directory)
        let run = try store.shell(
            "cd '\(context)'; set -o pipefail; \(build) -o type=oci,compression=gzip,dest=- . | sha256sum")
        #expect(run.status == 0, "\(run)")
        return run.text
    }

    @Test(
        "is the same, byte for byte, in another store, of a context elsewhere whose files have other times, at another time",
        arguments: [
            ("SOURCE_DATE_EPOCH=1700000000", "", "", "2023-11-14T22:13:20Z"),
            ("", "--build-arg SOURCE_DATE_EPOCH=1700000000", "", "2023-11-14T22:13:20Z"),
            ("", "--reproducible", "", "1970-01-01T00:00:00Z"),
            ("", "--reproducible", "ARG BASE=17000000\nARG SOURCE_DATE_EPOCH=${BASE}00\n", "2023-11-14T22:13:20Z"),
        ])
    func reproducible(environment: String, options: String, arguments: String, created: String) throws {
        var (results, compressed): ([[String]], [String]) = ([], [])
        for place in Self.places {
            let store = try TestStore()
            let start = time(nil)
            // Nor is it of interest what the store has.
            for cache in ["", " --no-cache"] {
                results.append(
                    try build(arguments + Self.dockerfile, in: place, store, options + cache, environment: environment))
            }
            compressed.append(try compress(in: place, store, "\(environment) $HAKO build \(options)"))
            waitUntil { time(nil) != start }
        }
        #expect(compressed[0] == compressed[1])
        #expect(results[0].count == 7 && results[0].last?.hasSuffix(" " + created) == true, "\(results[0])")
        for result in results { #expect(result == results[0]) }
    }

    @Test("takes its epoch from the command line, else from a global ARG, and from no ARG of a stage")
    func epochs() throws {
        let store = try TestStore(images: [])
        func created(_ dockerfile: String, _ options: String..., environment: String = "") throws -> String {
            let directory = store.scratch.path("context")
            let words = (["build", "-q", "-t", "made"] + options).joined(separator: " ")
            let run = try store.shell(
                """
                set -e; mkdir -p '\(directory)'; printf '%s' '\(dockerfile)' > '\(directory)/Dockerfile'
                \(environment) $HAKO \(words) '\(directory)'
                """)
            guard run.status == 0 else { return run.error }
            return try store.inspect("made", "{{.Created}} {{.Config.Labels.l}}")
        }
        let global = "ARG SOURCE_DATE_EPOCH=7\nFROM scratch\nARG SOURCE_DATE_EPOCH\nLABEL l=$SOURCE_DATE_EPOCH\n"
        #expect(try created(global) == "1970-01-01T00:00:07Z 7")
        #expect(try created(global, "--build-arg", "SOURCE_DATE_EPOCH=8") == "1970-01-01T00:00:08Z 8")
        #expect(try created(global, environment: "SOURCE_DATE_EPOCH=9") == "1970-01-01T00:00:09Z 9")
        #expect(try created(global, "--reproducible") == "1970-01-01T00:00:07Z 7")
        // Given as nothing it is the time of now.
        #expect(try !created(global, "--build-arg", "SOURCE_DATE_EPOCH=").hasPrefix("1970"))
        #expect(try !created("FROM scratch\nARG SOURCE_DATE_EPOCH=7\nLABEL l=x\n").hasPrefix("1970"))
        let syntax = try created("ARG SOURCE_DATE_EPOCH=soon\nFROM scratch\n")
        #expect(syntax.contains("invalid SOURCE_DATE_EPOCH: soon: strconv.ParseInt"), "\(syntax)")
        let range = try created(global, "--build-arg", "SOURCE_DATE_EPOCH=99999999999")
        #expect(range.contains("parsing \"99999999999\": value out of range"), "\(range)")
    }
}
