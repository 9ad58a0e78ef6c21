import Glibc
import Linux
import Testing
import TestSupport

@Suite("A hostile build context", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildContextAttackTests {
    /// Makes links to `/CANARY`, which stands for a tree of the host's.
    private static let links = """
        ln -s /CANARY/secret link; ln -s /CANARY dir; ln -s ../../../../../../../../../../CANARY up; mkdir d; ln -s /CANARY/secret d/l; ln -s ../dir d/m
        """

    @Test(
        "gives a build nothing of the host's, whatever its links say and its sources are called (T-B1)",
        arguments: [
            "COPY link /o/", "COPY dir /o/", "COPY dir/secret /o/", "COPY up/secret /o/", "COPY /CANARY/secret /o/", "COPY ../../../../../../../CANARY/secret /o/",
            "COPY d/m/secret /o/", "COPY li* /o/", "COPY dir/* /o/", "COPY --parents dir/secret /o/", "COPY --parents ./d/./m/secret /o/", "ADD link /o/",
            "ADD up/secret dir /o/", "COPY --from=named link /o/", "COPY --from=named dir/secret /o/", "FROM named",
            "RUN --mount=type=bind,source=dir,target=/m cat /m/secret", "RUN --mount=type=bind,source=link,target=/m cat /m",
            "RUN --mount=type=bind,source=/CANARY,target=/m,rw echo EVIL > /m/secret",
            "RUN --mount=type=cache,from=named,source=dir,target=/m cat /m/secret", "COPY . /o/", "COPY d /o/",
            "RUN --mount=type=bind,rw,target=/m cat /m/link /m/dir/secret /m/d/l; echo EVIL > /m/link; echo EVIL > /m/dir/new; true",
        ])
    func links(instruction: String) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let path = { (text: String) in text.replacing("/CANARY", with: canary.path) }
        let named = store.scratch.path("named")
        try store.shell("mkdir '\(named)' && cd '\(named)' && " + path(Self.links)).expectSuccess()
        let run = try store.build(
            "FROM busybox\n" + path(instruction) + "\nRUN ls -RA /o /m; cat /o/* /o/*/* /link /dir/secret; true\n", context: path(Self.links), "--build-context",
            "named=" + named)
        // That links stay links is as good an answer as that nothing is there.
        if ["COPY . /o/", "COPY d /o/"].contains(instruction) || instruction.hasSuffix("; true") { #expect(run.status == 0, "\(run)") }
        try store.expectNowhere([Canary.secret], run)
        #expect(try canary.changes() == [])
    }

    @Test("has no Dockerfile and no ignore file that is a link to elsewhere (T-B1)")
    func dockerfiles() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        try store.scratch.add("outside/patterns", .file(Array("[\(Canary.secret)\n".utf8)))
        let (context, outside) = (store.scratch.path("context"), store.scratch.path("outside/patterns"))
        try store.build("FROM scratch\nCOPY . /\n", context: "mkdir sub; ln -s \(canary.path)/secret sub/led; cp Dockerfile sub/own; ln -s ../Dockerfile sub/inside").expectSuccess()
        for command in ["cd '\(context)'; $HAKO build -f sub/led .", "$HAKO build -f '\(context)/sub/led' '\(context)'", "cd '\(context)/sub'; $HAKO build -f led ./"] {
            let run = try store.shell(command)
            #expect(run.status == 1 && run.error.contains("open led: no such file or directory"), "\(run)")
            try store.expectNowhere([Canary.secret], run)
        }
        // Inside, a link is followed; and what isn't below the context is the user's own choice.
        try store.shell("cd '\(context)'; $HAKO build -f sub/inside . && $HAKO build -f ./sub/../Dockerfile . && cd sub && $HAKO build -f ../Dockerfile .").expectSuccess()
        for (file, options) in [(".dockerignore", ""), ("Dockerfile.dockerignore", ""), ("sub/own.dockerignore", "-f sub/own")] {
            let run = try store.shell("cd '\(context)'; ln -s '\(outside)' \(file); $HAKO build \(options) .; status=$?; rm \(file); exit $status")
            #expect(run.status == 0, "\(file): \(run)")
            #expect(!run.error.contains(Canary.secret))
        }
        try store.shell("cd '\(context)'; rm Dockerfile; ln -s '\(canary.path)/secret' Dockerfile").expectSuccess()
        let run = try store.hako("build", context)
        #expect(run.status == 1 && run.error.contains("open Dockerfile: no such file or directory"), "\(run)")
        try store.expectNowhere([Canary.secret], run)
    }

    @Test("has nothing else copied while somebody swaps its files for links (T-B1)")
    func swapper() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let context = store.scratch.path("swapped")
        try store.shell("mkdir -p '\(context)/s/d' && cd '\(context)/s' && echo inside > d/secret && echo inside > f && tar cf t.tar f && mkdir e && echo inside > e/secret").expectSuccess()
        let directory = try Attacker(swapping: "d", in: context + "/s", with: canary.path)
        let file = try Attacker(swapping: "f", in: context + "/s", with: canary.path + "/secret")
        let relative = try Attacker(swapping: "e", in: context + "/s", with: String(repeating: "../", count: 20) + canary.path)
        try directory.confirm()
        try file.confirm()
        try relative.confirm()
        var (made, failed) = (0, 0)
        let instructions = [
            "COPY s/d/secret /o/", "COPY s/d /o/", "COPY s /o/", "ADD s/f s/t.tar /o/", "COPY s/e /o/", "COPY s/*/secret /o/",
            "RUN --mount=type=bind,source=s/d,target=/m cat /m/*",
        ]
        for _ in 0..<(TestStore.isThorough ? 300 : 6) {
            for instruction in instructions {
                let words = ["build", "-q", "--no-cache", "-f", "-", context]
                let run = try store.hako(words, input: Array("FROM busybox\n\(instruction)\n".utf8))
                if run.status == 0 { made += 1 } else { failed += 1 }
                #expect(!run.error.contains(Canary.secret), "\(instruction): \(run)")
            }
            try store.expectNowhere([Canary.secret])
        }
        #expect(made > 0, "no build of \(failed) has seen the files themselves")
        #expect(try canary.changes() == [])
    }

    @Test("that is an archive has no device opened that takes a Dockerfile's place (T-B1)")
    func device() throws {
        let store = try TestStore()
        // A number that no driver has: who opens it is told so.
        let script = "cd '\(store.scratch.root)'; mkdir t; mknod t/Dockerfile c 240 240; mkfifo t/fifo; tar c -C t . | $HAKO build "
        for (options, message) in [("-", "invalid argument"), ("-f fifo -", "invalid argument")] {
            let run = try store.shell("rm -rf '\(store.scratch.path("t"))'; " + script + options)
            #expect(run.status == 1 && run.error.contains(message), "\(run)")
        }
        try store.expectClean()
    }

    @Test(
        "that is a git address is nothing that git or ssh could take for an option or a program (T-B2)",
        arguments: [
            "ext::sh -c touch% /MARK", "git@-oProxyCommand=touch${IFS}/MARK:x", "ssh://-oProxyCommand=touch${IFS}/MARK/x.git",
            "https://127.0.0.1:1/x.git#--upload-pack=touch /MARK", "https://127.0.0.1:1/x.git?ref=--upload-pack=touch%20/MARK",
            "ssh://127.0.0.1:1/--upload-pack=touch /MARK", "git://127.0.0.1:1/x.git#main:../../..", "git://-h/x.git", "file:///MARK.git#main", "fd::17/x.git",
        ])
    func gitAddress(address: String) throws {
        let store = try TestStore()
        let mark = store.scratch.path("mark")
        let text = address.replacing("/MARK", with: mark)
        try store.scratch.add("plain/Dockerfile", "FROM x\n")
        for words in [[text], ["--build-context", "x=" + text, store.scratch.path("plain")]] {
            let run = try store.hako(["build"] + words)
            #expect(run.status == 1, "\(run)")
        }
        let added = try store.build("FROM busybox\nADD [\"\(text)\", \"/a\"]\n")
        #expect(added.status == 1, "\(added)")
        #expect(access(mark, F_OK) != 0)
    }

    @Test(
        "that is a git repository gives a build nothing of the host's by its links (T-B1, T-B2)",
        .enabled(if: Program.isInstalled("git", "/usr/lib/git-core/git-http-backend"), "git is not installed"))
    func repository() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let web = store.scratch.path("web")
        try Directory.create(web)
        try FileServer.repositories(
            in: web,
            """
            git init -q -b main a; cd a; ln -s \(canary.path)/secret Dockerfile; ln -s \(canary.path)/secret link; ln -s \(canary.path) dir
            printf 'FROM busybox\\nCOPY link /o/\\n' > one; printf 'FROM busybox\\nADD dir/secret /o/\\n' > two; printf 'FROM busybox\\nCOPY . /o/\\nRUN cat /o/link; true\\n' > all
            mkdir sub; ln -s \(canary.path)/secret sub/Dockerfile; git add .; git commit -qm one; cd ..; git clone -q --bare a "$R/a.git"
            """)
        let server = try FileServer(web, isSmart: true)
        for (suffix, file, status) in [("", nil, 1), ("#main:sub", nil, 1), ("#main:dir", nil, 1), ("", "one", 1), ("", "two", 1), ("", "all", 0)] as [(String, String?, CInt)] {
            let run = try store.hako(["build"] + (file.map { ["-f", $0] } ?? []) + ["\(server.address)/a.git\(suffix)"])
            #expect(run.status == status, "\(suffix) \(file ?? ""): \(run)")
            try store.expectNowhere([Canary.secret], run)
        }
        #expect(try canary.changes() == [])
        try store.expectClean()
    }

    @Test("has no file of the host's overwritten by a link where the image's id is to be written (T-L4)")
    func imageIDFile() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let file = store.scratch.path("iid")
        try store.scratch.add("iid", "of an earlier build\n")
        // Once the old one is gone, somebody who may write there puts a link in its place.
        let run = try store.build(
            "FROM busybox\nRUN --mount=type=cache,target=/c until [ -e /c/go ]; do sleep 0.05; done\n",
            context: """
                ( while [ -e '\(file)' ]; do :; done; ln -s '\(canary.path)/secret' '\(file)'
                  until cd '\(store.root)'/build-cache/mounts/*/data && touch go || [ ! -e '\(store.root)' ]; do sleep 0.05; done ) 2> /dev/null &
                """, "-q", "--iidfile", file)
        #expect(run.status == 1 && run.error.contains("writing image ID file: open \(file): file exists"), "\(run)")
        #expect(try canary.changes() == [])
    }
}
