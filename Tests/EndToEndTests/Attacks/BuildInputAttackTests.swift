import Glibc
import Linux
import Testing
import TestSupport

/// Files of the web and text of Dockerfiles that are made to do harm. A program that doesn't come to an end is killed after minutes,
/// with the status 137: no answer takes that long.
@Suite("What a build reads", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildInputAttackTests {
    // MARK: The web

    @Test("from a lying server goes nowhere else than its name says, and is no other file (T-B9)")
    func lyingServer() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let path = canary.path
        let liar = try Liar(answersProbes: false) { request, connection in
            switch request.target.split(separator: "?")[0] {
            case "/file": try connection.answer(302, [("Location", "file://\(path)/secret")])
            case "/relative": try connection.answer(302, [("Location", "../../..\(path)/secret")])
            case "/ring": try connection.answer(302, [("Location", "/ring?\(request.target.utf8.count)")])
            case "/gopher": try connection.answer(301, [("Location", "gopher://127.0.0.1/x")])
            case "/short":
                try connection.send(connection.head(200, [("Content-Length", "1000")]) + "cut")
                throw Liar.Connection.HangUp()
            case "/chunk":
                try connection.send(connection.head(200, [("Transfer-Encoding", "chunked")]) + "ffffffffffffffff\r\nx")
                throw Liar.Connection.HangUp()
            case "/huge":
                try connection.send(connection.head(200, [("Content-Length", "9223372036854775807")]) + "x")
                throw Liar.Connection.HangUp()
            case "/two": try connection.send(connection.head(200, [("Content-Length", "1"), ("Content-Length", "9")]) + "xxxxxxxxx")
            case "/named": try connection.answer(200, [("Content-Disposition", "attachment; filename=../../../../..\(path)/new")], body: Array("named\n".utf8))
            case let target where target.hasPrefix("/ok"): try connection.answer(200, body: Array("content\n".utf8))
            default: try connection.answer(404)
            }
        }
        defer { liar.stop() }
        let address = "http://\(liar.host)"
        let wrong = "--checksum=sha256:" + String(repeating: "0", count: 64)
        for source in [
            "\(address)/file", "\(address)/relative", "\(address)/ring", "\(address)/gopher", "\(address)/short", "\(address)/chunk", "\(address)/huge", "\(address)/two",
            "\(wrong) \(address)/ok", "\(wrong) \(address)/file", "\(address)/ok/%2e%2e%2f", "\(address)/ok/%2e%2e", "\(address)/ok/..", "\(address)/ok/x%00y",
            "\(address)/ok/\(String(repeating: "x", count: 300))", "file://\(path)/secret", "FILE://\(path)/secret", "http:/\(path)/secret", "http://[\(path)/secret",
            "http://\(liar.host)@[::1]:1/ok", "http://", "https://\(liar.host)/ok",
        ] {
            let run = try store.build("FROM busybox\nADD \(source) /o/\n")
            #expect(run.status == 1, "\(source): \(run)")
            try store.expectNowhere([Canary.secret], run)
        }
        // Names end where the path has its last slash, whatever hides it.
        for (source, name) in [("/ok/%2fetc%2fpasswd", "passwd"), ("/ok/..%2f..%2f..\(path.replacing("/", with: "%2f"))%2fsecret", "secret"), ("/named", "named"), ("/ok/-rf", "-rf")] {
            try store.make("FROM busybox\nADD \(address)\(source) /o/\n")
            #expect(try store.made("ls -A /o") == [name], "\(source)")
        }
        #expect(try canary.changes() == [])
        try store.expectClean()
    }

    @Test("from a server that never ends is given up when that is asked for, and nothing of it stays (T-B9)", arguments: ["TERM", "HUP"])
    func endlessServer(signal: String) throws {
        let store = try TestStore()
        let liar = try Liar(answersProbes: false) { _, connection in
            try connection.send(connection.head(200, []))
            while true {
                try connection.send([UInt8](repeating: 1, count: 4096))
                usleep(10_000)
            }
        }
        defer { liar.stop() }
        let run = try store.shell(
            """
            mkdir '\(store.scratch.path("c"))'; cd '\(store.scratch.path("c"))'; printf 'FROM busybox\\nADD http://\(liar.host)/endless /f\\n' > Dockerfile
            $HAKO build . & until pgrep -P $! > /dev/null; do kill -0 $! || break; sleep 0.05; done; sleep 0.5; kill -\(signal) $!; wait $!
            """)
        #expect(run.status == (signal == "TERM" ? 143 : 129) && run.error.contains("context canceled"), "\(run)")
        try store.expectClean()
    }

    // MARK: Dockerfiles

    /// Builds the text with a limit of its memory, in KiB.
    private func build(
        _ store: TestStore, _ making: String, _ words: String = ".", memory: Int = 2_000_000, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ProgramRun {
        let context = store.scratch.path("large")
        try Directory.removeTree(context)
        try Directory.create(context)
        let run = try store.shell("cd '\(context)'; \(making)\nulimit -v \(memory); timeout -s KILL 280 $HAKO build \(words) 2>&1 | tail -c 20000; exit ${PIPESTATUS[0]}")
        #expect(run.status != 137, "it goes on and on", sourceLocation: sourceLocation)
        return run
    }

    @Test("is not read to its end where a line of it, or an ignore file, is a gigabyte (T-B10)")
    func hugeFiles() throws {
        let store = try TestStore(images: [])
        for (making, words) in [
            ("truncate -s 1G Dockerfile", "."), ("truncate -s 1G other", "-f other ."), ("truncate -s 1G other", "-f - . < other"),
            ("truncate -s 1G other", "-f ../large/other ."),
            ("printf 'FROM scratch\\nCOPY . /\\n' > Dockerfile; truncate -s 1G .dockerignore", "."),
            ("printf 'FROM scratch\\nCOPY . /\\n' > Dockerfile; truncate -s 1G Dockerfile.dockerignore", "."),
        ] {
            let run = try build(store, making, words, memory: 600_000)
            #expect(run.status == 1 && run.output.contains("ile too large"), "\(making): \(run)")
        }
        // Below that limit it is the line that is too long.
        let line = try build(store, "{ printf 'FROM scratch\\nLABEL a='; head -c 15000000 /dev/zero | tr '\\0' x; } > Dockerfile", memory: 600_000)
        #expect(line.status == 1 && line.output.contains("line greater than max"), "\(line)")
        try store.expectClean()
    }

    @Test(
        "ends in an answer where its text grows as it is read (T-B10)",
        arguments: [
            // Each twice the one before, as global ARGs, ARGs, ENVs; then as labels of a value that is just small enough.
            (#"echo 'ARG a0=xxxxxxxxxxxxxxxx'; for i in $(seq 60); do echo "ARG a$i=\$a$((i - 1))\$a$((i - 1))"; done; echo 'FROM $a60'"#, "too large"),
            (#"echo FROM scratch; echo 'ARG a0=xxxxxxxxxxxxxxxx'; for i in $(seq 60); do echo "ARG a$i=\${a$((i - 1))}\${a$((i - 1))}"; done"#, "too large"),
            (#"echo FROM scratch; echo 'ENV a=xxxxxxxxxxxxxxxx'; for i in $(seq 60); do echo 'ENV a=$a$a'; done"#, "too large"),
            (#"echo FROM scratch; echo 'ARG a=xxxxxxxxxxxxxxxx'; for i in $(seq 15); do echo 'ARG a=$a$a'; done; for i in $(seq 20000); do echo "LABEL l$i=\$a"; done"#, "larger than 8 MiB"),
            (#"echo FROM scratch; echo 'ARG a=xxxxxxxxxxxxxxxx'; for i in $(seq 15); do echo 'ARG a=$a$a'; done; for i in $(seq 20000); do echo "VOLUME /\${a}$i"; done"#, "larger than 8 MiB"),
            (#"echo FROM scratch; for i in $(seq 8); do echo "EXPOSE 0-65535 0-65535/udp 0-65535/sctp"; done"#, "larger than 8 MiB"),
            (#"echo FROM scratch; yes 'ENV A=1 B=$A' | head -n 100000"#, "larger than 8 MiB"),
            (#"echo FROM scratch; seq 100000 | sed 's/.*/ENV A&=$A/'"#, "larger than 8 MiB"),
            (#"echo FROM scratch; seq 100000 | sed 's/.*/ARG A&/'"#, "larger than 8 MiB"), (#"echo FROM scratch; seq 100000 | sed 's/.*/LABEL A&=1/'"#, "larger than 8 MiB"),
            (#"printf 'FROM scratch\nVOLUME'; seq 100000 | sed 's/.*/ \/& \\/'; echo ' /x'"#, ""), (#"printf 'FROM scratch\nEXPOSE 0-65535\nENV'; seq 100000 | sed 's/.*/ A&=1 \\/'; echo ' B=2'"#, ""),
            (#"echo FROM scratch; head -c 60000 /dev/zero | tr '\0' a | sed 's/^/ARG x=/'; echo; for i in $(seq 50); do echo 'ENV y=${x//a*a*a*a*a*a*b/c} z=${x%%*a*a*a*a*a*a*b}'; done"#, ""),
            (#"echo FROM scratch AS s0; seq 10000 | awk '{print "FROM s" $1 - 1 " AS s" $1}'"#, ""),
        ])
    func growingText(script: String, message: String) throws {
        let store = try TestStore(images: [])
        let run = try build(store, "{ \(script); } > Dockerfile")
        #expect(run.status <= 1, "\(run)")
        if !message.isEmpty { #expect(run.status == 1 && run.output.contains(message), "\(run)") }
        try store.expectClean()
    }

    @Test(
        "ends in an answer where it is a million of something (T-B10)",
        arguments: [
            #"echo FROM scratch; yes "$(printf 'RUN <<E\nE')" | head -n 2000000; echo NONE"#,
            #"echo FROM scratch; printf 'COPY'; yes ' <<E \' | head -n 1000000; echo ' /'; yes E | head -n 1000000; echo NONE"#,
            #"echo FROM scratch; printf 'RUN'; yes ' --mount=type=cache,target=/x \' | head -n 400000; echo ' x'; echo NONE"#,
            #"echo FROM scratch; printf 'RUN '; yes '[ \' | head -n 1000000; echo; echo NONE"#, #"echo FROM scratch; yes '# check=skip=all' | head -n 900000; echo NONE"#,
            #"echo FROM scratch; printf 'LABEL'; seq 1000000 | sed 's/.*/ a&=b \\/'; echo ' c=d'; echo NONE"#,
        ])
    func millions(script: String) throws {
        let store = try TestStore(images: [])
        let run = try build(store, "{ \(script); } > Dockerfile")
        #expect(run.status == 1 && run.output.contains("NONE"), "\(run)")
    }

    @Test("has patterns whose time grows with what they match, whatever they are (T-B10)")
    func patterns() throws {
        let store = try TestStore()
        let stars = String(repeating: "a*", count: 40) + "b"
        let directories = String(repeating: "**/", count: 60) + "x"
        let making = """
            name=$(head -c 250 /dev/zero | tr '\\0' a); d=$name; for i in $(seq 12); do mkdir -p "$d"; d="$d/$name"; done; for i in $(seq 200); do echo > "$name$i"; done 2> /dev/null
            touch x; for i in 1 2; do echo '\(stars)'; echo '**/\(stars)/**'; echo '!\(stars)'; echo '\(directories)'; done > .dockerignore
            """
        try store.build(
            """
            FROM busybox
            COPY --exclude=\(stars) --exclude=**/\(stars) . /o/
            COPY \(stars) \(String(repeating: "*/", count: 12))\(stars) /p/
            COPY --parents ./**/**/**/**/a*a*a*a*/**/\(stars) /q/
            COPY --parents \(directories) \(directories)/** /r/
            """, context: making, "-q", "-t", "made"
        ).expectSuccess()
    }
}
