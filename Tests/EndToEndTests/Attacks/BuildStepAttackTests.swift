import Glibc
import Linux
import Testing
import TestSupport

@Suite("A hostile step of a build", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildStepAttackTests {
    @Test(
        "reaches nothing of the host's by its stage's links, nor by what it says of its mounts (T-B3)",
        arguments: [
            "COPY f /link/", "COPY f /link/secret", "COPY --parents d/f /link/", "COPY d /up", "ADD a.tar /link/", "ADD a.tar /", "WORKDIR /link/made",
            "COPY --from=links /link/secret /o", "COPY --from=links /link /o/", "COPY --from=links /up/secret /o", "COPY --from=links /l* /o/",
            "COPY --chown=mallory f /o", "COPY --link f /link/f",
            "RUN --mount=type=bind,from=links,source=/link,target=/m cat /m/secret", "RUN --mount=type=bind,from=links,source=up/secret,target=/m cat /m",
            "RUN --mount=type=bind,from=links,source=/link,target=/m,rw echo EVIL > /m/secret",
            "RUN --mount=type=bind,from=links,target=/m,rw cat /m/link/secret; echo EVIL > /m/link/secret; echo EVIL > /m/up/new",
            "RUN --mount=type=cache,from=links,source=/link,target=/m cat /m/secret; echo EVIL > /m/secret",
            "RUN --mount=type=cache,source=/CANARY,target=/m cat /m/secret; echo EVIL > /m/secret",
            "RUN --mount=type=cache,source=../../../../../../../../../CANARY,target=/m cat /m/secret; echo EVIL > /m/secret",
            "RUN --mount=type=tmpfs,target=/link/secret true", "RUN --mount=type=tmpfs,target=/up/x/y true", "RUN --mount=type=secret,id=s,target=/link/secret true",
            "RUN --mount=type=cache,target=/link/d touch /link/d/EVIL", "RUN --mount=type=bind,source=f,target=/up/secret true",
            "RUN --mount=type=cache,target=/../../../../../../../CANARY touch /CANARY/EVIL; rm -rf /CANARY/*",
        ])
    func stagePaths(instruction: String) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let text = instruction.replacing("/CANARY", with: canary.path)
        let secret = store.scratch.path("value")
        try store.scratch.add("value", "value\n")
        let run = try store.build(
            """
            FROM busybox AS links
            RUN ln -s \(canary.path) /link; ln -s ../../../../../../..\(canary.path) /up; ln -s \(canary.path)/passwd /passwd; mkdir -p /etc; ln -sf \(canary.path)/passwd /etc/passwd
            FROM links
            \(text)
            RUN ls -RA /o /m; cat /o /o/* /link/secret; true
            """,
            context: "mkdir d; echo EVIL > f; cp f d/f; mkdir -p t/link; cp f t/link/secret; tar cf a.tar -C t link/secret; rm -r t", "--secret", "id=s,src=" + secret)
        #expect(run.status == 0 || run.status == 1, "\(run)")
        try store.expectNowhere([Canary.secret], run)
        #expect(try canary.changes() == [])
        try store.expectClean()
    }

    @Test(
        "has its mounts refused that would cover the kernel's files or reach the host's mounts (T-B3)",
        arguments: [
            "type=tmpfs,target=/proc", "type=bind,from=links,target=/proc/self/attr", "type=cache,target=/sys", "type=tmpfs,target=/k/sys",
            "type=bind,target=/m,bind-propagation=shared", "type=bind,target=/m,bind-propagation=rshared,rw", "type=bind,target=/m,propagation=shared",
            "type=bind,target=/m,bind-nonrecursive", "type=volume,target=/m", "type=bind,target=/m,volume-driver=local", "type=devpts,target=/m",
            "type=tmpfs,target=/", "type=bind,target=.", "type=tmpfs,target=/x,tmpfs-mode=dev,suid",
        ])
    func mountOptions(options: String) throws {
        let store = try TestStore()
        let run = try store.build(
            "FROM busybox AS links\nRUN ln -s /proc /k\nFROM links\nRUN --mount=\(options) grep -c ^Seccomp: /proc/self/status; cat /proc/sys/kernel/ostype; ls /proc/sys/kernel\n")
        #expect(run.status == 1, "\(run)")
        try store.expectClean()
    }

    @Test("opens no device that a context or an image brings (T-R8, T-B3)")
    func devices() throws {
        let store = try TestStore()
        try store.load("nodes", layers: [TestStore.shellLayer, "mkdir n; mknod -m 666 n/null c 1 3; mknod -m 666 n/log c 1 11; tar c n"])
        let tried = "for f in /m /n/null /n/log /c/log /c/null; do cat $f > /dev/null && echo opened $f; done; true"
        for mount in ["type=bind,from=nodes,source=/n/log,target=/m", "type=bind,source=log,target=/m", "type=bind,target=/c", "type=cache,from=nodes,source=/n,target=/c"] {
            let run = try store.build("FROM nodes\nCOPY * /c/\nRUN --mount=\(mount) \(tried)\n", context: "mknod -m 666 log c 1 11; mknod -m 666 null c 1 3")
            #expect(run.status == 0 && !run.error.contains(" opened /"), "\(mount): \(run)")
        }
    }

    @Test("leads a step beside it nowhere by what it swaps in their cache (T-B4)")
    func parallelSteps() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let up = String(repeating: "../", count: 20) + String(canary.path.dropFirst())
        let cache = "--mount=type=cache,id=x,target=/c"
        let dockerfile = """
            FROM busybox AS base
            COPY container-probe /probe
            RUN mkdir -p /seed/d; echo inside > /seed/d/secret
            FROM base AS swapper
            RUN \(cache) rm -rf /c/*; mkdir -p /c/d/x /c/e/y; echo inside > /c/d/secret; echo inside > /c/e/secret; \\
                /probe swap /c d \(canary.path) 0 > /dev/null & a=$!; /probe swap /c e \(up) 0 > /dev/null & b=$!; cd /c; touch begun; \\
                until [ -e done ] || [ $((i = i + 1)) -gt 500 ]; do sleep 0.02; done; kill -9 $a $b; echo 1 > /one
            FROM base AS victim
            RUN \(cache) until [ -e /c/begun ] || [ $((i = i + 1)) -gt 500 ]; do sleep 0.02; done
            RUN --mount=type=cache,id=x,source=d,target=/m cat /m/secret /m/d/secret /m/e/secret; echo EVIL > /m/d/EVIL; true
            RUN --mount=type=cache,id=x,source=e,target=/m,uid=7,mode=0777 cat /m/secret /m/e/secret; true
            RUN \(cache) --mount=type=tmpfs,target=/c/d/x --mount=type=cache,id=y,target=/c/e/y touch /c/d/x/EVIL /c/e/y/EVIL; ls -A /c/d /c/e; true
            RUN \(cache) --mount=type=bind,from=base,source=/seed/d/secret,target=/c/d/secret,rw cat /c/d/secret; true
            RUN \(cache) touch /c/done; echo 2 > /two
            FROM busybox
            COPY --from=swapper /one /
            COPY --from=victim /two /
            """
        let context = "cp '\(Attacker.program)' container-probe"
        var made = 0
        for round in 0..<(TestStore.isThorough ? 300 : 30) {
            let run = try store.build(dockerfile, context: context, "--no-cache", "--progress", "plain")
            // A place that turned into another one in the midst of it is an error, and as good as the other answer.
            if run.status == 0 { made += 1 } else { #expect(run.status == 1, "\(run)") }
            #expect(!run.error.contains(Canary.secret), "round \(round): \(run)")
            #expect(try canary.changes() == [], "round \(round)")
            guard round == 0 || round % 10 == 9 else { continue }
            // With the line's end, as the swapping program knows the word, too.
            let kept = try store.shell("grep -rlaE -D skip '\(Canary.secret)$' '\(store.root)' '\(store.runRoot)'")
            #expect(kept.text == "", "\(kept)")
        }
        #expect(made > 0)
        // Where the last one has failed, the other stage's monitor cleans up behind the answer.
        try waitUntil {
            try FileDescriptor.directory(store.root + "/layers/.ingest").names().isEmpty && store.hako("system", "check").status == 0
        }
        try store.expectClean()
    }

    @Test("has its cache below the store, whatever its id is (T-B5)")
    func cacheID() throws {
        let store = try TestStore()
        for id in ["../../../escaped", "/escaped", "..", ".", "a/b", "escaped/../../..", String(repeating: "x", count: 5000)] {
            let run = try store.build("FROM busybox\nRUN --mount=type=cache,id=\(id),target=/c touch /c/mine\n")
            #expect(run.status == 0, "\(run)")
        }
        let names = try FileDescriptor.directory(store.root + "/build-cache/mounts").names().map(\.description)
        #expect(names.count == 7 && names.allSatisfy { $0.wholeMatch(of: #/[0-9a-f]{32}-0/#) != nil }, "\(names)")
        #expect(try store.shell("find '\(store.scratch.root)' -name '*escaped*'").text == "")
        #expect(try store.shell("find '\(store.root)' -name mine | wc -l").text == "7")
        #expect(try store.output("builder", "prune", "-af").contains("Total"))
        try store.expectClean()
    }

    @Test("has nothing removed elsewhere with the places of its mounts, wherever it leads their parents (T-B5)")
    func stubs() throws {
        let store = try TestStore()
        let outside = store.scratch.path("outside")
        let secret = store.scratch.path("value")
        try store.scratch.add("value", "value\n")
        // As empty as what was made for the mounts.
        try store.shell("mkdir -p '\(outside)/b/c' '\(outside)/t'; touch '\(outside)/s' '\(outside)/b/s'").expectSuccess()
        let before = try store.shell("find '\(outside)' -printf '%p %y %i\\n' | sort").text
        for change in [
            "mv /a /x && ln -s OUTSIDE /a", "mv /a/b /x && ln -s OUTSIDE/b /a/b", "mv /a /x && ln -s ../../../../../../../../../..OUTSIDE /a",
            "mkdir /x && cp /bin/busybox /x/ && mv /a /y && ln -s OUTSIDE /a && rm -rf /y 2> /dev/null; true",
        ] {
            let run = try store.build(
                """
                FROM busybox
                RUN --mount=type=tmpfs,target=/a/b/c --mount=type=tmpfs,target=/a/t --mount=type=secret,id=s,target=/a/s --mount=type=secret,id=s,target=/a/b/s \\
                    \(change.replacing("OUTSIDE", with: outside))
                """, "--secret", "id=s,src=" + secret)
            #expect(run.status == 0 || run.status == 1, "\(run)")
            #expect(try store.shell("find '\(outside)' -printf '%p %y %i\\n' | sort").text == before, "\(change): \(run)")
        }
        try store.expectClean()
    }
}
