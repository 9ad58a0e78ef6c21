import Glibc
import Linux
import TestSupport
import Testing

@Suite("Copying a tree", .enabled(if: geteuid() == 0, "only root may give files away"))
struct TreeCopyTests {
    private func run(_ script: String, in directory: String) throws -> String {
        let run = try ProgramRun.of("/bin/bash", ["-c", "cd '\(directory)' && " + script])
        #expect(run.status == 0, "\(run)")
        return run.output
    }

    private func copy(_ scratch: borrowing Scratch) throws {
        try FileDescriptor.directory(scratch.path("from")).copyTree(to: FileDescriptor.directory(scratch.path("to")))
    }

    @Test("keeps content, owners, modes, times, attributes, symlinks, hard links and holes")
    func everything() throws {
        let scratch = try Scratch(["from/d/e": .directory, "from/f": "content", "to": .directory, "outside": "x"])
        let name = #"$'a\xff\n'"#
        _ = try run(
            """
            ln f d/hard; ln -s ../../outside d/link; echo x > \(name); truncate -s 1M d/sparse; printf end >> d/sparse; truncate -s 2M d/sparse
            setfattr -n user.a -v b f; setfattr -n trusted.a -v b f; chown 1:2 f d; chown -h 3:4 d/link; chmod 6711 f; chmod 1750 d; touch -d @5.5 f d
            touch -h -d @6 d/link; chmod 0 d/e
            """, in: scratch.path("from"))
        try copy(scratch)
        let list =
            "find . -mindepth 1 -printf '%p %y %m %U:%G %n %s %l %T@\\n' | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum"
        #expect(try run(list, in: scratch.path("to")) == run(list, in: scratch.path("from")))
        #expect(
            try run("stat -c %i f d/hard | uniq | wc -l; getfattr -d -m - f", in: scratch.path("to"))
                == "1\n# file: f\nuser.a=\"b\"\n\n")
        #expect(try FileDescriptor.status(of: scratch.path("to/d/sparse")).blocks < 1000)
    }

    @Test("takes no time for terabytes of nothing", .timeLimit(.minutes(10)))
    func holes() throws {
        let scratch = try Scratch(["from": .directory, "to": .directory])
        _ = try run(
            "truncate -s 8T f; printf middle | dd of=f bs=1 seek=4T conv=notrunc status=none; truncate -s 1T g", in: scratch.path("from"))
        try copy(scratch)
        let state = "stat -c '%n %s' f g; dd if=f bs=1 skip=4T count=7 status=none | od -c; du -k f g | awk '$1 > 100'"
        #expect(try run(state, in: scratch.path("to")) == run(state, in: scratch.path("from")))
        #expect(try FileDescriptor.status(of: scratch.path("to/f")).blocks < 1000)
    }

    @Test("leaves out devices, FIFOs and sockets, and waits for nobody")
    func special() throws {
        let scratch = try Scratch(["from/f": "x", "to": .directory])
        _ = try run("mkfifo fifo; mknod null c 1 3", in: scratch.path("from"))
        let socket = try UnixSocket.listen(.messages, at: "socket", in: FileDescriptor.directory(scratch.path("from")))
        defer { withExtendedLifetime(socket) {} }
        try copy(scratch)
        #expect(try FileDescriptor.directory(scratch.path("to")).names() == ["f"])
    }

    @Test("overwrites nothing, and follows nothing that lies where it writes")
    func confined() throws {
        let scratch = try Scratch(["from/d/f": "new", "to/d": .symlink("../outside"), "outside/kept": "old"])
        let error = #expect(throws: SystemCallError.self) { try copy(scratch) }
        #expect(error?.errno == .exists)
        #expect(try FileDescriptor.directory(scratch.path("outside")).names() == ["kept"])
    }
}
