import Builder
import Engine
import Glibc
import Linux
import OCI
import TestSupport
import Testing

@Suite("A RUN", .serialized, .enabled(if: RunFixture.isRunnable, RunFixture.reason))
struct RunStepTests {
    @Test("leaves what it has written, with the ids that its files have inside")
    func layer() throws {
        let fixture = try RunFixture()
        let files = try fixture.files(
            "RUN mkdir -m 2750 d && echo x > d/f && ln d/f d/g && ln -s f d/l && chown -R 7:8 d && chmod 4711 d/f && mkfifo d/p && rm /etc/passwd")
        #expect(
            files == [
                "c ./etc/passwd 0:0 0", "d ./d 7:8 2750", "d ./etc 0:0 755", "f ./d/f 7:8 4711", "f ./d/g 7:8 4711", "l ./d/l 7:8 777 f",
                "p ./d/p 0:8 644",
            ])
    }

    @Test("that writes nothing has an empty layer, which is the same each time")
    func empty() throws {
        let fixture = try RunFixture()
        let first = try fixture.run(fixture.step("RUN true"))
        let second = try fixture.run(fixture.step("RUN [\"/bin/true\"]"))
        #expect(try fixture.listing(first, "%p") == [])
        #expect(first.layer == second.layer && first.exitCode == 0)
    }

    @Test("has a blob whose files are those of its directory, capabilities among them")
    func blob() throws {
        let fixture = try RunFixture()
        let outcome = try fixture.run(
            fixture.step("RUN echo x > a && touch -d '2001-02-03 04:05:06' a && setfattr -n user.k -v v a 2>/dev/null; mkdir -p b/c && chmod 1777 b"))
        let path = try fixture.path(of: outcome)
        let blob = "\(fixture.scratch.path("root"))/content/blobs/sha256/\(try #require(outcome.layer).digest.hex)"
        let script = """
            mkdir '\(fixture.scratch.path("x"))' && cd '\(fixture.scratch.path("x"))' && tar xpf '\(blob)' &&
            for d in . '\(path)'; do (cd $d; find . -mindepth 1 -printf '%y %p %U:%G %m %Ts %s\\n' | sort | sed 's/\\(^d .*\\) [0-9]* [0-9]*$/\\1/' | md5sum); done
            """
        let compared = try ProgramRun.of("/bin/sh", ["-c", script])
        #expect(compared.status == 0 && compared.lines.count == 2 && compared.lines[0] == compared.lines[1], "\(compared)")
    }

    @Test("runs a shell's text, words, or a document, which may be a program", arguments: [
        ("RUN echo $0 a b", "/bin/sh a b\n"), ("RUN [\"/bin/echo\", \"$0\", \"a  b\"]", "$0 a  b\n"),
        ("RUN <<EOF\nfalse\necho $((1+1))\nEOF", "2\n"), ("RUN cat <<A\nx$((1+1))\nA", "x2\n"),
        ("RUN <<EOF\n#!/bin/cat\nitself\nEOF", "#!/bin/cat\nitself\n"),
        ("SHELL [\"/bin/echo\", \"-n\"]\nRUN <<EOF\nhi\nEOF", "hi\n"),
    ])
    func commands(_ lines: String, _ expected: String) throws {
        let fixture = try RunFixture()
        let outcome = try fixture.run(fixture.step(lines))
        #expect(outcome.exitCode == 0 && fixture.reporter.text == expected, "\(fixture.reporter.text)")
        #expect(outcome.lastOutput == Array(expected.utf8))
        #expect(try fixture.listing(outcome, "%p") == [])
    }

    @Test("sees its stage's environment, user, directory and a name, and nothing of Hako's")
    func surroundings() throws {
        let fixture = try RunFixture()
        try fixture.run(
            fixture.step(
                """
                ENV A=1 PATH=/bin
                ARG B=2
                USER app
                WORKDIR /w/x
                RUN env | grep -ve ^PWD -e ^SHLVL | sort; pwd; id -u; id -g; hostname; umask; cat
                """))
        #expect(fixture.reporter.text == "A=1\nB=2\nHOME=/home/app\nPATH=/bin\n/w/x\n7\n8\nbuildkitsandbox\n0022\n")
        try fixture.run(fixture.step("RUN echo $(ls -A /) / $(ls -A /etc); cat /etc/hosts | head -n1; echo x 2>/dev/null > /etc/hosts || echo fixed"))
        #expect(
            fixture.reporter.text
                == "bin dev etc proc sys tmp / hosts passwd resolv.conf\n127.0.0.1\tlocalhost\nfixed\n")
    }

    @Test("that fails has its exit code, the end of its output, and a layer where that is wanted")
    func failure() throws {
        let fixture = try RunFixture()
        var step = try fixture.step("RUN yes 0123456789 | head -c 100000; touch /made; exit 3")
        #expect(try fixture.run(step).layer == nil)
        step.keepsFailedState = true
        let outcome = try fixture.run(step)
        #expect(outcome.exitCode == 3)
        #expect((16 << 10...32 << 10).contains(outcome.lastOutput.count) && outcome.lastOutput.count < fixture.reporter.output.count)
        #expect(fixture.reporter.output.suffix(outcome.lastOutput.count) == outcome.lastOutput[...])
        #expect(try fixture.listing(outcome, "%p") == ["./made"])
        let error = step.failure(exitCode: 3)
        #expect(error.message.hasSuffix("did not complete successfully: exit code: 3") && error.exitCode == 3)
    }

    @Test("of a program that isn't there or can't be executed ends as a shell says it", arguments: [
        ("RUN [\"/nope\"]", 127), ("RUN [\"/etc/passwd\"]", 126), ("RUN nope", 127),
    ])
    func missingProgram(_ lines: String, _ code: Int32) throws {
        let fixture = try RunFixture()
        #expect(try fixture.run(fixture.step(lines)).exitCode == code)
        #expect(try !fixture.engine.containers().contains { _ in true })
        #expect(fixture.reporter.text.contains("n"))
    }

    @Test("finds what its mounts bring, of which nothing is in the layer, nor the places that were made for them")
    func mounts() throws {
        let fixture = try RunFixture()
        let stage = try fixture.layer("mkdir -p a/b; echo stage > a/b/f; ln -s /a/b/f a/link; ln -s ../../../../etc/passwd a/out")
        var step = try fixture.step(
            """
            WORKDIR /work
            RUN --mount=type=bind,from=s,source=a,target=/new/deep/ro --mount=type=bind,from=s,source=a/link,target=/tmp/file \\
                --mount=type=bind,from=s,target=rel,rw --mount=type=tmpfs,target=/mem,size=1m --mount=type=cache,target=/etc/cache \\
              cat /new/deep/ro/b/f /tmp/file; touch /new/deep/ro/x 2>/dev/null || echo fixed; echo new > /work/rel/a/n && cat rel/a/n && \\
              df -k /mem | tail -n1 | awk '{print $2}'; touch /mem/x /etc/cache/x; echo kept > /result
            """)
        for index in 0..<3 { step.sources[index] = .layers([stage]) }
        let outcome = try fixture.run(step)
        #expect(fixture.reporter.text == "stage\nstage\nfixed\nnew\n1024\n")
        #expect(try fixture.listing(outcome, "%p") == ["./result"])
        let path = try fixture.engine.images().lowerDirectories(of: [stage])[0]
        #expect(access(path + "/a/n", F_OK) != 0)
    }

    @Test("keeps the parent of a mount's place where something else was written there")
    func writtenParents() throws {
        let fixture = try RunFixture()
        let files = try fixture.files(
            "RUN --mount=type=tmpfs,target=/a/b/c --mount=type=tmpfs,target=/etc/x/y touch /a/f && chmod 700 /etc", on: [fixture.shell])
        #expect(files == ["d ./a 0:0 755", "d ./etc 0:0 700", "f ./a/f 0:0 644"])
    }

    @Test("has secrets as files or variables, and they are nowhere afterwards (T-B7)")
    func secrets() throws {
        let fixture = try RunFixture()
        var step = try fixture.step(
            """
            USER app
            RUN --mount=type=secret,id=a --mount=type=secret,id=b,env=B --mount=type=secret,id=c,target=/home/app/.c,uid=7,mode=0440 \\
                --mount=type=secret,id=none,env=N \\
              cat /run/secrets/a 2>/dev/null || echo closed; echo "$B" | wc -c; wc -c < /home/app/.c; \\
              ls /run/secrets; echo "${N-unset}"; stat -c '%u %g %a' /home/app/.c /run/secrets/a
            """)
        let value = "s3cr3t-\(RandomID.make())"
        let file = fixture.scratch.path("secret")
        try FileDescriptor.openEmpty(file, mode: 0o600).writeAll(value)
        step.secrets = ["a": .value(Array(value.utf8)), "b": .value(Array(value.utf8)), "c": .file(file)]
        let outcome = try fixture.run(step)
        let count = value.utf8.count
        #expect(fixture.reporter.text == "closed\n\(count + 1)\n\(count)\na\nunset\n7 0 440\n0 0 400\n")
        #expect(try fixture.listing(outcome, "%p") == [])
        try FileDescriptor.removeIfThere(file)
        // What a monitor was told lies in the run root until it has cleaned up.
        while try !FileDescriptor.directory(fixture.scratch.path("run/containers")).names().isEmpty { usleep(2000) }
        let search = try ProgramRun.of("/bin/grep", ["-rla", value, fixture.scratch.path("root"), fixture.scratch.path("run")])
        #expect(search.status == 1, "\(search)")
    }

    @Test("without a secret that it needs, or an agent, does not begin")
    func missingSecret() throws {
        let fixture = try RunFixture()
        for (lines, message) in [
            ("RUN --mount=type=secret,id=s2,required=true true", "secret s2: not found"),
            ("RUN --mount=type=ssh,required=true true", "unset ssh forward key default"),
            ("RUN --network=host true", "network.host is not allowed"),
            ("RUN --security=insecure true", "security.insecure is not allowed"),
            ("RUN --mount=type=tmpfs,target=/ true", "invalid mount target \"/\""),
        ] {
            let error = #expect(throws: BuildError.self) { try fixture.start(fixture.step(lines)) }
            #expect(error?.message == message)
        }
    }

    @Test("reaches an SSH agent by a socket of its own")
    func agent() throws {
        let fixture = try RunFixture()
        let path = fixture.scratch.path("agent")
        let script = """
            import os,socket,sys
            s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]+".new"); s.listen(); os.rename(sys.argv[1]+".new",sys.argv[1]); c,_=s.accept()
            while d:=c.recv(100): c.sendall(d.upper())
            """
        let agent = try Spawn("/usr/bin/python3", ["python3", "-c", script, path]).start()
        while access(path, F_OK) != 0 { usleep(2000) }
        let probe = try fixture.layer("cp '\(Attacker.program)' probe; chmod 755 probe")
        var step = try fixture.step(
            "RUN --mount=type=ssh,mode=0666 echo $SSH_AUTH_SOCK && stat -c '%u %a' $SSH_AUTH_SOCK && /probe ask $SSH_AUTH_SOCK question", on: [fixture.shell, probe])
        step.agents = ["default": path]
        let outcome = try fixture.run(step)
        #expect(fixture.reporter.text == "/run/buildkit/ssh_agent.0\n0 666\nQUESTION\n")
        #expect(try fixture.listing(outcome, "%p") == [])
        #expect(try agent.wait().shellCode == 0)
    }

    @Test("whose program moves a mount's place away and puts a link there has nothing removed elsewhere (T-B5)")
    func swappedPlace() throws {
        let fixture = try RunFixture()
        let canary = fixture.scratch.path("canary")
        try Directory.create(canary + "/b")
        let files = try fixture.files("RUN --mount=type=tmpfs,target=/a/b mv /a /x && ln -s \(canary) /a")
        #expect(files == ["d ./x 0:0 755", "d ./x/b 0:0 755", "l ./a 0:0 777 \(canary)"])
        #expect(access(canary + "/b", F_OK) == 0)
    }

    @Test("runs as container processes do, but has the host's powers where that is allowed (T-B8)")
    func powers() throws {
        let fixture = try RunFixture()
        let read = "RUN %grep -E 'CapEff|Seccomp:' /proc/self/status; awk '{print ($2 > 0)}' /proc/self/uid_map"
        try fixture.run(fixture.step(read.replacing("%", with: "")))
        let plain = fixture.reporter.text
        #expect(plain.contains("CapEff:\t00000000a80425fb\nSeccomp:\t2\n1\n"), "\(plain)")
        fixture.settings.allowsInsecure = true
        try fixture.run(fixture.step(read.replacing("%", with: "--security=insecure ")))
        #expect(fixture.reporter.text.contains("Seccomp:\t0\n0\n"), "\(fixture.reporter.text)")
    }

    @Test("obeys the limits of the command line")
    func limits() throws {
        let fixture = try RunFixture()
        fixture.settings.limits = ["nofile=100:200"]
        fixture.settings.sharedMemory = 1 << 20
        fixture.settings.hosts = ["there:10.1.2.3"]
        try fixture.run(fixture.step("RUN ulimit -Sn; ulimit -Hn; df -k /dev/shm | tail -n1 | awk '{print $2}'; grep there /etc/hosts"))
        #expect(fixture.reporter.text == "100\n200\n1024\n10.1.2.3\tthere\n")
    }

    @Test("that was killed with its build is nobody's leftover while somebody removes it")
    func removedElsewhere() throws {
        let fixture = try RunFixture()
        let id = String(repeating: "a1", count: 32)
        let step = try fixture.engine.images().database.insertStepContainer(id, at: 1, networkMode: "none", idSlots: nil)
        let directory = fixture.scratch.path("root/containers/\(id)")
        try Directory.create(directory)
        try Self.holding(step.slot, of: fixture.scratch.path("run/locks")) {
            let findings = try fixture.engine.check(repair: true)
            #expect(findings.isEmpty)
            #expect(access(directory, F_OK) == 0)
        }
        #expect(try fixture.engine.check(repair: false) == [])
        #expect(access(directory, F_OK) != 0)
    }

    @Test("is begun anew where somebody has taken it for one of a killed build just before it had its lock")
    func takenForDead() throws {
        let fixture = try RunFixture()
        let (root, run) = (fixture.scratch.path("root"), fixture.scratch.path("run"))
        let others = ThreadPool(width: 1)
        try others.add {
            try Self.holding(0, of: run + "/locks") { try Self.removeFirstStep(of: Engine(paths: StorePaths(root: root, runRoot: run))) }
        }
        let locks = try FileDescriptor.open(run + "/locks", flags: O_RDWR | O_CREAT, mode: 0o600)
        for _ in 0..<10_000 where try !RecordLock.isHeldElsewhere(byte: 0, of: locks) { usleep(1000) }
        #expect(try fixture.run(fixture.step("RUN echo runs")).exitCode == 0)
        #expect(fixture.reporter.text == "runs\n")
        try others.finish()
    }

    /// As who takes it for dead does, once it is there and its monitor has made its cgroup.
    private static func removeFirstStep(of engine: Engine) throws {
        let database = try engine.images().database
        for _ in 0..<10_000 where try database.stepContainers().isEmpty { usleep(1000) }
        let id = try #require(try database.stepContainers().first).id
        let script = """
            all() { ls -d /sys/fs/cgroup/hako/\(id) /sys/fs/cgroup/*/hako/\(id) 2>/dev/null; }
            for i in $(seq 1000); do [ "$(all)" ] && break; sleep 0.01; done; sleep 0.1; rmdir $(all); rm -rf '\(engine.paths.containers)/\(id)'
            """
        let removed = try ProgramRun.of("/bin/sh", ["-c", script])
        #expect(removed.status == 0, "\(removed)")
        try database.deleteStepContainer(id)
    }

    /// As who removes it does.
    private static func holding(_ slot: Int64, of path: String, _ body: () throws -> Void) throws {
        let locks = try FileDescriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o600)
        let isTaken = try RecordLock.acquire(byte: slot, of: locks)
        #expect(isTaken)
        try body()
        try RecordLock.release(byte: slot, of: locks)
    }
}
