import Glibc
import Linux
import Testing
import TestSupport

@Suite("The volume commands", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct VolumeCommandTests {
    @Test("make, list, show and remove volumes as Docker's do")
    func commands() throws {
        let store = try TestStore()
        #expect(try store.output("volume", "ls") == "DRIVER    VOLUME NAME")
        #expect(try store.output("volume", "create", "--label", "team=red", "--label", "empty", "beta") == "beta")
        #expect(try store.output("volume", "create", "alpha") == "alpha")
        // What is there is left as it is.
        #expect(try store.output("volume", "create", "--label", "team=blue", "beta") == "beta")
        let random = try store.output("volume", "create")
        #expect(random.utf8.count == 64)
        try store.hako("volume", "rm", random).expectSuccess()
        try store.hako("create", "--name", "box", "-v", "beta:/b", "busybox", "true").expectSuccess()
        for (filter, names) in [
            ("name=^al", "alpha"), ("dangling=true", "alpha"), ("dangling=0", "beta"), ("label=team", "beta"),
            ("label=team=red", "beta"),
            ("label=team=blue", ""), ("driver=local", "alpha\nbeta"), ("driver=nfs", ""),
        ] {
            #expect(try store.output("volume", "ls", "-q", "--filter", filter) == names, "\(filter)")
        }
        #expect(try store.hako("volume", "ls", "--filter", "size=1").error.contains("invalid filter 'size'"))
        #expect(try store.hako("volume", "ls", "--filter", "dangling=maybe").status == 1)
        #expect(
            try store.output(
                "volume", "ls", "--format",
                "{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Label \"team\"}} {{.Labels}}"
            ).hasSuffix("beta local local \(store.root)/volumes/beta/_data red empty=,team=red"))
        #expect(
            try store.output("volume", "list", "--format", "json").hasPrefix(
                #"{"Availability":"N/A","Driver":"local","Group":"N/A","Labels":"","Links":"N/A","Mountpoint":""#))
        let shown = try store.output("volume", "inspect", "alpha")
        #expect(
            shown.contains(#""Driver": "local""#) && shown.contains(#""Labels": null"#)
                && shown.contains(#""Options": null"#))
        #expect(try store.output("inspect", "-f", "{{.Name}} {{.Labels.team}}", "beta") == "beta red")
        #expect(try store.output("inspect", "--type", "volume", "-f", "{{.Scope}}", "beta") == "local")
        let missing = try store.hako("volume", "inspect", "gamma")
        #expect(missing.status == 1 && missing.text == "[]" && missing.error.contains("get gamma: no such volume"))
        let used = try store.hako("volume", "rm", "beta", "alpha", "gamma")
        #expect(used.status == 1 && used.text == "alpha")
        let id = try store.inspect("box", "{{.Id}}")
        #expect(used.error.contains("remove beta: volume is in use - [\(id)]"))
        #expect(used.error.contains("get gamma: no such volume"))
        #expect(try store.hako("volume", "rm", "-f", "beta").status == 1)
        #expect(try store.output("volume", "rm", "--force", "gamma") == "gamma")
        try store.hako("rm", "box").expectSuccess()
        #expect(try store.output("volume", "remove", "beta") == "beta")
        #expect(try FileDescriptor.directory(store.root + "/volumes").names().isEmpty)
    }

    @Test("prune what no container uses: anonymous ones, or all")
    func prune() throws {
        let store = try TestStore()
        for name in ["kept", "used", "marked"] {
            try store.hako("volume", "create", "--label", "name=" + name, name).expectSuccess()
        }
        let anonymous = try store.output("volume", "create")
        try store.hako("create", "--name", "box", "-v", "used:/u", "busybox", "true").expectSuccess()
        _ = try store.output(
            "run", "--rm", "-v", anonymous + ":/a", "busybox", "sh", "-c", "head -c 5000 /dev/zero > /a/f")
        let asked = try store.hako("volume", "prune", input: "n\n")
        #expect(
            asked.text.contains("WARNING! This will remove anonymous local volumes not used by at least one container.")
        )
        #expect(
            try store.output("volume", "prune", "-f") == "Deleted Volumes:\n\(anonymous)\n\nTotal reclaimed space: 5kB")
        #expect(try store.output("volume", "prune", "-f") == "Total reclaimed space: 0B")
        #expect(
            try store.output("volume", "prune", "-a", "-f", "--filter", "label!=name=marked").hasPrefix(
                "Deleted Volumes:\nkept\n\n"))
        #expect(try store.output("volume", "ls", "-q") == "marked\nused")
        #expect(
            try store.output("volume", "prune", "-f", "--filter", "all=true").hasPrefix("Deleted Volumes:\nmarked\n"))
        #expect(try store.hako("volume", "prune", "-f", "--filter", "name=x").error.contains("invalid filter 'name'"))
    }

    @Test("refuse names that are paths, options or too short, and mounts that can't be")
    func refusals() throws {
        let store = try TestStore()
        for name in ["../x", "a/b", ".new-x", "_data", "a b", "é", "x\n", "a"] {
            let created = try store.hako("volume", "create", "--", name)
            #expect(
                created.status == 1
                    && (created.error.contains("invalid characters") || created.error.contains("too short")),
                "\(created)")
            let run = try store.hako("run", "--rm", "--mount", "type=volume,dst=/d,src=" + name, "busybox", "true")
            #expect(run.status == 125, "\(run)")
        }
        for (words, said) in [
            (["-v", "vol:/d", "-v", "wol:/d"], "Duplicate mount point: /d"),
            (["-v", "vol:/d", "--tmpfs", "/d"], "Duplicate mount point: /d"),
            (["-v", "vol:/"], "destination can't be '/'"), (["-v", "vol:d"], "mount path must be absolute"),
            (["-v", "d"], "mount path must be absolute"),
            (["-v", "vol:/d:shared"], "invalid mode: shared"), (["-v", "vol:/d:ro,rw"], "invalid mode"),
            (["-v", "/tmp:/d:nocopy"], "invalid mode"),
            (["--volume-driver", "nfs", "-v", "vol:/d"], "plugin \"nfs\" not found"),
            (["--mount", "type=bind,src=/tmp,dst=/d,volume-nocopy"], "cannot mix 'volume-*' options"),
            (["--mount", "type=volume,dst=/d,volume-subpath=x"], "must not set Subpath when using anonymous volumes"),
            (["--mount", "type=volume,dst=/d,\"volume-opt=o"], "quotes"),
        ] {
            let run = try store.hako(["run", "--rm"] + words + ["busybox", "true"])
            #expect(run.status == 125 && run.error.contains(said), "\(words): \(run)")
        }
        #expect(try store.output("volume", "ls", "-q") == "")
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("find what killed processes left, and put it right")
    func leftovers() throws {
        let store = try TestStore()
        try store.hako("volume", "create", "half").expectSuccess()
        try store.hako("volume", "create", "lost").expectSuccess()
        let made = try store.shell(
            """
            cd \(store.root)/volumes; mkdir -p .new-1/_data .gone-2 stray/_data half/copied/sub half/copying; echo x > half/copied/sub/f
            chmod 700 half/copied; rmdir lost/_data lost; echo old > stray/_data/old
            """)
        made.expectSuccess()
        // A name that was left over is free, and what it held is gone.
        #expect(try store.output("run", "--rm", "-v", "stray:/s", "busybox", "ls", "/s") == "")
        let found = try store.hako("system", "check")
        #expect(found.status == 1 && found.output.count(of: "belongs to no volume") == 2, "\(found)")
        #expect(
            found.output.contains("volume half was being filled")
                && found.output.contains("the directory of volume lost is missing"))
        try store.hako("system", "check", "--repair").expectSuccess()
        #expect(try store.output("system", "check") == "The store is whole.")
        #expect(
            try store.output(
                "run", "--rm", "-v", "half:/h", "-v", "lost:/l", "busybox", "sh", "-c",
                "stat -c %a /h; cat /h/sub/f; ls /l") == "700\nx")
        #expect(try store.output("volume", "ls", "-q") == "half\nlost\nstray")
    }

    @Test("that a container brings which can't be made go with it, at once", .timeLimit(.minutes(10)))
    func failedContainer() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "busybox", "true").expectSuccess()
        for words in [["create"], ["run", "-d"], ["run", "--rm"]] {
            let run = try store.hako(words + ["--name", "box", "-v", "/data", "-v", "named:/n", "busybox", "true"])
            #expect(run.status != 0 && run.error.contains("Conflict. The container name"), "\(run)")
        }
        #expect(try store.output("volume", "ls", "-q") == "")
        #expect(try store.shell("ls -A \(store.root)/volumes").text == "")
    }

    @Test("work at the same time as others, and when they are killed")
    func racing() throws {
        let store = try VolumeTests().seeded(TestStore.plainConfig + #","Volumes":{"/anonymous":{}}"#)
        let race = try store.shell(
            """
            for n in 1 2 3 4 5 6 7 8; do ( for m in 1 2 3; do
              "$HAKO" run --rm -v same$m:/data seeded sh -c 'cat /data/f /data/d/e/g' || echo FAILED; done ) & done; wait
            """)
        // Of several containers at once, the lines come in any order.
        let lines = race.output.split(separator: "\n").sorted()
        #expect(lines == Array(repeating: "one", count: 24) + Array(repeating: "two", count: 24), "\(race)")
        #expect(try store.output("volume", "ls", "-q") == "same1\nsame2\nsame3")
        _ = try store.shell(
            """
            for n in $(seq 40); do ( timeout -s KILL 0.0$((RANDOM % 90 + 10)) "$HAKO" run --rm -v killed$n:/data seeded true; "$HAKO" volume rm same1 ) & 
              [ $((n % 8)) = 0 ] && wait; done; wait
            """)
        _ = try store.shell("while \"$HAKO\" ps -q | grep -q .; do :; done")
        try store.hako("container", "prune", "-f").expectSuccess()
        try store.hako("system", "check", "--repair").expectSuccess()
        #expect(try store.output("system", "check") == "The store is whole.")
        for name in try store.output("volume", "ls", "-q", "--filter", "name=killed").split(separator: "\n") {
            // Whole, or untouched: then the next one fills it.
            #expect(
                try store.output("run", "--rm", "-v", name + ":/data", "seeded", "sh", "-c", "cat /data/f /data/d/e/g")
                    == "one\ntwo")
        }
        try store.hako("volume", "prune", "-a", "-f").expectSuccess()
        // Monitors may still remove what belonged to their containers.
        let empty = try store.shell(
            "timeout 60 bash -c 'while [ -n \"$(ls -A \(store.root)/volumes)\" ]; do :; done'; ls -A \(store.root)/volumes"
        )
        #expect(empty.status == 0 && empty.output == "", "\(empty)")
    }
}
