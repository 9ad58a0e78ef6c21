import Linux
import Testing
import TestSupport

@Suite("Building an image", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildTests {
    @Test("changes the configuration instruction by instruction, and the history tells of each as BuildKit does")
    func configuration() throws {
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            MAINTAINER Somebody
            ARG A=1 B
            ENV E=x F="y z"
            LABEL l=1
            EXPOSE 80 53/udp
            VOLUME /v
            USER nobody
            WORKDIR /w
            WORKDIR sub
            STOPSIGNAL SIGINT
            SHELL ["/bin/sh", "-ec"]
            HEALTHCHECK --interval=5s CMD exit 0
            ENTRYPOINT top
            CMD ["-d", "1"]
            ONBUILD COPY a /a
            COPY f /w/
            """, context: "touch f")
        let template = """
            {{json .Config.Env}} {{json .Config.Labels}} {{json .Config.ExposedPorts}} {{json .Config.Volumes}} {{.Config.User}} \
            {{.Config.WorkingDir}} {{.Config.StopSignal}} {{json .Config.Shell}} {{json .Config.Healthcheck}} {{json .Config.Entrypoint}} \
            {{json .Config.Cmd}} {{json .Config.OnBuild}} {{.Author}} {{len .RootFS.Layers}}
            """
        #expect(
            try store.inspect("made", template) == """
                ["PATH=/bin","E=x","F=y z"] {"l":"1"} {"53/udp":{},"80/tcp":{}} {"/v":{}} nobody /w/sub SIGINT ["/bin/sh","-ec"] \
                {"Test":["CMD-SHELL","exit 0"],"Interval":5000000000} ["/bin/sh","-ec","top"] ["-d","1"] ["COPY a /a"] Somebody 4
                """)
        let history = try store.history(of: "made")
        let expected = [
            "MAINTAINER Somebody -", "ARG A=1 B -", "ENV E=x F=y z -", "LABEL l=1 -", "EXPOSE [53/udp 80/tcp] -", "VOLUME [/v] -", "USER nobody -",
            "WORKDIR /w +", "WORKDIR /w/sub +", "STOPSIGNAL SIGINT -", "SHELL [/bin/sh -ec] -",
            #"HEALTHCHECK &{["CMD-SHELL" "exit 0"] "5s" "0s" "0s" "0s" '\x00'} -"#,
            #"ENTRYPOINT ["/bin/sh" "-ec" "top"] -"#, #"CMD ["-d" "1"] -"#, "COPY f /w/ # buildkit +",
        ]
        #expect(history.suffix(expected.count) == expected[...])
    }

    @Test("makes what WORKDIR names for the user in effect, and nothing where it is there")
    func workingDirectory() throws {
        let store = try TestStore()
        try store.make("FROM busybox\nWORKDIR /tmp\nUSER nobody\nWORKDIR a/b\nUSER 5:6\nWORKDIR /c\nWORKDIR /\n")
        #expect(try store.files("/tmp /c") == ["/c d 755 5:6", "/tmp d 1777 0:0", "/tmp/a d 755 65534:65534", "/tmp/a/b d 755 65534:65534"])
        #expect(try store.history(of: "made").suffix(4) == ["WORKDIR /tmp/a/b +", "USER 5:6 -", "WORKDIR /c +", "WORKDIR / -"])
    }

    @Test("has ARGs from the command line, of the platform, and before FROM")
    func arguments() throws {
        let store = try TestStore()
        let run = try store.build(
            "ARG BASE=nothing\nFROM ${BASE}\nARG NAME=default\nARG TARGETARCH\nENV A=$NAME-$TARGETARCH\nARG FROM_ENVIRONMENT\nENV B=$FROM_ENVIRONMENT C=$BASE\n",
            "-t", "made", "--build-arg", "BASE=busybox", "--build-arg", "NAME=given", "--build-arg", "FROM_ENVIRONMENT", "--label", "x=y",
            environment: "FROM_ENVIRONMENT=there")
        #expect(run.status == 0, "\(run)")
        #expect(try store.inspect("made", "{{index .Config.Env 1}} {{index .Config.Env 2}} {{index .Config.Env 3}} {{json .Config.Labels}}") == #"A=given-amd64 B=there C= {"x":"y"}"#)
    }

    @Test("builds the target and what it needs, and no other stage")
    func stages() throws {
        let store = try TestStore()
        let dockerfile = """
            FROM busybox AS base
            ENV V=1
            ONBUILD COPY a /triggered
            FROM nowhere.invalid/none AS unused
            COPY missing /
            FROM base AS Middle
            COPY a /a
            FROM scratch AS last
            COPY --from=middle /a /triggered /
            """
        #expect(try store.build(dockerfile, context: "touch a", "-q", "-t", "made").status == 0)
        #expect(try store.inspect("made", "{{len .RootFS.Layers}} {{json .Config.Env}}").hasPrefix("1 "))
        #expect(try store.build(dockerfile, context: "touch a", "-q", "-t", "made", "--target", "middle").status == 0)
        #expect(try store.files("/a /triggered") == ["/a f 644 0:0", "/triggered f 644 0:0"])
        let none = try store.build(dockerfile, context: "touch a", "--target", "mddle")
        #expect(none.status == 1 && none.error.contains("target stage \"mddle\" could not be found (did you mean middle?)"), "\(none)")
    }

    @Test("carries out a base's triggers first, once")
    func triggers() throws {
        let store = try TestStore()
        #expect(try store.build("FROM busybox\nONBUILD COPY a /a\nONBUILD ENV T=1\n", context: "touch a", "-q", "-t", "base").status == 0)
        try store.make("FROM base\nENV U=$T\n", context: "touch a")
        #expect(try store.files("/a") == ["/a f 644 0:0"])
        #expect(try store.inspect("made", "{{json .Config.OnBuild}} {{index .Config.Env 2}}") == "null U=1")
        #expect(try store.build("FROM made\n", "-q").status == 0)
    }

    @Test("of scratch without files is an image without layers")
    func empty() throws {
        let store = try TestStore()
        try store.make("FROM scratch\nLABEL a=b\nCMD [\"/x\"]\n")
        #expect(try store.inspect("made", "{{len .RootFS.Layers}} {{.Config.WorkingDir}} {{json .Config.Cmd}}") == #"0 / ["/x"]"#)
        #expect(try store.output("system", "check") == "The store is whole.")
        #expect(try store.build("FROM made\nCOPY a /\n", context: "touch a", "-q").status == 0)
    }

    @Test("gives all its names, an id file, and prints the id alone where it is asked to be quiet")
    func names() throws {
        let store = try TestStore()
        let file = store.scratch.path("iid")
        let run = try store.build("FROM busybox\nLABEL a=b\n", "-q", "-t", "one", "-t", "example.org/two:v2", "--iidfile", file)
        #expect(run.status == 0 && run.error.isEmpty, "\(run)")
        #expect(run.text.utf8.count == 71 && run.text.hasPrefix("sha256:"))
        #expect(try FileDescriptor.contents(of: file) == Array(run.text.utf8))
        for name in ["one", "example.org/two:v2"] { #expect(try store.inspect(name, "{{.Id}}") == run.text) }
        let unnamed = try store.build("FROM busybox\nLABEL a=c\n", "-q")
        #expect(try store.output("images", "-q", "--no-trunc", "-f", "dangling=true") == unnamed.text)
        for words in [["image", "build"], ["builder", "build"], ["buildx", "build"]] {
            #expect(try store.output(words + ["-q", store.scratch.path("context")]) == unnamed.text)
        }
    }

    @Test("reads the Dockerfile from elsewhere or from standard input, and leaves out what .dockerignore says")
    func context() throws {
        let store = try TestStore()
        let script = "printf '*\\n!a.txt\\n' > .dockerignore; touch a.txt b.txt; mkdir sub; printf 'FROM busybox\\nCOPY . /c/\\n' > sub/other"
        let directory = store.scratch.path("context")
        #expect(try store.build("FROM busybox\n", context: script, "-q", "-f", directory + "/sub/other", "-t", "made").status == 0)
        #expect(try store.made("ls -A /c") == ["a.txt"])
        let input = try store.hako("build", "-q", "-t", "made", "-f", "-", directory, input: "FROM busybox\nCOPY a.txt /only\n")
        #expect(input.status == 0, "\(input)")
        #expect(try store.made("ls /only") == ["/only"])
        #expect(try store.hako("build", "-q", "-", input: "FROM busybox\nENV A=b\n").status == 0)
        let ignored = try store.hako("build", "-f", "-", directory, input: "FROM busybox\nCOPY b.txt /\n")
        #expect(ignored.status == 1 && ignored.error.contains("\"/b.txt\": not found"), "\(ignored)")
        #expect(ignored.error.contains(".dockerignore excludes it"), "\(ignored)")
    }

    @Test(
        "says what is wrong with the input, where, and builds nothing",
        arguments: [
            ("FROM busybox\nRUNN x\n", "", "unknown instruction: RUNN (did you mean RUN?)"),
            ("FROM busybox AS one\nCOPY --from=two a /\nFROM busybox AS two\nFROM one\n", "", "cannot copy from stage \"two\", it needs to be defined before current stage"),
            ("FROM a AS a\nCOPY --from=a x /\n", "", "circular dependency detected on stage: a"),
            ("FROM busybox\nCOPY <<EOF /x\nno end\n", "", "unterminated heredoc"),
            ("FROM ${NONE}\n", "", "base name (${NONE}) should not be blank"),
            ("FROM busybox\nENV A=${B:?must be set}\n", "", "must be set"),
            ("FROM busybox\nCOPY ../../../etc/passwd /\n", "", "\"/etc/passwd\": not found"),
            ("FROM busybox\nCOPY link /\n", "ln -s /etc/passwd link", "\"/link\": not found"),
            ("FROM busybox\nCOPY d/x /\n", "ln -s /etc d", "\"/d/x\": not found"),
            ("FROM busybox\nCOPY loop /\n", "ln -s loop loop", "too many levels of symbolic links"),
            ("FROM busybox\nCOPY --chmod=999 a /\n", "touch a", "invalid chmod parameter: '999'"),
            ("FROM busybox\nCOPY --from=none.invalid/x a /\n", "", "failed to resolve source metadata for none.invalid/x:latest"),
            ("FROM BUSYBOX@x\n", "", "invalid reference format"),
            ("FROM busybox\n\u{0}\u{1}\u{2}\n", "", ""), ("", "", "the Dockerfile cannot be empty"), ("# nothing\n", "", "file with no instructions"),
        ])
    func badInput(dockerfile: String, context: String, message: String) throws {
        let store = try TestStore()
        let run = try store.build(dockerfile, context: context, "-t", "made")
        #expect(run.status == 1 && run.error.contains(message), "\(run)")
        #expect(run.error.contains("failed to build: "), "\(run)")
        #expect(try store.output("images", "-q").split(separator: "\n").count == 1)
        try store.expectNothingLeft()
    }

    @Test("needs a context and a Dockerfile")
    func missing() throws {
        let store = try TestStore()
        let path = store.scratch.path("nowhere")
        let none = try store.hako("build", path)
        #expect(none.status == 1 && none.error.contains("path \"\(path)\" not found"), "\(none)")
        try Directory.create(path)
        let file = try store.hako("build", path)
        #expect(file.status == 1 && file.error.contains("failed to read dockerfile: open Dockerfile: no such file or directory"), "\(file)")
        let long = try store.build("FROM busybox\nENV A=" + String(repeating: "x", count: 65536) + "\n")
        #expect(long.status == 1 && long.error.contains("dockerfile line greater than max allowed size of 65535"), "\(long.error.suffix(300))")
    }
}
