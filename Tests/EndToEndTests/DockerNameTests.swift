import Linux
import TestSupport
import Testing

@Suite("Called docker", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct DockerNameTests {
    @Test("Hako answers as docker: help, usage, errors, versions")
    func answers() throws {
        let store = try TestStore(images: [])
        let link = store.scratch.path("bin/docker")
        try store.scratch.add("bin/docker", .symlink((TestStore.programs ?? "") + "/hako"))
        func docker(_ words: String...) throws -> ProgramRun { try ProgramRun.of(link, words, environment: store.environment) }
        #expect(try docker("ps", "--help").output.hasPrefix("Usage:  docker ps [OPTIONS]\n\nList containers\n\nAliases:\n  docker container ls, "))
        let run = try docker("run", "--help").output
        #expect(run.contains("  docker run -d -p 8080:80 nginx\n") && !run.contains("hako run"))
        #expect(try docker("ps", "x").error.hasPrefix("docker: 'docker ps' accepts no arguments\n\nUsage:  docker ps [OPTIONS]\n"))
        #expect(try docker("pss").error.hasPrefix("docker: unknown command: docker pss\n\nDid you mean 'docker ps'?"))
        #expect(try docker("rm", "missing").error == "Error response from daemon: No such container: missing\n")
        let missing = try docker("run", "--pull", "never", "missing")
        #expect(missing.status == 125 && missing.error.hasPrefix("docker: Error response from daemon: "), "\(missing)")
        #expect(try docker("version").output.hasPrefix("Client: Hako "))
        #expect(try docker("--version").output.hasPrefix("Docker version 28."))
        #expect(try docker("version", "-f", "{{.Server.Version}}").text.hasPrefix("28."))
        #expect(try docker("completion", "bash").output.hasPrefix("# bash completion for docker"))
        #expect(try store.output("--version").hasPrefix("Hako version"))
    }

    @Test("what is meant for another host isn't done on this one", arguments: [("DOCKER_HOST", "ssh://far"), ("DOCKER_CONTEXT", "far")])
    func remoteHost(variable: String, value: String) throws {
        let store = try TestStore(images: [])
        try store.scratch.add("bin/docker", .symlink((TestStore.programs ?? "") + "/hako"))
        func run(_ name: String, _ value: String) throws -> ProgramRun {
            let program = name == "docker" ? store.scratch.path("bin/docker") : (TestStore.programs ?? "") + "/hako"
            return try ProgramRun.of(program, ["ps"], environment: store.environment.merging([variable: value]) { $1 })
        }
        let refused = try run("docker", value)
        #expect(refused.status == 1 && refused.error.hasPrefix("docker: \(variable) is \(value): there is no daemon to connect to"), "\(refused)")
        // It speaks to Docker's client; Hako by its own name has no daemon to choose.
        try run("hako", value).expectSuccess()
        try run("docker", variable == "DOCKER_HOST" ? "unix:///var/run/docker.sock" : "default").expectSuccess()
    }

    @Test("debugging points to what there is")
    func debug() throws {
        let store = try TestStore(images: [])
        for word in ["-D", "--debug"] {
            let run = try store.hako(word, "ps")
            #expect(run.status == 125 && run.error.contains("--log-level debug shows"), "\(run)")
        }
        try store.hako("--debug=false", "ps").expectSuccess()
    }

    @Test("Docker's global options are taken where they ask for this host, and refused with a reason where they don't")
    func globalOptions() throws {
        let store = try TestStore(images: [])
        for words in [["-H", "unix:///var/run/docker.sock"], ["-c", "default"], ["--context=default"], ["--tls=false"], ["--config", "/nonexistent"]] {
            try store.hako(words + ["ps"]).expectSuccess()
        }
        for words in [["-H", "tcp://far:2375"], ["--host", "ssh://far"], ["-c", "far"], ["--tls"], ["--tlsverify"], ["--tlscacert", "x"]] {
            let run = try store.hako(words + ["ps"])
            #expect(run.status == 125 && run.error.contains("there is no daemon to connect to"), "\(words): \(run)")
        }
    }
}
