import Glibc
import Linux
import Testing
import TestSupport

@Suite("A build's secrets", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildSecretTests {
    private static func random() -> String { "s3cr3t-\(UInt64.random(in: 0...UInt64.max))-\(UInt64.random(in: 0...UInt64.max))" }

    /// What a build is told, and by which way.
    private struct Secrets {
        let file = BuildSecretTests.random()
        let variable = BuildSecretTests.random()
        let answer = BuildSecretTests.random()
        var all: [String] { [file, variable, answer] }
    }

    /// An ssh agent that says the same whatever it is asked.
    private static func agent(at path: String, saying answer: String, in store: TestStore) throws -> ChildProcess {
        try store.scratch.add("answer", .file(Array(answer.utf8)))
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); text = open(sys.argv[2], "rb").read()
            while True:
                c, _ = s.accept()
                c.recv(100); c.sendall(text); c.close()
            """
        let agent = try Spawn("/usr/bin/python3", ["python3", "-c", script, path, store.scratch.path("answer")]).start()
        while access(path, F_OK) != 0 { usleep(2000) }
        return agent
    }

    private static func dockerfile(_ end: String) -> String {
        """
        FROM busybox
        COPY container-probe /probe
        WORKDIR /w
        ENV OTHER=kept
        RUN --mount=type=secret,id=file --mount=type=secret,id=file,target=/w/.netrc,mode=0444 --mount=type=secret,id=variable,env=TOKEN,target=/w/token --mount=type=ssh,mode=0666 \\
            --mount=type=tmpfs,target=/t test -s /run/secrets/file && test -n "$TOKEN" && cp /run/secrets/file /t/copy && cp /w/.netrc /dev/shm/ && \\
            /probe ask $SSH_AUTH_SOCK question > /t/answer && test -s /t/answer && sleep 0.3 && ls -A /w && echo written > /w/written && \(end)
        """
    }

    @Test(
        "are on no command line and in nothing that a build says or keeps, whether it succeeds or not (T-B7)",
        arguments: [
            ["--progress=plain", "--explain"], ["--debug", "--progress=plain"], ["--debug", "--progress=rawjson"], ["-q"],
        ])
    func values(options: [String]) throws {
        let store = try TestStore()
        let secrets = Secrets()
        let (file, socket) = (store.scratch.path("value"), store.scratch.path("agent"))
        try store.scratch.add("value", .file(Array(secrets.file.utf8)))
        try store.scratch.add("variable", .file(Array(secrets.variable.utf8)))
        let agent = try Self.agent(at: socket, saying: secrets.answer, in: store)
        defer {
            kill(agent.pid, SIGKILL)
            _ = try? agent.wait()
        }
        for (end, status) in [("true", 0), ("{ echo failing; exit 3; }", 1)] as [(String, CInt)] {
            let context = store.scratch.path("built")
            try store.scratch.add("built/Dockerfile", .file(Array(Self.dockerfile(end).utf8)))
            let words = options.map { "'\($0)'" }.joined(separator: " ")
            let run = try store.shell(
                """
                cd '\(store.scratch.root)'; cp -n '\(Attacker.program)' built/container-probe; export VALUE=$(cat variable)
                rm -f done seen; ( until [ -e done ]; do cat /proc/[0-9]*/cmdline; done >> seen 2> /dev/null ) &
                until [ -s seen ]; do :; done
                $HAKO --log-level debug --timings build \(words) -t made --secret id=file,src='\(file)' --secret id=variable,env=VALUE --ssh default='\(socket)' '\(context)'
                status=$?; > done; wait; exit $status
                """)
            #expect(run.status == status, "\(run)")
            let patterns = secrets.all.map { "-e '\($0)'" }.joined(separator: " ")
            let seen = try store.shell("cd '\(store.scratch.root)'; grep -caF \(patterns) seen; grep -qa hako-runtime seen && echo looked")
            #expect(seen.lines == ["0", "looked"], "\(seen)")
            let told = try store.shell("$HAKO history --no-trunc made; $HAKO inspect made; $HAKO builder du; $HAKO events --since 0 --until 0s; $HAKO images -a; $HAKO system df -v")
            try store.expectNowhere(secrets.all, run, told)
        }
        // What the step wrote is there, and what it was given isn't.
        #expect(try store.made("ls -A /w /run/secrets 2> /dev/null; echo $OTHER; env | grep -c -e TOKEN -e SSH; true") == ["/w:", "written", "kept", "0"])
        let kept = try store.output("images", "-aq").split(separator: "\n").map(String.init)
        #expect(kept.count == (options.contains("--debug") ? 3 : 2), "\(kept)")
        for image in kept { try store.expectNowhere(secrets.all, try store.hako("run", "--rm", image, "sh", "-c", "env; cat /w/.* /w/* /run/secrets/* /dev/shm/*")) }
        try store.expectClean()
    }

    @Test(
        "that are for a git repository's host are gone with the build, and nobody else is told them (T-B7)",
        .enabled(if: Program.isInstalled("git", "/usr/lib/git-core/git-http-backend"), "git is not installed"))
    func gitToken() throws {
        let store = try TestStore()
        let token = Self.random()
        let web = store.scratch.path("web")
        try Directory.create(web)
        try FileServer.repositories(
            in: web, "git init -q -b main a; cd a; echo one > f; printf 'FROM busybox\\nCOPY f /f\\n' > Dockerfile; git add .; git commit -qm one; cd ..; git clone -q --bare a \"$R/a.git\"")
        let server = try FileServer(web, isSmart: true)
        let other = try FileServer(web, isSmart: true)
        try store.scratch.add("value", .file(Array(token.utf8)))
        let encoded = try ProgramRun.of("/usr/bin/base64", ["-w0"], input: Array("x-access-token:\(token)".utf8)).text
        let secret = "id=GIT_AUTH_TOKEN.127.0.0.1,src=" + store.scratch.path("value")
        for address in ["\(server.address)/a.git", "\(server.address)/none.git"] {
            let run = try store.shell(
                """
                cd '\(store.scratch.root)'; rm -f done seen; ( until [ -e done ]; do cat /proc/[0-9]*/cmdline; done >> seen 2> /dev/null ) &
                $HAKO build -t made --secret '\(secret)' '\(address)'; status=$?; > done; wait; exit $status
                """)
            #expect(run.status == (address.contains("none") ? 1 : 0), "\(run)")
            #expect(try store.shell("grep -caF -e '\(token)' -e '\(encoded)' '\(store.scratch.path("seen"))'").text == "0")
            try store.expectNowhere([token, encoded], run)
        }
        #expect(server.headers("authorization").contains { $0?.hasSuffix(encoded) == true })
        // A secret that is meant for one host is no other's.
        let elsewhere = "id=GIT_AUTH_TOKEN.other.example,src=" + store.scratch.path("value")
        try store.hako("build", "-q", "--secret", elsewhere, "\(other.address)/a.git").expectSuccess()
        #expect(!other.requests.isEmpty && other.headers("authorization").allSatisfy { $0 == nil })
        try store.expectClean()
    }
}
