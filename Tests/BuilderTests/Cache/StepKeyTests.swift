import Builder
import Glibc
import Linux
import TestSupport
import Testing

@Suite("Which steps a change remakes")
struct StepKeyTests {
    private static let text = """
        FROM base
        ARG VERSION=1
        WORKDIR /app
        COPY lib /app/lib
        RUN make lib
        COPY main.c run.sh ./
        RUN make all
        """

    private func rehearsal() throws -> Rehearsal {
        try Rehearsal(["lib/a.c": "a", "lib/sub/b.c": "b", "main.c": "main", "run.sh": "run", "other": "x"])
    }

    @Test("none without a change, and after one of times, comments, layout, case, or files that nobody reads")
    func nothing() throws {
        var build = try rehearsal()
        let first = try build.build(Self.text)
        #expect(first.made.count == 5)
        #expect(try build.build(Self.text).made.isEmpty)
        try FileDescriptor.open(build.scratch.path("context/main.c")).setTimes(accessed: nil, modified: FileTime(seconds: 77))
        try FileDescriptor.directory(build.scratch.path("context/lib")).setTimes(accessed: nil, modified: FileTime(seconds: 77))
        try build.add("other", "y")
        let other = Self.text.replacing("RUN make", with: "# a comment\nrun  make").replacing("main.c run.sh", with: "main.c \\\n  run.sh")
        let again = try build.build(other, arguments: ["UNDECLARED": "1", "HTTP_PROXY": "http://proxy"])
        #expect(again.made.isEmpty)
        #expect(again.layers == first.layers)
    }

    @Test("that step and those behind it, whatever it is of a file")
    func files() throws {
        var build = try rehearsal()
        try build.build(Self.text)
        let last = ["COPY main.c run.sh ./", "RUN make all"]
        try build.add("main.c", "changed")
        #expect(try build.build(Self.text).made == last)
        try build.mode("run.sh", 0o755)
        #expect(try build.build(Self.text).made == last)
        // Back to what was there before.
        try build.mode("run.sh", 0o644)
        #expect(try build.build(Self.text).made.isEmpty)
        let all = ["COPY lib /app/lib", "RUN make lib"] + last
        try build.mode("lib/sub", 0o711)
        #expect(try build.build(Self.text).made == all)
        try build.add("lib/new", "")
        #expect(try build.build(Self.text).made == all)
        try build.remove("lib/new")
        try build.mode("lib/sub", 0o700)
        #expect(try build.build(Self.text).made.isEmpty)
    }

    @Test("RUN, and not COPY before it, for a variable that it sees")
    func variables() throws {
        var build = try rehearsal()
        try build.build(Self.text)
        let behind = ["RUN make lib", "COPY main.c run.sh ./", "RUN make all"]
        #expect(try build.build(Self.text, arguments: ["VERSION": "2"]).made == behind)
        #expect(try build.build(Self.text, arguments: ["VERSION": "2"]).made.isEmpty)
        #expect(try build.build(Self.text, arguments: ["VERSION": "1"]).made.isEmpty)
        // ENV with the same value as an ARG is the same to a command.
        #expect(try build.build(Self.text.replacing("ARG VERSION=1", with: "ENV VERSION=1")).made.isEmpty)
        #expect(try build.build(Self.text.replacing("ARG VERSION=1", with: "ENV VERSION=3")).made == behind)
        #expect(try build.build(Self.text.replacing("WORKDIR", with: "LABEL a=b\nCMD x\nEXPOSE 80\nWORKDIR")).made.isEmpty)
        #expect(try build.build(Self.text.replacing("COPY lib", with: "USER 5\nCOPY lib")).made == behind)
    }

    @Test("all that are on it, for the base's layers; for its variables those that see them")
    func base() throws {
        var build = try rehearsal()
        try build.build(Self.text)
        build.environment = ["A=b"]
        #expect(try build.build(Self.text).made.first == "RUN make lib")
        build.base = [try build.newLayer()]
        #expect(try build.build(Self.text).made.count == 5)
        build.platform = "linux/arm64"
        #expect(try build.build(Self.text).made.count == 5)
        build.epoch = 5
        #expect(try build.build(Self.text).made.count == 5)
        #expect(try build.build(Self.text).made.isEmpty)
    }

    @Test("never a linked COPY, for what it is put on")
    func linked() throws {
        var build = try rehearsal()
        let text = "FROM base\nRUN a\nCOPY --link main.c /x"
        try build.build(text)
        build.base = [try build.newLayer()]
        #expect(try build.build(text).made == ["RUN a"])
        #expect(try build.build(text.replacing("/x", with: "/y")).made == ["COPY --link main.c /y"])
    }

    @Test("what says how a command runs and where files go", arguments: [
        ("RUN x", "RUN  x y"), ("RUN x", "RUN [\"x\"]"), ("RUN x", "SHELL [\"/bin/bash\", \"-c\"]\nRUN x"), ("RUN x", "RUN --network=none x"),
        ("RUN x", "RUN --mount=type=cache,target=/c x"), ("RUN --mount=type=cache,target=/c x", "RUN --mount=type=cache,target=/c,id=d x"),
        ("RUN --mount=type=bind,source=lib,target=/m x", "RUN --mount=type=bind,source=main.c,target=/m x"),
        ("RUN <<E\na\nE", "RUN <<E\nb\nE"), ("RUN <<E\n#!/bin/a\nE", "RUN <<E\n#!/bin/b\nE"), ("WORKDIR /a", "WORKDIR /b"),
        ("COPY main.c /x", "COPY main.c /x/"), ("COPY main.c /x", "COPY --chown=5 main.c /x"), ("COPY main.c /x", "COPY --chmod=600 main.c /x"),
        ("COPY lib/sub /x", "COPY --parents lib/sub /x"), ("COPY main.c /x", "ADD main.c /x"), ("COPY main.c x", "WORKDIR /w\nCOPY main.c x"),
        ("COPY <<E /x\na\nE", "COPY <<E /x\nb\nE"), ("COPY <<E /x/\na\nE", "COPY <<F /x/\na\nF"), ("ADD main.c /x", "ADD --unpack=false main.c /x"),
    ])
    func other(_ before: String, _ after: String) throws {
        var build = try rehearsal()
        try build.build("FROM base\n" + before)
        let report = try build.build("FROM base\n" + after)
        // The last step, that is: what stands before it may be made, too.
        #expect(report.made.last.map { after.contains($0.split(separator: " ")[0] + " ") } == true)
        #expect(report.layers.count == report.made.count + 1)
        #expect(try build.build("FROM base\n" + before).made.isEmpty)
    }

    @Test("not those for which only the value of a secret, an address or a limit is other")
    func unseen() throws {
        var build = try rehearsal()
        let text = "FROM base\nRUN --mount=type=secret,id=s --mount=type=bind,source=lib,target=/m x"
        build.settings.hosts = ["a:10.0.0.1"]
        try build.build(text)
        build.settings.hosts = ["a:10.0.0.2"]
        build.settings.memory = 1 << 30
        #expect(try build.build(text).made.isEmpty)
        build.settings.hosts = ["b:10.0.0.2"]
        #expect(try build.build(text).made.count == 1)
        build.settings.limits = ["nofile=1:2"]
        #expect(try build.build(text).made.count == 1)
        build.settings.network = .none
        #expect(try build.build(text).made.count == 1)
        try build.add("lib/a.c", "changed")
        #expect(try build.build(text).made.count == 1)
        #expect(try build.build(text).made.isEmpty)
    }
}
