import Glibc
import Linux
import Testing
import TestSupport

/// The ways on which an archive comes in beside a registry.
enum ArchiveDoor: String, CaseIterable, Sendable { case load, `import`, add, context, copy, copyStopped }

/// Python that writes a hostile archive to its output, and what the error names.
private let demands: [(name: String, script: String, message: String)] = [
    ("a header of a gigabyte", "t=tarfile.TarInfo('x'); t.type=b'x'; t.size=1<<30; o.write(t.tobuf(tarfile.USTAR_FORMAT)); o.write(b'0'*4096)", "1048576"),
    ("a long name of a gigabyte", "t=tarfile.TarInfo('x'); t.type=b'L'; t.size=1<<30; o.write(t.tobuf(tarfile.GNU_FORMAT)); o.write(b'0'*4096)", "1048576"),
    ("a path of 2,000 directories", "a=tarfile.open(fileobj=o, mode='w|', format=tarfile.PAX_FORMAT); a.addfile(tarfile.TarInfo('a/'*2000+'f')); a.close()", "512"),
    ("a window of 2 GiB", "o.write(bytes.fromhex('28b52ffd00a80100000100')+b'x'*64)", "window"),
    ("a file of 2^62 bytes", "t=tarfile.TarInfo('x'); t.size=1<<62; o.write(t.tobuf(tarfile.GNU_FORMAT)); o.write(b'0'*4096)", ""),
    ("a file of a negative size", "t=tarfile.TarInfo('x'); b=bytearray(t.tobuf(tarfile.GNU_FORMAT)); b[124:136]=b'\\xff'*12; b[148:156]=b' '*8; b[148:156]=b'%06o\\0 '%sum(b); o.write(b)", ""),
]

@Suite("A hostile archive", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ArchiveAttackTests {
    /// Lets the archive `archive` of the scratch in; with what came of it in the image or the container `made`.
    private static func enter(_ door: ArchiveDoor, _ store: TestStore, _ archive: String = "archive") throws -> ProgramRun {
        let path = store.scratch.path(archive)
        switch door {
        case .load:
            try Directory.removeTree(store.scratch.path("image-made"))
            return try store.loading("made", layers: [TestStore.shellLayer, "cat '\(path)'"])
        case .import: return try store.hako("import", path, "made")
        case .add: return try store.build("FROM busybox\nADD archive /\nADD archive /in/\n", context: "cp '\(path)' archive", "-q", "-t", "made")
        case .context:
            return try store.shell(
                """
                cd '\(store.scratch.root)'; mkdir -p own; printf 'FROM busybox\\nCOPY . /\\n' > own/Dockerfile; cp '\(path)' whole; tar rf whole -C own Dockerfile 2> /dev/null
                $HAKO build -q -t made - < whole
                """)
        case .copy, .copyStopped:
            _ = try store.hako("rm", "-f", "box")
            try store.hako(["run", "-d", "--name", "box", "busybox"] + (door == .copy ? ["sleep", "1000"] : ["true"])).expectSuccess()
            let run = try store.shell("$HAKO cp - box:/ < '\(path)'")
            // Names that only layers know it refuses.
            if run.status == 0 { _ = try store.hako("commit", "box", "made") }
            return run
        }
    }

    @Test("is unpacked inside of its place or refused, whichever way it comes (T-I1, T-I2)", arguments: ArchiveDoor.allCases)
    func escapes(door: ArchiveDoor) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        var made = 0
        for escape in ImageAttackTests.escapes {
            let script = escape.replacing("/CANARY", with: canary.path).replacing("CANARY", with: String(canary.path.dropFirst()))
            try store.shell("cd '\(store.scratch.root)' && rm -rf w && mkdir -p w/w && cd w/w && { \(script); } > ../../archive").expectSuccess()
            let run = try Self.enter(door, store)
            #expect(run.status == 0 || run.error.contains("hako: ") || door.rawValue.hasPrefix("copy"), "\(escape): \(run)")
            if run.status == 0 { made += 1 }
            try store.expectNowhere([Canary.secret], run)
            #expect(try canary.changes() == [], "\(escape)")
        }
        #expect(made > 0)
        try store.expectClean()
    }

    @Test("that asks for more than any image needs is refused by a limit, and nothing of it stays (T-I8)", arguments: ArchiveDoor.allCases, demands.indices)
    func bombs(door: ArchiveDoor, index: Int) throws {
        let demand = demands[index]
        let store = try TestStore()
        let before = try store.output("images", "-aq")
        try store.shell("cd '\(store.scratch.root)'; python3 -c \"import sys, tarfile; o=sys.stdout.buffer; \(demand.script)\" > archive").expectSuccess()
        let run = try Self.enter(door, store)
        // What isn't even an archive is a file to ADD, a Dockerfile to a build.
        if door == .add, run.status == 0 {
            #expect(try store.made("test -f /in/archive && echo file") == ["file"])
            return
        }
        #expect(run.status == 1, "\(demand.name): \(run)")
        if door != .context, !(demand.message == "window" && door.rawValue.hasPrefix("copy")) { #expect(run.error.contains(demand.message), "\(demand.name): \(run)") }
        #expect(try store.output("images", "-aq") == before)
        try store.expectClean()
    }

    @Test("has names that are bytes: those that look the same stay apart, and so do builds of them (T-I10)", arguments: ArchiveDoor.allCases)
    func names(door: ArchiveDoor) throws {
        let store = try TestStore()
        // é as one sign, e with an accent, and two that are no text.
        try store.shell(
            """
            cd '\(store.scratch.root)'; mkdir -p w/n; cd w; echo 1 > $'n/\\xc3\\xa9'; echo 2 > $'n/e\\xcc\\x81'; echo 3 > $'n/a\\xff'; echo 4 > $'n/a\\xfe'; echo 5 > $'n/b\\r\\nc'
            \(door == .import ? TestStore.shellLayer.replacing("; tar c .", with: "") : "true"); tar c * > ../archive
            """
        ).expectSuccess()
        try Self.enter(door, store).expectSuccess()
        #expect(try store.made("cd /n; cat * | sort; for f in *; do echo; done | wc -l") == ["1", "2", "3", "4", "5", "5"])
        if door == .copy || door == .copyStopped {
            // A name with a line's end is shown in one line all the same.
            #expect(try store.output("diff", "box").split(separator: "\n").count { $0.hasPrefix("A /n/") } == 5)
            try Directory.create(store.scratch.path("out"))
            try store.hako("cp", "box:/n", store.scratch.path("out")).expectSuccess()
            #expect(try FileDescriptor.directory(store.scratch.path("out/n")).names().count == 5)
        }
        guard door == .context else { return }
        for (name, content) in [("\u{E9}", "1"), ("e\u{301}", "2"), ("\u{E9}", "1")] {
            try store.build("FROM busybox\nCOPY --from=x n/\(name) /f\n", "-q", "-t", "made", "--build-context", "x=" + store.scratch.path("w")).expectSuccess()
            #expect(try store.made("cat /f") == [content])
        }
    }

    @Test("can't have a change that is two of them, by whatever ends a line (T-I10, T-C6)", arguments: ["\n", "\r\n", "\r", "\u{2028}"])
    func changes(end: String) throws {
        let store = try TestStore()
        try store.shell("cd '\(store.scratch.root)' && mkdir w && tar cf archive w").expectSuccess()
        try store.hako("create", "--name", "box", "busybox", "true").expectSuccess()
        for words in [["commit", "-c", "ENV a=b\(end)USER 12", "box", "made"], ["import", "-c", "ENV a=b\(end)USER 12", store.scratch.path("archive"), "made"]] {
            let run = try store.hako(words)
            if run.status == 0 {
                #expect(end == "\u{2028}" || end == "\r", "\(run)")
                #expect(try store.inspect("made", "{{.Config.User}}") == "")
            } else {
                #expect(run.status == 1, "\(run)")
            }
        }
    }

    // MARK: Programs

    @Test("or image has none of its programs run by what is done with its files, and nor has the directory that this is done in (T-R13, T-L4)")
    func trojans() throws {
        let store = try TestStore()
        let names = "tar gzip bzip2 xz zstd zcat xzcat git ssh ps mount umount getent ldconfig cp sh.real hako-image hako-runtime hako-init true"
        let trap = store.scratch.path("trap")
        let own = "/mark-\(getpid())"
        let trojan = "for n in \(names); do printf '#!/bin/sh\\necho $0 >> \(trap)/mark; echo $0 >> \(own)\\n'"
        try store.load(
            "trojans",
            layers: [
                TestStore.shellLayer,
                """
                mkdir -p sbin usr/bin usr/sbin trojan etc tmp; echo user:x:1000:1000::/:/bin/sh > etc/passwd
                \(trojan) | tee sbin/$n usr/bin/$n usr/sbin/$n > trojan/$n; chmod 755 sbin/* usr/bin/* usr/sbin/* trojan/*; done
                cp trojan/tar trojan/preload.so; echo /trojan/preload.so > etc/ld.so.preload; cp trojan/tar etc/nsswitch.conf; tar c .
                """,
            ], config: #""Env":["PATH=/trojan:/bin","LD_PRELOAD=/trojan/preload.so","GCONV_PATH=/trojan","LD_LIBRARY_PATH=/trojan"],"Cmd":["/bin/sleep","1000"]"#)
        let run = try store.shell(
            """
            set -e; mkdir -p '\(trap)/c'; cd '\(trap)/c'; echo content > f; tar cf plain.tar f; for z in gzip bzip2 xz; do $z -k plain.tar; done; zstd -q plain.tar
            printf 'FROM trojans\\nRUN ["/bin/true"]\\nCOPY --chown=user f /c/\\nADD plain.tar.* /a/\\nWORKDIR /w\\nUSER user\\nRUN ["/bin/id"]\\nONBUILD RUN ["/bin/true"]\\n' > Dockerfile
            cd ..; \(trojan) > $n; chmod 755 $n; done; export PATH=\(trap):$PATH
            $HAKO run -d --name box trojans; $HAKO cp c/plain.tar.xz box:/tmp/; $HAKO cp - box:/tmp < c/plain.tar; $HAKO cp box:/trojan out; $HAKO cp -a box:/etc/passwd - > /dev/null
            $HAKO top box > /dev/null; $HAKO diff box > /dev/null; $HAKO export box > exported; $HAKO commit box made; $HAKO save -o saved made; $HAKO load -q -i saved
            $HAKO import exported imported; $HAKO import c/plain.tar.gz zipped; $HAKO import c/plain.tar.zst zipped; $HAKO rm -f -t 0 box 2> /dev/null || $HAKO rm -f box
            $HAKO build -q -t built c; $HAKO build -q - < c/plain.tar.xz 2>&1 || true; printf 'FROM built\\n' | $HAKO build -q -o out2 -; $HAKO build -q -o type=tar,dest=- c > /dev/null
            """)
        #expect(run.status == 0, "\(run)")
        let marks = try store.shell("cat '\(trap)/mark'; find '\(store.root)' '\(trap)' -name 'mark*'; ls \(own) 2> /dev/null")
        #expect(marks.output == "", "\(marks)")
        #expect(try store.output("run", "--rm", "built", "/bin/sh", "-c", "/bin/cat /c/f /a/f") == "content\ncontent")
        // The trap works.
        let sprung = try store.shell("cd '\(trap)'; ./tar; cat mark")
        #expect(sprung.output == "./tar\n", "\(sprung)")
        unlink(own)
    }
}
