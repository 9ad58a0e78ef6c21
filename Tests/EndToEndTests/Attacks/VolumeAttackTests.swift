import Glibc
import Linux
import Testing
import TestSupport

@Suite("Through a volume, a container or an image", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct VolumeAttackTests {
    @Test("reaches nothing outside by a path in it that is swapped (T-V1)")
    func subpath() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        try store.hako(
            "run", "--rm", "-v", "vol:/v", "busybox", "sh", "-c",
            "mkdir -p /v/d/d; echo inside > /v/d/secret; chmod -R 777 /v"
        ).expectSuccess()
        let attacker = try Attacker(swapping: "d", in: store.root + "/volumes/vol/_data", with: canary.path)
        try attacker.confirm()
        var mounted = 0
        for path in ["d", "d/d", "d/secret"] {
            for _ in 0..<20 {
                let run = try store.hako(
                    "run", "--rm", "--userns=host", "--mount", "type=volume,src=vol,dst=/p,volume-subpath=" + path,
                    "busybox", "sh", "-c",
                    "echo mounted; cat /p /p/secret; echo EVIL > /p/secret")
                #expect(!run.output.contains(Canary.secret), "\(run)")
                if run.output.hasPrefix("mounted") { mounted += 1 }
            }
        }
        #expect(mounted > 0)
        _ = consume attacker
        #expect(try canary.changes() == [])
    }

    @Test("has nothing of the host copied into it, nor out of it (T-V2)")
    func copyUp() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        try store.load(
            "linked",
            layers: [
                TestStore.shellLayer,
                "ln -s \(canary.path) l; mkdir real; ln -s ../../../../../..\(canary.path) real/l; ln -s real/l m; mkfifo real/fifo; mknod real/null c 1 3; tar c *",
            ],
            config: TestStore.plainConfig + #","Volumes":{"/l":{},"/m":{},"/real":{}}"#)
        let script = "cat /l/secret /m/secret; echo EVIL > /l/secret; ls /real"
        try store.hako("create", "--name", "box", "linked", "sh", "-c", script).expectSuccess()
        // Inside, one volume may cover another.
        #expect(try store.shell("cd \(store.root)/volumes && find . -name '*secret' -o -name null -o -name fifo").output == "")
        let run = try store.hako("start", "-a", "box")
        #expect(run.status == 0 && run.output == "l\n", "\(run)")
        // A volume that holds links, with an image that has files of their names.
        try store.load(
            "files",
            layers: [
                TestStore.shellLayer,
                "mkdir data; echo EVIL > data/l; mkdir data/d; echo EVIL > data/d/secret; tar c data",
            ])
        try store.hako(
            "run", "--rm", "-v", "vol:/v", "busybox", "sh", "-c",
            "ln -s \(canary.path) /v/d; ln -s \(canary.path)/secret /v/l"
        ).expectSuccess()
        try store.hako("run", "--rm", "-v", "vol:/data", "files", "true").expectSuccess()
        for path in ["l", "d"] {
            let part = try store.hako(
                "run", "--rm", "--mount", "type=volume,src=vol,dst=/data,volume-subpath=" + path, "files", "sh", "-c",
                "cat /data /data/secret")
            #expect(part.status == 125 && !part.output.contains(Canary.secret), "\(part)")
        }
        #expect(try canary.changes() == [])
    }

    @Test(
        "has nothing removed that is mounted or linked in it, however it is removed (T-V3)",
        arguments: ["rm -v box", "volume rm VOLUME", "volume prune -f", "system prune -f --volumes"])
    func removal(command: String) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        func remove() throws -> ProgramRun {
            let name = try store.output("volume", "ls", "-q")
            return try store.hako(command.replacing("VOLUME", with: name).split(separator: " ").map(String.init))
        }
        func fill() throws -> String {
            try store.hako(
                "run", "--name", "box", "-v", "/v", "busybox", "sh", "-c",
                "mkdir -p /v/m /v/d/d; touch /v/d/secret; ln -s \(canary.path) /v/l"
            ).expectSuccess()
            if !command.hasPrefix("rm") { try store.hako("rm", "box").expectSuccess() }
            return store.root + "/volumes/\(try store.output("volume", "ls", "-q"))/_data"
        }
        try ProgramRun.of("/bin/mount", ["--bind", canary.path, try fill() + "/m"]).expectSuccess()
        let removed = try remove()
        let mounts = try store.shell("umount $(cut -d' ' -f5 /proc/self/mountinfo | grep '^\(store.root)/volumes')")
        #expect(removed.status == 1 && removed.error.contains("cannot remove"), "\(removed)")
        #expect(try canary.changes() == [])
        mounts.expectSuccess()
        _ = try store.hako("rm", "box")
        try store.hako("system", "check", "--repair").expectSuccess()
        do {
            let attacker = try Attacker(swapping: "d", in: try fill(), with: canary.path)
            try attacker.confirm()
            // It goes, or says what was in the way.
            let swapped = try remove()
            #expect(swapped.status <= 1, "\(swapped)")
        }
        try store.hako("system", "check", "--repair").expectSuccess()
        #expect(try FileDescriptor.directory(store.root + "/volumes").names().isEmpty)
        #expect(try canary.changes() == [])
    }

    @Test("has nothing made where another user leads a bind's source, which is missing (T-V7)", arguments: ["create", "run"])
    func missingSource(command: String) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let home = store.scratch.path("home")
        try store.shell("chmod 755 \(store.scratch.root); install -d -o 1000 -g 1000 \(home) \(home)/d").expectSuccess()
        let attacker = try Attacker(swapping: "d", in: home, with: canary.path, userID: 1000)
        try attacker.confirm()
        var (made, refused) = (0, 0)
        for number in 0..<(getenv("HAKO_TEST_ALL") == nil ? 40 : 500) {
            let words = ["-v", "\(home)/d/\(number)/x:/v", "busybox", "sh", "-c", "ls -A /v /v/.. | grep secret"]
            let run = try store.hako((command == "run" ? ["run", "--rm", "--userns=host"] : ["create"]) + words)
            #expect(!run.output.contains("secret"), "\(run)")
            if run.error.contains("That symlink isn't root's") { refused += 1 } else { made += 1 }
        }
        #expect(made > 0 && refused > 0)
        _ = consume attacker
        #expect(try canary.changes() == [])
        // A symlink of root's is followed, as ever.
        try store.scratch.add("led", .symlink(home))
        try store.hako("create", "-v", store.scratch.path("led") + "/own:/v", "busybox", "true").expectSuccess()
        #expect(try FileDescriptor.status(of: home + "/own").permissions == 0o755)
    }

    @Test("leaves no program on the host that another user could run (T-V5)")
    func setUserID() throws {
        let store = try TestStore()
        try store.hako(
            "run", "--rm", "-v", "vol:/v", "busybox", "sh", "-c",
            "cp /bin/busybox /v/root; chmod 4755 /v/root; chmod 755 /v"
        ).expectSuccess()
        let program = store.root + "/volumes/vol/_data/root"
        #expect(try FileDescriptor.status(of: program).permissions == 0o4755)
        let run = try ProgramRun.of(
            "/usr/bin/setpriv", ["--reuid", "1000", "--regid", "1000", "--clear-groups", program, "id"])
        #expect(run.status != 0 && run.output == "", "\(run)")
    }

    @Test("gives a container no device of the host")
    func devices() throws {
        let store = try TestStore()
        try store.hako("volume", "create", "vol").expectSuccess()
        try store.shell("mknod \(store.root)/volumes/vol/_data/zero c 1 5; chmod 666 \(store.root)/volumes/vol/_data/zero")
            .expectSuccess()
        try store.hako(
            "volume", "create", "-o", "type=none", "-o", "device=\(store.root)/volumes/vol/_data", "-o", "o=bind", "bound"
        ).expectSuccess()
        for name in ["vol", "bound"] {
            let run = try store.hako(
                "run", "--rm", "--userns=host", "-v", name + ":/v", "busybox", "head", "-c", "1", "/v/zero")
            #expect(run.status == 1 && run.error.contains("Permission denied"), "\(run)")
        }
    }
}
