import Glibc
import Linux
import Testing
import TestSupport

@Suite(
    "A registry's password", .enabled(if: TestStore.isRunnable, TestStore.reason),
    .enabled(if: DockerRegistry.isInstalled && Program.isInstalled("skopeo"), "needs docker-registry and skopeo"))
struct SecretTests {
    /// bcrypt of `secret-password`, by `htpasswd -nbB -C 4`.
    private static let passwordLine = "user:$2y$04$CkUN9oD5fcoBTmZGixEGvOkXToouQnCd3T.DNmJjw86fcBz03vjpS"
    private static let right = "user:secret-password"
    /// As a client's configuration has them.
    private static let (rightLogin, wrongLogin) = ("dXNlcjpzZWNyZXQtcGFzc3dvcmQ=", "dXNlcjp3cm9uZy1wYXNzd29yZA==")

    /// Pulls while another process looks at all command lines and environments; what was written and what was seen.
    private func pull(_ reference: String, _ store: TestStore, login: String) throws -> ProgramRun {
        let host = String(reference.split(separator: "/")[0])
        let auth = #"{"auths":{"\#(host)":{"auth":"\#(login)"}}}"#
        try FileDescriptor.replaceContents(
            of: store.scratch.path("docker/config.json"), with: Array(auth.utf8), mode: 0o600)
        return try store.shell(
            """
            export DOCKER_CONFIG=\(store.scratch.path("docker")); cd \(store.scratch.root)
            ( until [ -e done ]; do cat /proc/[0-9]*/cmdline; done >> seen 2> /dev/null ) &
            until [ -s seen ]; do :; done
            # Once more until it has been seen at work.
            for i in {1..50}; do $HAKO --timings pull \(reference); status=$?; grep -q hako-image seen && break; done
            > done; wait; rm done; exit $status
            """)
    }

    @Test("is on no command line, in no output and in nothing that is kept, whether the pull succeeds or not (T-G7)")
    func password() throws {
        let registry = try DockerRegistry(.init(passwordLine: Self.passwordLine))
        let store = try TestStore(images: [])
        try store.scratch.add("docker", .directory)
        let reference = "\(registry.host)/library/busybox:latest"
        try ProgramRun.of(
            "/usr/bin/skopeo",
            [
                "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", "--dest-creds", Self.right,
                "oci-archive:" + (try TestImages.archive("busybox")), "docker://" + reference,
            ]
        ).expectSuccess()
        let wrong = try pull(reference, store, login: Self.wrongLogin)
        #expect(wrong.status != 0)
        let missing = try pull("\(registry.host)/no/such:latest", store, login: Self.rightLogin)
        #expect(missing.status != 0)
        let good = try pull(reference, store, login: Self.rightLogin)
        good.expectSuccess()
        let secrets = [Self.rightLogin, Self.wrongLogin, "secret-password", "wrong-password"]
        for run in [wrong, missing, good] {
            for secret in secrets { #expect(!run.output.contains(secret) && !run.error.contains(secret), "\(run)") }
        }
        let patterns = secrets.map { "-e '\($0)'" }.joined(separator: " ")
        let kept = try store.shell(
            "cd \(store.scratch.root); grep -rlF \(patterns) root run seen; grep -q hako-image seen && echo looked"
        )
        #expect(kept.text == "looked", "\(kept)")
    }
}
