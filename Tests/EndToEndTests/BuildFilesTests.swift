import Linux
import Testing
import TestSupport

@Suite("The files that COPY and ADD bring", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildFilesTests {
    private static let shell = "mkdir bin; cp /bin/busybox bin/; for n in sh ls cat cut readlink stat test; do ln -s busybox bin/$n; done; tar c ."

    @Test("go where the destination says: a file, into a directory, a directory's content, relative to WORKDIR")
    func destinations() throws {
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            WORKDIR /w
            COPY a rel
            COPY a ./dir/
            COPY a b /two/
            COPY d /three
            COPY d/ /three/more/
            COPY d* /flat/
            COPY f[12].txt /txt/
            COPY nothing* /none/
            COPY a b /one
            COPY ../../a /up
            """, context: "echo a > a; echo b > b; mkdir -p d/sub; echo x > d/sub/x; echo .h > d/.h; touch f1.txt f2.txt f3.txt")
        let expected = [
            "/flat d 755 0:0", "/flat/.h f 644 0:0", "/flat/sub d 755 0:0", "/flat/sub/x f 644 0:0", "/one f 644 0:0", "/three d 755 0:0",
            "/three/.h f 644 0:0", "/three/more d 755 0:0", "/three/more/.h f 644 0:0", "/three/more/sub d 755 0:0",
            "/three/more/sub/x f 644 0:0", "/three/sub d 755 0:0", "/three/sub/x f 644 0:0", "/two d 755 0:0", "/two/a f 644 0:0",
            "/two/b f 644 0:0", "/txt d 755 0:0", "/txt/f1.txt f 644 0:0", "/txt/f2.txt f 644 0:0", "/up f 644 0:0", "/w d 755 0:0",
            "/w/dir d 755 0:0", "/w/dir/a f 644 0:0", "/w/rel f 644 0:0",
        ]
        #expect(try store.files("/w /two /three /flat /txt /one /up") == expected)
        #expect(try store.made("cat /one /up; test -e /none || echo none; pwd") == ["b", "a", "none", "/w"])
    }

    @Test("belong to root, or to whom --chown names by the image's own files, with the modes that --chmod makes")
    func owners() throws {
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            COPY d /plain
            COPY --chown=app d /named
            COPY --chown=app:staff d /group
            COPY --chown=:staff a /only
            COPY --chown=7 a /seven/a
            COPY --chown=7:8 --chmod=640 d /octal
            COPY --chmod=u=rwX,go=rX d /symbolic
            """.replacing("FROM busybox\n", with: "FROM busybox\nCOPY passwd group /etc/\n"),
            context: """
                mkdir d; echo x > d/x; mkdir -m 1777 d/s; chown -R 5:6 d; chmod 4711 d/x; echo a > a
                printf 'root:x:0:0::/:/bin/sh\napp:x:100:101::/:/bin/sh\n' > passwd; printf 'root:x:0:\nstaff:x:50:\n' > group
                """)
        let expected = [
            "/group d 755 100:50", "/group/s d 1777 100:50", "/group/x f 4711 100:50", "/named d 755 100:101", "/named/s d 1777 100:101",
            "/named/x f 4711 100:101", "/octal d 640 7:8", "/octal/s d 640 7:8", "/octal/x f 640 7:8", "/only f 644 0:50", "/plain d 755 0:0",
            "/plain/s d 1777 0:0", "/plain/x f 4711 0:0", "/seven d 755 7:7", "/seven/a f 644 7:7", "/symbolic d 755 0:0",
            "/symbolic/s d 755 0:0", "/symbolic/x f 755 0:0",
        ]
        #expect(try store.files("/plain /named /group /only /seven /octal /symbolic") == expected)
        let unknown = try store.build("FROM busybox\nCOPY --chown=nobody2 a /\n", context: "touch a", "-t", "made")
        #expect(unknown.status == 1)
        #expect(unknown.error.contains("unable to find user nobody2: no matching entries in passwd file"), "\(unknown)")
        #expect(unknown.error.contains("   2 | >>> COPY --chown=nobody2 a /"), "\(unknown)")
    }

    @Test("are of every kind: symlinks as they are, hard links, FIFOs, empty and sparse files, capabilities")
    func kinds() throws {
        let store = try TestStore()
        try store.make(
            "FROM busybox\nCOPY d /d\nCOPY link /named\nCOPY d/p /p\n",
            context: """
                mkdir d; echo x > d/a; ln d/a d/b; ln -s ../../../etc/passwd d/out; mkfifo -m 600 d/p; truncate -s 4M d/sparse
                ln -s d/a link; touch d/cap; setcap cap_net_raw+ep d/cap
                """)
        let expected = [
            "/d d 755 0:0", "/d/a f 644 0:0", "/d/b f 644 0:0", "/d/cap f 644 0:0", "/d/out l 777 0:0 ../../../etc/passwd", "/d/p p 600 0:0",
            "/d/sparse f 644 0:0", "/named f 644 0:0", "/p p 600 0:0",
        ]
        #expect(try store.files("/d /named /p") == expected)
        #expect(try store.made("stat -c %i /d/a /d/b | uniq | wc -l; stat -c '%h %s' /d/b /d/sparse") == ["1", "2 2", "1 4194304"])
        let capability = try store.shell("getcap $(find '\(store.root)/layers' -name cap)")
        #expect(capability.text.hasSuffix("cap_net_raw=ep"), "\(capability)")
        #expect(try store.shell("du -k $(find '\(store.root)/layers' -name sparse)").text.hasPrefix("0\t"))
    }

    @Test("are all there when they are thousands, with their links, and the later ones in the place of earlier ones")
    func thousands() throws {
        let store = try TestStore()
        let summary = "export LC_ALL=C; find . | sort | xargs stat -c '%n %a %h %s' | md5sum; find . -type f | sort | xargs cat | md5sum; find . | wc -l"
        try store.make(
            "FROM busybox\nCOPY first second /t/\n",
            context: """
                mkdir first second; i=0
                while [ $i -lt 24 ]; do
                    mkdir first/$i; j=0
                    while [ $j -lt 150 ]; do echo "file $i $j" > first/$i/$j; j=$((j+1)); done
                    ln first/$i/7 first/$i/hard; [ $i = 0 ] || ln first/0/3 first/$i/far; chmod 4750 first/$i/9; i=$((i+1))
                done
                cp -r first/3 second/; for f in second/3/*; do echo changed >> $f; done; ln -s nothing second/3/link; head -c 300000 /dev/urandom > second/3/0
                cp -a first ../merged; cp -r --remove-destination second/. ../merged
                """)
        let merged = try store.shell("cd '\(store.scratch.path("merged"))'; \(summary)")
        #expect(try store.made("cd /t; \(summary)") == merged.lines)
        #expect(merged.lines.last == "3673")
    }

    @Test("are not brought at all when one among thousands can't be")
    func oneOfThousands() throws {
        let store = try TestStore()
        let context = """
            for i in 1 2 3 4 5 6 7 8; do mkdir -p d/$i; for j in $(seq 200); do echo x > d/$i/$j; done; done
            """
        let run = try store.build("FROM busybox\nWORKDIR /d/6/99\nCOPY d /d\n", context: context, "-q")
        #expect(run.status == 1 && run.error.contains("cannot replace to directory /d/6/99 with file"), "\(run)")
        #expect(try store.shell("ls '\(store.root)/layers/.ingest'").text.isEmpty)
    }

    @Test("follow the destination's symlinks, replace files, and never a directory")
    func conflicts() throws {
        let store = try TestStore()
        try store.load("tree", layers: [
            Self.shell,
            "mkdir -p real/deep etc; echo old > real/file; ln -s real link; ln -s real/file tofile; ln -s missing/f dangling; echo up > etc/up; ln -s ../../../../etc out; tar c *",
        ])
        try store.make(
            "FROM tree\nCOPY a /link/in\nCOPY a /tofile\nCOPY a /dangling\nCOPY d /real\nCOPY a /out/\n",
            context: "echo a > a; mkdir d; ln -s nowhere d/file; echo deep > d/x")
        #expect(try store.made("cat /real/in /missing/f /etc/a; readlink /real/file; cat /real/x") == ["a", "a", "a", "nowhere", "deep"])
        for (instruction, context, message) in [
            ("COPY d /", "mkdir -p d/link; touch d/link/f", "cannot copy to non-directory: /link"),
            ("COPY d /real", "mkdir -p d/file; touch d/file/f", "cannot copy to non-directory: /real/file"),
            ("COPY a /real/file/", "touch a", "cannot copy to non-directory: /real/file"),
            ("COPY deep /real/", "touch deep", "cannot replace to directory /real/deep with file"),
        ] {
            let run = try store.build("FROM tree\n\(instruction)\n", context: context)
            #expect(run.status == 1 && run.error.contains(message), "\(instruction): \(run)")
        }
    }

    @Test("are those of a stage or an image with their owners, of a linked layer on nothing, with their parents, but for exclusions")
    func options() throws {
        let store = try TestStore()
        try store.make(
            """
            FROM busybox AS one
            COPY --chown=9:8 d /data/d
            COPY --chmod=4755 a /data/tool
            FROM busybox
            COPY --from=one /data /copied
            COPY --from=0 --chown=1:2 /data/tool /tool
            COPY --from=busybox /etc/group /tmp/
            COPY --link --chown=3 d /linked/below
            COPY --parents d/sub/x ./d/./sub/y /parents/
            COPY --exclude=sub/* --exclude=*.md d /excluded
            """, context: "mkdir -p d/sub; touch d/sub/x d/sub/y d/r.md d/k; chmod 700 d/sub; echo a > a")
        let expected = [
            "/copied d 755 0:0", "/copied/d d 755 9:8", "/copied/d/k f 644 9:8", "/copied/d/r.md f 644 9:8", "/copied/d/sub d 700 9:8",
            "/copied/d/sub/x f 644 9:8", "/copied/d/sub/y f 644 9:8", "/copied/tool f 4755 0:0", "/excluded d 755 0:0", "/excluded/k f 644 0:0",
            "/excluded/sub d 700 0:0", "/linked d 755 3:3", "/linked/below d 755 3:3", "/linked/below/k f 644 3:3", "/linked/below/r.md f 644 3:3",
            "/linked/below/sub d 700 3:3", "/linked/below/sub/x f 644 3:3", "/linked/below/sub/y f 644 3:3", "/parents d 755 0:0",
            "/parents/d d 755 0:0", "/parents/d/sub d 700 0:0", "/parents/d/sub/x f 644 0:0", "/parents/sub d 700 0:0",
            "/parents/sub/y f 644 0:0", "/tmp/group f 644 0:0", "/tool f 4755 1:2",
        ]
        #expect(try store.files("/copied /excluded /linked /parents /tool /tmp/group") == expected)
    }

    @Test("are written in the Dockerfile, with values in place of variables unless the word is quoted")
    func heredocs() throws {
        let store = try TestStore()
        try store.make(
            """
            FROM busybox
            ENV V=value
            COPY <<one <<-'two' /d/
            $V ${W:-z}
            one
            \tkept $V
            two
            COPY --chmod=755 --chown=4:5 <<EOF /script
            #!/bin/sh
            echo ran
            EOF
            """)
        #expect(try store.files("/d /script") == ["/d d 755 0:0", "/d/one f 644 0:0", "/d/two f 644 0:0", "/script f 755 4:5"])
        #expect(try store.made("cat /d/one /d/two; /script") == ["value z", "kept $V", "ran"])
    }

    @Test("are what an archive holds where ADD finds one, however it is packed and called", arguments: ["cat", "gzip", "bzip2", "xz", "zstd"])
    func archives(packer: String) throws {
        let store = try TestStore()
        try store.load("tree", layers: [Self.shell, "mkdir -p usr/lib; echo old > usr/lib/old; ln -s usr/lib lib; echo f > gone; tar c *"])
        try store.make(
            """
            FROM tree
            ADD archive /x/
            ADD archive /
            ADD --chown=1:2 archive /owned
            ADD --unpack=false archive /packed/
            ADD text.gz /text/
            """,
            context: """
                mkdir -p t/lib t/gone; echo new > t/lib/new; echo y > t/gone/y; chown 5:6 t/lib/new; chmod 4750 t/lib/new
                tar -C t -c lib/new gone | \(packer) > archive; rm -r t; echo text | gzip > text.gz
                """)
        #expect(try store.made("cat /usr/lib/new /lib/old /gone/y; ls -l /lib | cut -c1; stat -c '%a %u:%g' /x/lib/new /owned/lib/new; ls /packed /text")
            == ["new", "old", "y", "l", "4750 5:6", "4750 1:2", "/packed:", "archive", "", "/text:", "text.gz"])
    }

    @Test("never lead out of their directory", arguments: [
        "printf x > f; tar cPf archive --transform 's,^f,../../esc,' f", "touch .wh.bin; tar cf archive .wh.bin",
    ])
    func attacks(script: String) throws {
        let store = try TestStore()
        let run = try store.build("FROM busybox\nADD archive /x/\n", context: script)
        #expect(run.status == 1, "\(run)")
        #expect(run.error.contains("esc") || run.error.contains(".wh."), "\(run)")
    }
}
