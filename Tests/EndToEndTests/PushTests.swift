import Glibc
import Linux
import TestSupport
import Testing

/// Pushes to a real registry, from a user's seat.
@Suite(
    "A push", .enabled(if: TestStore.isRunnable, TestStore.reason),
    .enabled(if: Skopeo.isInstalled && DockerRegistry.isInstalled, "skopeo and docker-registry are not both installed"))
struct HakoPushTests {
    /// bcrypt of `secret-password`, by `htpasswd -nbB -C 4`.
    private static let passwordLine = "user:$2y$04$CkUN9oD5fcoBTmZGixEGvOkXToouQnCd3T.DNmJjw86fcBz03vjpS"

    private func digest(_ name: String) throws -> String {
        let run = try ProgramRun.of("/usr/bin/skopeo", ["inspect", "--tls-verify=false", "-f", "{{.Digest}}", "docker://\(name)"])
        #expect(run.status == 0, "\(run)")
        return run.text
    }

    @Test("ends with what skopeo finds there, in Docker's words, and another store pulls it")
    func whole() throws {
        let registry = try DockerRegistry()
        let store = try TestStore()
        let name = "\(registry.host)/team/app:v1"
        try store.hako("tag", "busybox", name).expectSuccess()
        let push = try store.hako("push", name)
        push.expectSuccess()
        let found = try digest(name)
        let layer = try store.inspect("busybox", "{{index .RootFS.Layers 0}}").dropFirst("sha256:".count).prefix(12)
        let size = try store.inspect("busybox", "{{.Descriptor.size}}")
        #expect(
            push.lines == [
                "The push refers to repository [\(registry.host)/team/app]", "\(layer): Preparing", "\(layer): Pushed",
                "v1: digest: \(found) size: \(size)",
            ])
        #expect(try store.hako("push", name).lines[2] == "\(layer): Layer already exists")
        #expect(try store.inspect(name, "{{.RepoDigests}}").contains("\(registry.host)/team/app@\(found)"))
        try store.hako("tag", "busybox", "\(registry.host)/other").expectSuccess()
        let second = try store.hako("push", "\(registry.host)/other")
        #expect(second.lines.first == "Using default tag: latest")
        #expect(second.lines.contains("\(layer): Mounted from team/app"), "\(second)")
        let other = try TestStore(images: [])
        #expect(try other.output("run", "--rm", "-q", "\(name.dropLast(3))@\(found)", "echo", "runs") == "runs")
        let events = try store.output("events", "--since", "1h", "--until", "0s", "-f", "event=push", "--format", "{{.Actor.ID}} {{.Actor.Attributes.name}}")
        #expect(events.split(separator: "\n").first == "\(name) \(registry.host)/team/app")
    }

    @Test("-q says the name alone, and -a pushes each tag")
    func quiet() throws {
        let registry = try DockerRegistry()
        let store = try TestStore()
        for tag in ["a", "b"] { try store.hako("tag", "busybox", "\(registry.host)/app:\(tag)").expectSuccess() }
        #expect(try store.output("push", "-q", "\(registry.host)/app:a") == "\(registry.host)/app:a")
        #expect(try store.output("push", "-q", "-a", "\(registry.host)/app") == "\(registry.host)/app")
        #expect(try digest("\(registry.host)/app:a") == digest("\(registry.host)/app:b"))
        let wrong = try store.hako("push", "-a", "\(registry.host)/app:a")
        #expect(wrong.status == 1 && wrong.error.contains("tag can't be used with --all-tags/-a"), "\(wrong)")
    }

    @Test("on a terminal draws a line for each layer")
    func terminal() throws {
        let registry = try DockerRegistry()
        let store = try TestStore()
        try store.hako("tag", "busybox", "\(registry.host)/app:v1").expectSuccess()
        let run = try TerminalRun.of(
            "stty cols 80 rows 24; '\(TestStore.programs ?? "")/hako' push \(registry.host)/app:v1", environment: store.environment)
        run.expectSuccess()
        #expect(run.output.contains(": Pushed") && run.output.contains("\u{1B}[1A"), "\(run)")
        #expect(run.output.contains("v1: digest: sha256:"))
    }

    @Test("of what isn't there fails with Docker's words")
    func absent() throws {
        let store = try TestStore()
        let run = try store.hako("push", "127.0.0.1:1/nothing")
        #expect(run.status == 1)
        #expect(run.error.contains("An image does not exist locally with the tag: 127.0.0.1:1/nothing"), "\(run)")
        #expect(run.output == "Using default tag: latest\nThe push refers to repository [127.0.0.1:1/nothing]\n")
        try store.hako("tag", "busybox", "127.0.0.1:1/busybox").expectSuccess()
        let unreachable = try store.hako("push", "-q", "127.0.0.1:1/busybox")
        #expect(unreachable.status == 1 && unreachable.error.contains("connection refused"), "\(unreachable)")
    }

    @Test("wants a login where the registry does: login keeps it, logout forgets it, and nobody sees the password (T-G7)")
    func login() throws {
        let registry = try DockerRegistry(.init(passwordLine: Self.passwordLine))
        let store = try TestStore(environment: ["DOCKER_CONFIG": "/nonexistent"])
        let name = "\(registry.host)/app:v1"
        try store.hako("tag", "busybox", name).expectSuccess()
        let docker = store.scratch.path("docker")
        let refused = try store.hako("--config", docker, "push", "-q", name)
        #expect(refused.status == 1 && refused.error.contains("no basic auth credentials"), "\(refused)")
        let wrong = try store.hako(
            "--config", docker, "login", "-u", "user", "--password-stdin", registry.host, input: "wrong-password\n")
        #expect(wrong.status == 1, "\(wrong)")
        #expect(wrong.error.contains("login attempt to http://\(registry.host)/v2/ failed with status: 401 Unauthorized"), "\(wrong)")
        #expect(access(docker + "/config.json", F_OK) != 0)
        let good = try store.hako(
            "--config", docker, "login", "-u", "user", "--password-stdin", registry.host, input: "secret-password\r\n")
        #expect(good.status == 0 && good.text == "Login Succeeded", "\(good)")
        #expect(good.error.contains("WARNING! Your credentials are stored unencrypted in '\(docker)/config.json'."))
        #expect(try FileDescriptor.status(of: docker + "/config.json").permissions == 0o600)
        #expect(try store.hako("--config", docker, "push", "-q", name).status == 0)
        let again = try store.hako("--config", docker, "login", registry.host)
        #expect(again.status == 0 && again.output.contains("Authenticating with existing credentials... [Username: user]"), "\(again)")
        // The file is Docker's own: skopeo reads it, too.
        let seen = try ProgramRun.of(
            "/usr/bin/skopeo", ["inspect", "--tls-verify=false", "--authfile", docker + "/config.json", "docker://\(name)"])
        #expect(seen.status == 0, "\(seen)")
        let logout = try store.hako("--config", docker, "logout", registry.host)
        #expect(logout.status == 0 && logout.text == "Removing login credentials for \(registry.host)", "\(logout)")
        #expect(try store.hako("--config", docker, "push", "-q", name).status == 1)
        for run in [wrong, good, again, logout] {
            #expect(!(run.output + run.error).contains("secret-password"))
        }
    }

    @Test("login asks as Docker does: for a terminal, a name, no two passwords")
    func loginErrors() throws {
        let store = try TestStore(images: [], environment: ["DOCKER_CONFIG": "/nonexistent"])
        for (words, said) in [
            (["login", "127.0.0.1:1"], "Error: Cannot perform an interactive login from a non TTY device"),
            (["login", "--password-stdin", "127.0.0.1:1"], "Must provide --username with --password-stdin"),
            (
                ["login", "-u", "a", "-p", "b", "--password-stdin", "127.0.0.1:1"],
                "--password and --password-stdin are mutually exclusive"
            ),
        ] {
            let run = try store.hako(words)
            #expect(run.status == 1 && run.error.contains(said), "\(words): \(run)")
        }
    }

    @Test("login at a terminal shows no password, and hands it on where nobody sees it (T-G7)")
    func typed() throws {
        let registry = try DockerRegistry(.init(passwordLine: Self.passwordLine))
        let store = try TestStore(images: [])
        let docker = store.scratch.path("docker")
        let terminal = try Terminal(
            (TestStore.programs ?? "") + "/hako", ["hako", "--config", docker, "login", registry.host],
            environment: store.environment)
        try terminal.wait(for: "Username: ")
        try terminal.type("user\n")
        try terminal.wait(for: "Password: ")
        try terminal.type("secret-passwordx\u{7F}\r")
        try terminal.wait(for: "Login Succeeded")
        #expect(try terminal.waitForEnd() == 0)
        #expect(!String(decoding: terminal.shown, as: UTF8.self).contains("secret"))
        #expect(try String(decoding: FileDescriptor.contents(of: docker + "/config.json"), as: UTF8.self).contains("dXNlcjpzZWNyZXQtcGFzc3dvcmQ="))
    }

    @Test("a login under way is on no command line and in no environment")
    func unseen() throws {
        let liar = try Liar(answersProbes: false) { _, connection in try connection.fallSilent() }
        defer { liar.stop() }
        let store = try TestStore(images: [])
        let secret = "secret-\(UInt64.random(in: .min ... .max))"
        let run = try store.shell(
            """
            cd \(store.scratch.root)
            printf \(secret) | $HAKO --config docker login -u user --password-stdin \(liar.host) & login=$!
            until cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\\0' ' ' | grep -q 'hako-image login.*\(liar.host)'; do :; done
            for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
              case $file in /proc/$$/*|/proc/self/*) continue ;; esac
              tr '\\0' '\\n' 2> /dev/null < $file | grep -x -e \(secret) && echo seen in $file
            done
            kill $login; wait $login; echo $?; find . -type f -exec grep -l \(secret) {} +
            """)
        #expect(run.text == "143", "\(run)")
    }
}
