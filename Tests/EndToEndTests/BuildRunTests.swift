import Glibc
import Linux
import Testing
import TestSupport

@Suite("A RUN of a build", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildRunTests {
    @Test("makes a layer of what it writes, and the history says what it was")
    func image() throws {
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            ARG A=1
            RUN echo one > /f && chown 7:8 /f && chmod 4755 /f
            RUN ["touch", "/g"]
            USER nobody
            RUN <<EOF
            echo $A > /tmp/h
            EOF
            """)
        #expect(try store.files("/f /g /tmp/h") == ["/f f 4755 7:8", "/g f 644 0:0", "/tmp/h f 644 65534:65534"])
        #expect(try store.made("cat /f /tmp/h") == ["one", "1"])
        #expect(
            try store.history(of: "made").suffix(6) == [
                "ARG A=1 -", "RUN |1 A=1 /bin/sh -c echo one > /f && chown 7:8 /f && chmod 4755 /f # buildkit +", "RUN |1 A=1 touch /g # buildkit +",
                "USER nobody -", "RUN |1 A=1 /bin/sh -c echo $A > /tmp/h", " # buildkit +",
            ])
    }

    @Test("has the network that containers have, unless it wants none")
    func network() throws {
        let store = try TestStore()
        let run = try store.build("FROM busybox\nRUN cat /sys/class/net/eth0/operstate; ls /sys/class/net\nRUN --network=none ls /sys/class/net | tr '\\n' ,\n")
        #expect(run.status == 0 && run.error.contains(" up\n") && run.error.contains(" lo,"), "\(run)")
    }

    @Test("that fails tells its exit code and what it printed last")
    func failure() throws {
        let store = try TestStore()
        let run = try store.build("FROM busybox\nRUN true\nRUN echo last words; exit 3\n")
        #expect(run.status == 1)
        #expect(run.error.contains("process \"/bin/sh -c echo last words; exit 3\" did not complete successfully: exit code: 3"), "\(run)")
        #expect(run.error.contains("last words"))
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test("runs beside those of other stages")
    func stages() throws {
        let store = try TestStore()
        // Each waits for the other.
        let dockerfile = """
            FROM busybox AS one
            RUN --mount=type=cache,id=x,target=/c touch /c/one; until [ -e /c/two ]; do sleep 0.02; done; echo 1 > /one
            FROM busybox AS two
            RUN --mount=type=cache,id=x,target=/c touch /c/two; until [ -e /c/one ]; do sleep 0.02; done; echo 2 > /two
            FROM busybox
            COPY --from=one /one /
            COPY --from=two /two /
            """
        try store.make(dockerfile)
        #expect(try store.made("cat /one /two") == ["1", "2"])
    }

    @Test("of two builds at once that want a cache for themselves runs after the other's")
    func lockedCache() throws {
        let store = try TestStore()
        let mount = "--mount=type=cache,id=x,target=/c,sharing=locked"
        let file = { (name: String) in
            "FROM busybox\nRUN \(mount) echo \(name) begins >> /c/log; sleep 0.3; echo \(name) ends >> /c/log\n"
        }
        let script = """
            cd '\(store.scratch.root)'; mkdir -p a b; printf '%s' '\(file("a"))' > a/Dockerfile; printf '%s' '\(file("b"))' > b/Dockerfile
            "$HAKO" build a & a=$!; "$HAKO" build b & b=$!; wait $a && wait $b
            """
        let run = try store.shell(script)
        #expect(run.status == 0, "\(run)")
        let log = try String(decoding: FileDescriptor.contents(of: try #require(Self.cacheDirectories(store).first) + "/data/log"), as: UTF8.self)
        let lines = log.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.count == 4 && lines.map { $0[1] } == ["begins", "ends", "begins", "ends"] && lines[0][0] == lines[1][0], "\(log)")
    }

    private static func cacheDirectories(_ store: TestStore) throws -> [String] {
        let root = store.root + "/build-cache/mounts"
        return try FileDescriptor.directory(root).names().map { "\(root)/\($0)" }
    }

    @Test("finds the context in a mount without what is ignored, as root's, and what it writes there is gone")
    func contextMount() throws {
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            RUN --mount=type=bind,target=/src ls -A /src > /list; stat -c %u:%g /src/d/f >> /list; touch /src/x 2>/dev/null || echo fixed >> /list
            RUN --mount=type=bind,source=d,target=/src,rw --mount=type=bind,source=d/f,target=/one cat /src/f /one >> /list; echo y > /src/new && cat /src/new >> /list
            """, context: "mkdir d; echo f > d/f; chown 5:6 d/f; touch secret; echo secret > .dockerignore")
        #expect(try store.made("cat /list") == [".dockerignore", "Dockerfile", "d", "0:0", "fixed", "f", "f", "y"])
        #expect(try store.made("ls -d /src /one 2>/dev/null || true") == [""])
        #expect(access(store.scratch.path("context/d/new"), F_OK) != 0)
    }

    // MARK: Killed builds

    /// Begins a build of a step that goes on until it is killed; the build's pid, once the step runs.
    @Test("reads the copy of the context that another step has read, and writes to one of its own")
    func sharedContextMount() throws {
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            RUN --mount=type=bind,target=/src stat -c %i /src/f > /one
            RUN --mount=type=bind,target=/other stat -c %i /other/f > /two
            RUN --mount=type=bind,target=/src,rw stat -c %i /src/f > /three; echo written > /src/f
            RUN --mount=type=bind,target=/src cat /src/f > /four
            """, context: "echo given > f")
        #expect(try store.made("cmp /one /two && ! cmp -s /one /three && cat /four") == ["given"])
    }

    private func beginEndless(_ store: TestStore) throws -> ChildProcess {
        let directory = store.scratch.path("endless")
        try Directory.create(directory)
        let dockerfile = "FROM busybox\nRUN --mount=type=cache,target=/c touch /written /c/up; sleep 1000\n"
        try FileDescriptor.openEmpty(directory + "/Dockerfile", mode: 0o644).writeAll(dockerfile)
        var spawn = Spawn((TestStore.programs ?? "") + "/hako", ["hako", "build", "-q", directory])
        spawn.environment = store.environment.map { "\($0)=\($1)" } + ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        let build = try spawn.start()
        while try Self.names(store.root + "/build-cache/mounts").allSatisfy({ access("\(store.root)/build-cache/mounts/\($0)/data/up", F_OK) != 0 }) {
            usleep(5000)
        }
        return build
    }

    private static func names(_ path: String) throws -> [String] {
        guard let directory = try? FileDescriptor.directory(path) else { return [] }
        return try directory.names().map(\.description)
    }

    /// Processes whose words name the store.
    private func processes(of store: TestStore) throws -> [CInt] {
        try Self.names("/proc").compactMap { CInt($0) }.filter { pid in
            let words = (try? FileDescriptor.contents(of: "/proc/\(pid)/cmdline", limit: 1 << 16)) ?? []
            return String(decoding: words, as: UTF8.self).contains(store.runRoot)
        }
    }

    private func expectNothingLeft(_ store: TestStore) throws {
        #expect(try store.output("ps", "-aq") == "")
        // A monitor that was told of the build's end may still be at its files.
        try waitUntil { try Self.names(store.root + "/containers").isEmpty }
        #expect(try Self.names(store.root + "/containers") == [])
        #expect(try Self.names(store.runRoot + "/containers") == [])
        #expect(try Self.names(store.runRoot + "/runtime") == [])
        #expect(try store.output("system", "check") == "The store is whole.")
        // Its addresses are free, and a build goes on as if nothing had been.
        #expect(try store.build("FROM busybox\nRUN echo fine\n").status == 0)
    }

    @Test("ends with its build, however that is killed, and nothing of it stays", arguments: [SIGINT, SIGTERM, SIGKILL])
    func killedBuild(_ signal: CInt) throws {
        let store = try TestStore()
        let build = try beginEndless(store)
        #expect(try store.output("ps", "-aq") == "")
        #expect(try store.output("events", "--since", "0", "--until", "0s", "--filter", "type=container") == "")
        kill(build.pid, signal)
        _ = try build.wait()
        // Its monitor cleans up.
        while try !processes(of: store).isEmpty { usleep(5000) }
        try expectNothingLeft(store)
    }

    @Test("whose monitor was killed with the build goes with the next list")
    func killedMonitor() throws {
        let store = try TestStore()
        let build = try beginEndless(store)
        let monitors = try processes(of: store)
        #expect(!monitors.isEmpty)
        for pid in monitors { kill(pid, SIGKILL) }
        kill(build.pid, SIGKILL)
        _ = try build.wait()
        // Until they are gone, they have their locks.
        while try !processes(of: store).isEmpty { usleep(5000) }
        try expectNothingLeft(store)
    }
}
