import Glibc
import Linux
import Testing
import TestSupport

/// What `--cache-to` writes and `--cache-from` reads, from a user's seat, with a real registry.
@Suite(
    "A build cache outside of the store", .enabled(if: TestStore.isRunnable, TestStore.reason),
    .enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
struct ForeignCacheTests {
    private static let dockerfile = """
        FROM busybox AS one
        COPY a /a
        RUN cat /a > /made; head -c 100000 /dev/urandom > /big
        FROM busybox
        WORKDIR /app
        COPY --from=one /made ./
        RUN cat made made > twice
        """
    private static let first = ["COPY a /a", "RUN cat /a > /made; head -c 100000 /dev/urandom > /big"]
    private static let last = ["WORKDIR /app", "COPY --from=one /made ./", "RUN cat made made > twice"]

    private func build(_ store: TestStore, _ text: String = dockerfile, _ words: String...) throws -> ProgramRun {
        let directory = store.scratch.path("again")
        try Directory.create(directory)
        try FileDescriptor.openEmpty(directory + "/Dockerfile", mode: 0o644).writeAll(text)
        try store.shell("umask 022; echo a > '\(directory)/a'").expectSuccess()
        return try store.hako(["build", "-t", "made"] + words + [directory])
    }

    private func expect(_ run: ProgramRun, made steps: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try BuildSteps.made(run).sorted() == steps.sorted(), "\(run)", sourceLocation: sourceLocation)
    }

    @Test(
        "is shared by two stores: what is in it isn't done again, and the image is the same",
        arguments: ["registry", "registry,mode=max", "local", "local,mode=max", "bare", "inline"])
    func shared(_ kind: String) throws {
        let registry = try DockerRegistry()
        let (one, other) = (try TestStore(), try TestStore())
        let (name, layout) = ("\(registry.host)/team/app", one.scratch.path("cache"))
        let (to, from) =
            switch kind {
            case "bare": ("\(name):cache", "\(name):cache")
            case "inline": ("type=inline", "\(name):v1")
            case let kind where kind.hasPrefix("local"): ("type=\(kind),dest=\(layout)", "type=local,src=\(layout)")
            default: ("type=\(kind),ref=\(name):cache", "type=registry,ref=\(name):cache")
            }
        try expect(try build(one, Self.dockerfile, "--cache-to", to, "-o", "type=image,push=true,name=\(name):v1"), made: Self.first + Self.last)
        // The same build has the same image, whatever the steps are found by.
        let id = try one.inspect("made", "{{.Id}}")
        try expect(try build(one, Self.dockerfile, "--cache-to", to), made: [])
        #expect(try one.inspect("made", "{{.Id}}") == id)
        let inline = kind == "inline" ? ["--cache-to", to] : []
        let run = try other.hako(["build", "--explain", "-t", "made", "--cache-from", from] + inline + [one.scratch.path("again")])
        try expect(run, made: kind.hasSuffix("max") ? [] : Self.first)
        #expect(run.error.contains("why: cached: it was done elsewhere with all that it depends on, says the cache"), "\(run)")
        #expect(try other.inspect("made", "{{.Id}}") == id)
        #expect(try other.inspect("made", "{{.Descriptor.digest}}") == one.inspect("\(name):v1", "{{.Descriptor.digest}}"))
        #expect(try other.made("cat twice") == ["a", "a"])
        // Now it is in the store's own cache, but for the layers that nobody needed.
        if !kind.hasSuffix("max") { try expect(try other.hako(["build", one.scratch.path("again")]), made: []) }
        #expect(try other.output("system", "check") == "The store is whole.")
    }

    @Test("gives the layers that are needed, and no others")
    func lazy() throws {
        let (one, other) = (try TestStore(), try TestStore())
        let (to, from) = ("type=local,mode=max,dest=\(one.scratch.path("cache"))", "type=local,src=\(one.scratch.path("cache"))")
        try expect(try build(one, Self.dockerfile, "--cache-to", to), made: Self.first + Self.last)
        let isFetched = { (path: String) in try other.shell("ls -d \(other.root)/layers/*/fs/\(path)").status == 0 }
        try expect(try build(other, Self.dockerfile + "\nRUN id -u > user\n", "--cache-from", from), made: ["RUN id -u > user"])
        #expect(try isFetched("app/twice") && !isFetched("big") && !isFetched("a"))
        // Nothing is fetched for who only wants to hand it on within the same place.
        let again = try build(other, Self.dockerfile, "--cache-from", from, "--cache-to", to, "-o", "type=cacheonly")
        try expect(again, made: [])
        #expect(try !isFetched("a"), "\(again)")
        let copy = Self.dockerfile.replacing("/made ./", with: "/made /big ./")
        try expect(try build(other, copy, "--cache-from", from), made: ["COPY --from=one /made /big ./", "RUN cat made made > twice"])
        #expect(try isFetched("big"))
        #expect(try other.made("wc -c < big") == ["100000"])
    }

    /// Scripts that forge a cache in `$C`, an OCI layout; each with whether it is noticed before a layer is asked for.
    private static let forgeries = [
        "other content": "for f in $LAYERS; do tr a-z b-za < $f > x; cat x > $f; done",
        "fewer bytes": "for f in $LAYERS; do truncate -s 20 $f; done",
        "more bytes": "for f in $LAYERS; do echo more >> $f; done",
        "no layers": "rm $LAYERS",
        "symlinks": "for f in $LAYERS; do mv $f real; ln -s \"$PWD/real\" $f; done",
        "another config": "echo '{}' > $CONFIG",
        "no index": "echo '{' > $C/index.json",
        "other diffIDs": "forge 's[\"layers\"].reverse()'",
        "layers that aren't there": "forge 's[\"steps\"][0][\"layer\"] = 99'",
        "a negative layer": "forge 's[\"steps\"][0][\"layer\"] = -1'",
        "no keys": "forge 's[\"steps\"][0][\"keys\"] = [\"x\"]'",
        "too many keys": "forge 's[\"steps\"][0][\"keys\"] = s[\"steps\"][0][\"keys\"] * 100'",
        "layers of other places": "forge 'm[\"layers\"][0][\"urls\"] = [\"http://127.0.0.1:1/\"]'",
        "other sizes": "forge 'm[\"layers\"][0][\"size\"] += 1; m[\"layers\"][1][\"size\"] += 1; m[\"layers\"][2][\"size\"] += 1'",
        "layers that are none": "forge 'm[\"layers\"][0][\"mediaType\"] = \"text/plain\"'",
        "a huge config": "forge 'm[\"config\"][\"size\"] = 1 << 40'",
    ]

    private static let forge = """
        set -e; cd $C/blobs/sha256
        CONFIG=$(grep -l '"steps"' *); LAYERS=$(for f in *; do ! gzip -t $f 2> /dev/null || echo $f; done)
        forge() { python3 - "$C" "$CONFIG" "$1" <<'E'
        import hashlib, json, sys
        root, config, change = sys.argv[1:]
        index = json.load(open(root + "/index.json"))
        blob = lambda digest: root + "/blobs/" + digest.replace(":", "/")
        m = json.load(open(blob(index["manifests"][0]["digest"])))
        s = json.load(open(blob("sha256:" + config)))
        def write(descriptor, value):
            data = json.dumps(value).encode()
            descriptor["digest"], descriptor["size"] = "sha256:" + hashlib.sha256(data).hexdigest(), len(data)
            open(blob(descriptor["digest"]), "wb").write(data)
        size = m["config"]["size"]
        exec(change)
        forged = m["config"]["size"]
        write(m["config"], s)
        if forged != size: m["config"]["size"] = forged
        write(index["manifests"][0], m)
        json.dump(index, open(root + "/index.json", "w"))
        E
        }

        """

    @Test("that was forged is left out, and the steps are done", arguments: forgeries.keys.sorted())
    func forged(_ name: String) throws {
        let (one, other) = (try TestStore(), try TestStore())
        let path = one.scratch.path("cache")
        let dockerfile = "FROM busybox\nCOPY a /a\nRUN cat /a > /made\nWORKDIR /app\n"
        let steps = ["COPY a /a", "RUN cat /a > /made", "WORKDIR /app"]
        try expect(try build(one, dockerfile, "--cache-to", "type=local,dest=\(path)"), made: steps)
        let forging = try one.shell("C='\(path)'\n" + Self.forge + (Self.forgeries[name] ?? "false"))
        #expect(forging.status == 0, "\(forging)")
        let run = try build(other, dockerfile, "--cache-from", "type=local,src=\(path)")
        try expect(run, made: steps)
        #expect(run.error.contains("WARNING: the cache \(path) is not used"), "\(run)")
        #expect(try other.made("cat /made") == ["a"])
        #expect(try other.output("system", "check") == "The store is whole.")
        // Nothing of it is left, and a good one beside it counts.
        let third = try TestStore()
        try expect(try build(one, dockerfile, "--cache-to", "type=local,dest=\(path)2"), made: [])
        try expect(try build(third, dockerfile, "--cache-from", "type=local,src=\(path)", "--cache-from", "type=local,src=\(path)2"), made: [])
        #expect(try third.inspect("made", "{{.Id}}") == one.inspect("made", "{{.Id}}"))
    }

    @Test("counts for those alone who name it, and for nothing but what it was asked for (T-B6)")
    func trusted() throws {
        let (one, other) = (try TestStore(), try TestStore())
        let path = one.scratch.path("cache")
        let dockerfile = "FROM busybox\nCOPY a /a\nRUN echo one > /made\n"
        try expect(try build(one, dockerfile, "--cache-to", "type=local,dest=\(path)"), made: ["COPY a /a", "RUN echo one > /made"])
        // It says of every key in it, and of one more, that the layer of COPY came of it.
        let lie = #"s["steps"] = [{"keys": [k], "layer": 0, "created": "2024-01-01T00:00:00Z"} for t in s["steps"] for k in t["keys"] + ["0" * 64]]"#
        try one.shell("C='\(path)'\n" + Self.forge + "forge '\(lie)'").expectSuccess()
        try expect(try build(other, dockerfile), made: ["COPY a /a", "RUN echo one > /made"])
        let third = try TestStore()
        try expect(try build(third, "FROM busybox\nCOPY a /a\n", "--cache-from", "type=local,src=\(path)"), made: [])
        try expect(try build(third, dockerfile), made: ["RUN echo one > /made"])
    }

    @Test("that can't be had is warned of, and the build goes on")
    func missing() throws {
        let registry = try DockerRegistry()
        let store = try TestStore()
        try store.hako("tag", "busybox", "\(registry.host)/plain").expectSuccess()
        try store.hako("push", "-q", "\(registry.host)/plain").expectSuccess()
        try store.hako("rmi", "\(registry.host)/plain").expectSuccess()
        for (source, reason) in [
            ("127.0.0.1:1/app", "connection refused"), ("\(registry.host)/nothing:v1", "is not at"),
            ("\(registry.host)/plain", "without a cache: build it with --cache-to type=inline"),
            ("type=local,src=/nonexistent", "no such file or directory"), ("type=local,src=\(store.root)/content,tag=x", "has no x"),
        ] {
            let run = try build(store, "FROM busybox\nRUN echo '\(source)'\n", "--cache-from", source)
            #expect(run.status == 0 && run.error.contains("WARNING: the cache ") && run.error.contains(reason), "\(source): \(run)")
        }
        // Who needs none asks for none.
        let cached = try build(store, "FROM busybox\nRUN echo 127.0.0.1:1/app\n", "--cache-from", "127.0.0.1:1/app")
        #expect(try build(store, "FROM busybox\nRUN echo '127.0.0.1:1/app'\n", "--cache-from", "127.0.0.1:1/app").status == 0)
        #expect(cached.status == 0)
    }

    @Test("that can't be written is an error after the build, or a warning")
    func unwritable() throws {
        let store = try TestStore()
        let file = store.scratch.path("file")
        try FileDescriptor.openEmpty(file, mode: 0o644).writeAll("x")
        for destination in ["type=registry,ref=127.0.0.1:1/cache", "type=local,dest=\(file)"] {
            let failed = try build(store, "FROM busybox\nRUN echo '\(destination)'\n", "--cache-to", destination)
            #expect(failed.status == 1 && failed.error.contains("exporting cache to "), "\(failed)")
            #expect(try store.output("images", "-q", "made").split(separator: "\n").count == 1)
            let ignored = try build(store, "FROM busybox\nRUN echo '\(destination)'\n", "--cache-to", destination + ",ignore-error=true")
            #expect(ignored.status == 0 && ignored.error.contains("WARNING: the cache was not exported to "), "\(ignored)")
        }
    }

    @Test("has no secret in it, and no value of an argument (T-B7)")
    func secrets() throws {
        let store = try TestStore()
        let (secret, path) = ("secret-\(UInt64.random(in: .min ... .max))", store.scratch.path("cache"))
        try FileDescriptor.openEmpty(store.scratch.path("secret"), mode: 0o600).writeAll(secret)
        let dockerfile = """
            FROM busybox AS one
            RUN --mount=type=secret,id=s --mount=type=cache,target=/c cp /run/secrets/s /c/s; wc -c < /c/s > /size
            ARG token
            COPY a /$token
            FROM busybox
            COPY --from=one /size /
            """
        let run = try build(
            store, dockerfile, "--secret", "id=s,src=\(store.scratch.path("secret"))", "--build-arg", "token=argument-\(secret)", "--cache-to",
            "type=local,mode=max,compression=uncompressed,dest=\(path)")
        #expect(run.status == 0, "\(run)")
        // The name of the file that COPY made is in its layer, as was asked for; nothing else says it.
        let found = try store.shell(
            """
            cd '\(path)'; for f in index.json blobs/*/*; do
              if tar tf $f > /dev/null 2>&1; then tar xOf $f | grep -a '\(secret)'; else grep -a '\(secret)' $f; fi
            done
            """)
        #expect(found.text.isEmpty, "\(found)")
    }

    @Test("with options that say nothing, or what there isn't, is refused in clear words")
    func options() throws {
        let store = try TestStore(images: [])
        for (words, message) in [
            (["--cache-to", "type=s3,bucket=x"], "unknown cache type \"s3\". There are inline, local, registry."),
            (["--cache-from", "type=azblob"], "unknown cache type \"azblob\""),
            (["--cache-to", "type=registry"], "ref is required for --cache-to type=registry"),
            (["--cache-from", "type=local"], "src is required for --cache-from type=local"),
            (["--cache-to", "type=local"], "dest is required for --cache-to type=local"),
            (["--cache-from", "type=inline"], "A cache in an image is found by the image's name"),
            (["--cache-to", "type=inline,mode=all"], "--cache-to has no mode \"all\". There are min and max."),
            (["--cache-to", "a/b:c,d=e"], "invalid value a/b:c"),
            (["--cache-to", "type=registry,ref=a,unknown=1"], "--cache-to type=registry has no attribute \"unknown\""),
            (["--cache-to", "type=registry,ref=A"], "invalid reference \"A\" of --cache-to"),
            (["--cache-to", "type=inline,ignore-error=perhaps"], "is neither true nor false"),
        ] {
            let run = try build(store, "FROM scratch\nLABEL a=b\n", words[0], words[1])
            #expect(run.status == 1 && run.error.contains(message), "\(words): \(run)")
        }
    }
}
