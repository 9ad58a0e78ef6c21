import Linux
import Testing
import TestSupport

@Suite("Options of build", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildOptionTests {
    @Test("that can't be taken are told in the words of Docker's client")
    func refused() throws {
        let store = try TestStore(images: [])
        let directory = store.scratch.path("context")
        try store.build("FROM scratch\nLABEL a=b\n", "-q").expectSuccess()
        let socket = store.scratch.path("context/Dockerfile")
        for (options, message) in [
            (["-t", "UPPER"], "failed to build: invalid tag \"UPPER\": repository name must be lowercase"),
            (["--secret", "foo"], "invalid field 'foo' must be a key=value pair"),
            (["--secret", "src=/etc/hosts"], "failed to build: secret missing ID"),
            (["--secret", "id=a,src=/nope"], "failed to build: failed to stat /nope: stat /nope: no such file or directory"),
            (["--secret", "id=a,target=/x"], "unexpected key 'target' in 'target=/x'"),
            (["--progress", "foo"], "invalid progress mode foo"),
            (["--progress", "tty"], "failed to get console: provided file is not a console"),
            (["-q", "--progress", "plain"], "progress=plain and quiet cannot be used together"),
            (["--platform", "foo/bar/baz/x"], "failed to build: \"foo/bar/baz/x\": "),
            (["--network", "foo"], "failed to build: network mode \"foo\" not supported"),
            (["--allow", "foo"], "failed to build: unknown entitlement foo"),
            (["--add-host", "foo"], "failed to build: invalid host foo"),
            (["--add-host", "foo:bar"], "failed to build: invalid host foo:bar"),
            (["--no-cache", "--no-cache-filter", "x"], "failed to build: --no-cache and --no-cache-filter cannot currently be used together"),
            (["-o", "type=local"], "failed to build: dest is required for local exporter"),
            (["-o", "dest=x,name=y"], "type is required for output"), (["-o", "x,dest=y"], "invalid value x"),
            (["-o", "type=local,dest=" + socket], "failed to build: destination directory \(socket) is a file"),
            (["-o", "type=tar,dest=/tmp"], "failed to build: destination file /tmp is a directory"),
            (["-o", "-", "-o", "type=oci"], "failed to build: multiple outputs configured to write to stdout"),
            (["-o", "type=zip,dest=x"], "failed to build: failed to solve: exporter \"zip\" could not be found"),
            (["-o", "out", "--iidfile", "x"], "local and tar exporters are incompatible with image ID file"),
            (["--push"], "failed to build: tag is needed when pushing to registry"),
            (["--build-arg", "=x"], "invalid key-value pair \"=x\": empty key"),
            (["--label", "="], "invalid key-value pair \"=\": empty key"),
            (["--annotation", "x"], "failed to build: parse annotations: invalid annotation \"x\", expected key=value"),
            (["--annotation", "foo:x=y"], "failed to build: parse annotations: unknown annotation type \"foo\""),
            (["--annotation", "Index[:x=y"], "failed to build: parse annotations: invalid annotation type \"Index[\""),
            (["--build-context", "x"], "invalid context value: x, expected key=value"),
            (["--build-context", "UP=."], "invalid context name UP: invalid reference format: repository name (library/UP) must be lowercase"),
            (["--build-context", "up=/nope"], "failed to build: failed to get build context up: stat /nope: no such file or directory"),
            (["--cache-from", "foo=bar"], "type required for \"foo=bar\""),
            (["--cache-to", "type=gha"], "failed to build: unknown cache type \"gha\""),
            (["--ssh", "id=" + socket], "\(socket) is no socket"),
            (["--call", "foo"], "failed to build: failed to solve: unsupported request frontend.foo"),
            (["--call", "check,x=y"], "invalid print field: x=y"),
            (["--attest", "x"], "invalid value x"),
            (["--sbom", "true"], "failed to build: Attestation is not supported"),
            (["--builder", "mine"], "no builder \"mine\" found"),
            (["--build-arg", "SOURCE_DATE_EPOCH=abc"], "failed to build: failed to solve: invalid SOURCE_DATE_EPOCH: abc: strconv.ParseInt"),
        ] {
            let run = try store.hako(["build"] + options + [directory])
            #expect(run.status == 1 && run.error.contains(message) && run.output.isEmpty, "\(options): \(run)")
        }
        for (options, message) in [
            (["--foo"], "unknown flag: --foo"), (["--shm-size", "x"], "invalid argument \"x\" for \"--shm-size\" flag: invalid size: 'x'"),
            (["--ulimit", "x"], "invalid argument \"x\" for \"--ulimit\" flag: invalid ulimit argument: x"),
            (["-m", "x"], "invalid argument \"x\" for \"-m, --memory\" flag: invalid size: 'x'"),
            (["--memory-swap", "x"], "invalid argument \"x\" for \"--memory-swap\" flag: invalid size: 'x'"),
        ] {
            let run = try store.hako(["build"] + options + [directory])
            #expect(run.status == 125 && run.error.contains(message), "\(options): \(run)")
        }
        // The one that was made before.
        #expect(try store.output("images", "-q").split(separator: "\n").count == 1)
    }

    @Test("that ask for what is done anyway are taken, and the old ones with Docker's warnings")
    func accepted() throws {
        let store = try TestStore(images: [])
        let old = try store.build(
            "FROM scratch\nLABEL a=b\n", "-q", "--compress", "--rm=false", "--force-rm", "--squash", "--isolation", "x", "--security-opt", "y")
        #expect(
            old.status == 0
                && old.error == """
                    WARNING: isolation flag is deprecated with BuildKit.
                    WARNING: security-opt flag is deprecated. "RUN --security=insecure" should be used with BuildKit.
                    WARNING: experimental flag squash is removed with BuildKit. You should squash inside build using a multi-stage Dockerfile for efficiency.

                    """, "\(old)")
        let plain = try store.build(
            "FROM scratch\nLABEL a=b\n", "-q", "--provenance=false", "--sbom", "false", "--builder", "default", "--platform", "linux/amd64", "--add-host",
            "a=1.2.3.4", "--add-host", "b:[::1]", "--ulimit", "nofile=10:20", "--allow", "network.host", "--memory-swap", "-1", "--secret",
            "id=x,env=HOME", "--no-cache-filter", "one,two")
        #expect(plain.status == 0 && plain.error.isEmpty, "\(plain)")
    }

    @Test("give the environment's and the user's values to build arguments")
    func arguments() throws {
        let store = try TestStore(images: [])
        let dockerfile = "FROM scratch\nARG A\nARG B=own\nARG HTTP_PROXY\nARG SOURCE_DATE_EPOCH\nLABEL l=\"$A|$B|$HTTP_PROXY|$SOURCE_DATE_EPOCH\"\n"
        let config = store.scratch.path("docker")
        try Directory.create(config)
        try FileDescriptor.openEmpty(config + "/config.json", mode: 0o644).writeAll(
            #"{"proxies":{"default":{"httpProxy":"http://proxy:1"}}}"#)
        try store.build(
            dockerfile, "-q", "-t", "made", "--build-arg", "A", "--build-arg", "B", "--build-arg", "MISSING",
            environment: "env -u B A=there SOURCE_DATE_EPOCH=7 DOCKER_CONFIG='\(config)'"
        ).expectSuccess()
        #expect(try store.inspect("made", "{{.Config.Labels.l}}") == "there|own|http://proxy:1|7")
        #expect(try store.inspect("made", "{{.Created}}") == "1970-01-01T00:00:07Z")
        try store.build(dockerfile, "-q", "-t", "made", "--reproducible").expectSuccess()
        #expect(try store.inspect("made", "{{.Config.Labels.l}} {{.Created}}") == "|own||0 1970-01-01T00:00:00Z")
        try store.build(
            dockerfile, "-q", "-t", "made", "--reproducible", "--build-arg", "SOURCE_DATE_EPOCH=9", environment: "SOURCE_DATE_EPOCH=7"
        ).expectSuccess()
        #expect(try store.inspect("made", "{{.Created}}") == "1970-01-01T00:00:09Z")
    }

    @Test("find the Dockerfile and its ignore file, and say what isn't there")
    func files() throws {
        let store = try TestStore(images: [])
        let directory = store.scratch.path("context")
        try store.build("FROM scratch\nCOPY . /\n", context: "echo x > x; mkdir sub; cp Dockerfile sub/other; echo '*' > sub/other.dockerignore", "-q").expectSuccess()
        let missing = try store.hako("build", store.scratch.path("nope"))
        #expect(
            missing.status == 1
                && missing.error == "hako: failed to build: unable to prepare context: path \"\(store.scratch.path("nope"))\" not found\n", "\(missing)")
        let noFile = try store.hako("build", "-f", "/nope/other", directory)
        #expect(noFile.status == 1 && noFile.error.contains("failed to read dockerfile: open other: no such file or directory"), "\(noFile)")
        let noDefault = try store.hako("build", directory + "/sub")
        #expect(noDefault.status == 1 && noDefault.error.contains("failed to read dockerfile: open Dockerfile: no such file or directory"), "\(noDefault)")
        let ignored = try store.hako("build", "-f", directory + "/sub/other", "-q", "-t", "ignored", directory)
        #expect(ignored.status == 0, "\(ignored)")
        // All is ignored: the layer holds nothing.
        let other = try store.hako("build", "-f", directory + "/Dockerfile", "-q", directory)
        #expect(other.status == 0 && other.text != ignored.text, "\(other)")
        try store.shell("cd '\(directory)' && mv Dockerfile dockerfile").expectSuccess()
        #expect(try store.hako("build", "-q", directory).status == 0)
        try store.shell("cd '\(directory)' && echo '[a' > .dockerignore").expectSuccess()
        let pattern = try store.hako("build", directory)
        #expect(pattern.status == 1 && pattern.error.contains("syntax error in pattern"), "\(pattern)")
        for words in [["-f", "-", "-"], ["-f", "x", "-"]] {
            let run = try store.hako(["build"] + words)
            #expect(run.status == 1 && run.error.contains(words[1] == "-" ? "can't use stdin for both" : "ambiguous Dockerfile source"), "\(run)")
        }
    }

    @Test("write the image's id, and leave no old one when the build fails")
    func imageIDFile() throws {
        let store = try TestStore(images: [])
        let file = store.scratch.path("id")
        let made = try store.build("FROM scratch\nLABEL a=b\n", "-q", "--iidfile", file)
        #expect(made.status == 0, "\(made)")
        #expect(try FileDescriptor.contents(of: file) == Array(made.text.utf8))
        #expect(try store.build("FROM scratch\nCOPY nope /\n", "-q", "--iidfile", file).status == 1)
        #expect((try? FileDescriptor.status(of: file)) == nil)
        let refused = try store.build("FROM scratch\nLABEL a=b\n", "-q", "--iidfile", "/nope/x")
        #expect(refused.status == 1 && refused.error == "hako: writing image ID file: open /nope/x: no such file or directory\n", "\(refused)")
    }
}
