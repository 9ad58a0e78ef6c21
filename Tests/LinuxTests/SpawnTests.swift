import Glibc
import Linux
import TestSupport
import Testing

@Suite("Starting a program")
struct SpawnTests {
    private func run(_ script: String, _ prepare: (inout Spawn) throws -> Void = { _ in }) throws -> (Linux.ExitStatus, String) {
        let output = try Pipe()
        var spawn = Spawn("/bin/sh", ["sh", "-c", script], environment: ["PATH=/bin:/usr/bin"])
        spawn.pass(output.writing, as: StandardDescriptor.output)
        try prepare(&spawn)
        let child = try spawn.start()
        let reading = output.keepingReading()
        let text = String(decoding: try reading.readAll(), as: UTF8.self)
        return (try child.wait(), text)
    }

    @Test("gives it the descriptors that are passed, at their numbers, and no other")
    func descriptors() throws {
        let scratch = try Scratch(["a": "one", "b": "two"])
        let one = try FileDescriptor.open(scratch.path("a"))
        let two = try FileDescriptor.open(scratch.path("b"))
        // Each one's number is the other's here: they must not overwrite each other on the way.
        let (status, text) = try run(
            // By path: dash takes redirections from one-digit descriptors only.
            "cat /proc/self/fd/\(one.number) /proc/self/fd/\(two.number); ls /proc/self/fd | wc -l"
        ) {
            $0.pass(one, as: two.number)
            $0.pass(two, as: one.number)
        }
        #expect(status == .exited(code: 0))
        // 0, 1, 2, the two, and the one that ls reads the directory with.
        #expect(text.split(separator: "\n").first == "twoone6" || text == "twoone6\n", "\(text)")
    }

    @Test("starts a session, resets signals, and sets the environment")
    func session() throws {
        signal(SIGUSR2, SIG_IGN)
        defer { signal(SIGUSR2, SIG_DFL) }
        let (status, text) = try run("ps -o sid= -p $$ | tr -d ' '; echo $$; env | grep -c ^HOME=; kill -USR2 $$; echo alive") {
            $0.startsSession = true
        }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 3 && lines[0] == lines[1] && lines[2] == "0", "\(text)")
        #expect(status == .killed(signal: SIGUSR2, dumpedCore: false))
        #expect(status.shellCode == 128 + SIGUSR2)
    }

    @Test("says what failed when it can't be executed", arguments: [("/no/such", Errno.noSuchFile), ("/etc", .accessDenied)])
    func failure(path: String, errno: Errno) {
        let error = #expect(throws: SystemCallError.self) { _ = try Spawn(path, ["x"]).start().pid }
        #expect(error == SystemCallError("execve", on: path, errno))
    }
}

@Suite("Locks on bytes of a file")
struct RecordLockTests {
    @Test("belong to an open file, not to a process, and end with it")
    func ownership() throws {
        let scratch = try Scratch(["locks": ""])
        func open() throws -> FileDescriptor { try FileDescriptor.open(scratch.path("locks"), flags: O_RDWR) }
        let watcher = try open()
        do {
            let holder = try open()
            #expect(try RecordLock.acquire(byte: 7, of: holder))
            #expect(try RecordLock.isHeldElsewhere(byte: 7, of: watcher))
            #expect(try !RecordLock.isHeldElsewhere(byte: 8, of: watcher))
            #expect(try !RecordLock.acquire(byte: 7, of: open()))
            #expect(try RecordLock.acquire(byte: 8, of: open()))
        }
        // Another test's child has a copy of the holder until it executes its program.
        for _ in 0..<1000 where try RecordLock.isHeldElsewhere(byte: 7, of: watcher) { usleep(10_000) }
        #expect(try !RecordLock.isHeldElsewhere(byte: 7, of: watcher))
    }
}

@Suite("Unix sockets")
struct UnixSocketTests {
    @Test("are reached below a path that no socket's address could hold, and tell who connected")
    func longPath() throws {
        let deep = String(repeating: "0123456789/", count: 20)
        let scratch = try Scratch(["\(deep)x": ""])
        let directory = try FileDescriptor.directory(scratch.path(deep))
        let listener = try UnixSocket.listen(.messages, at: "s", in: directory)
        let client = try UnixSocket.connect(.messages, to: "s", in: directory)
        let server = try #require(try Accepted(listener.accept()))
        #expect(try server.socket.peerCredentials().pid == getpid())
        let pipe = try Pipe()
        _ = try client.send(Array("hello".utf8)[...], with: pipe.writing)
        var message = try server.socket.receive()
        #expect(message.bytes == Array("hello".utf8))
        let passed = message.descriptor.take()
        #expect(passed.number >= 0)
    }

    @Test("lose no message in silence")
    func longMessage() throws {
        let pair = try UnixSocket.Pair(.messages)
        _ = try pair.first.send([UInt8](repeating: 1, count: 100)[...])
        let error = #expect(throws: SystemCallError.self) { _ = try pair.second.receive(limit: 10).bytes }
        #expect(error?.errno.rawValue == EMSGSIZE)
    }

    /// What can't be copied does not fit `#require`.
    private final class Accepted {
        let socket: FileDescriptor
        init?(_ socket: consuming FileDescriptor?) {
            guard let socket else { return nil }
            self.socket = socket
        }
    }
}
