import Glibc
import Linux
import MonitorProtocol

/// The FIFOs that are a container's standard streams, and the monitor's ends of them.
///
/// The container holds its outputs read-write: without a monitor it writes until a FIFO is full, and never gets SIGPIPE. Its
/// input it can only read, as it has to see the end of it.
struct StandardStreams: ~Copyable {
    /// What is read from; it never ends, as it is open for writing, too.
    private(set) var output: FileDescriptor?
    private(set) var error: FileDescriptor?
    private(set) var input: FileDescriptor?

    /// The container's ends, until the runtime has them.
    struct ContainerEnds: ~Copyable {
        let input: FileDescriptor
        let output: FileDescriptor
        let error: FileDescriptor

        var numbers: (input: CInt, output: CInt, error: CInt) { (input.number, output.number, error.number) }
    }

    /// Without FIFOs: a terminal comes later.
    init() {}

    /// Makes the FIFOs in the run directory, owned by the container's user, who may open `/dev/stdout` anew.
    mutating func makeFIFOs(
        in directory: borrowing FileDescriptor, openStdin: Bool, owner: (uid: UInt32, gid: UInt32)
    ) throws(SystemCallError) -> ContainerEnds {
        for name in openStdin ? ["stdin", "stdout", "stderr"] : ["stdout", "stderr"] {
            try directory.makeFIFO(name, userID: owner.uid, groupID: owner.gid)
        }
        output = try directory.openChild("stdout", flags: O_RDWR | O_NONBLOCK)
        error = try directory.openChild("stderr", flags: O_RDWR | O_NONBLOCK)
        let reading: FileDescriptor
        if openStdin {
            // Not blocking only while it is opened: there is no writer yet.
            reading = try directory.openChild("stdin", flags: O_RDONLY | O_NONBLOCK)
            try reading.setNonBlocking(false)
            input = try directory.openChild("stdin", flags: O_WRONLY | O_NONBLOCK)
        } else {
            reading = try FileDescriptor.open("/dev/null")
        }
        return ContainerEnds(
            input: reading, output: try directory.openChild("stdout", flags: O_RDWR),
            error: try directory.openChild("stderr", flags: O_RDWR))
    }

    /// Opens the monitor's ends anew, for a container whose monitor was killed. What it has written since is in them.
    ///
    /// - Parameter openStdin: Whether its input is to go on; it has ended once, and may have nobody who reads it any more.
    mutating func reopenFIFOs(in directory: borrowing FileDescriptor, openStdin: Bool) throws(SystemCallError) {
        output = try directory.openChild("stdout", flags: O_RDWR | O_NONBLOCK)
        error = try directory.openChild("stderr", flags: O_RDWR | O_NONBLOCK)
        // ENXIO: nobody has it open.
        if openStdin { input = try? directory.openChild("stdin", flags: O_WRONLY | O_NONBLOCK) }
    }

    /// Takes a terminal's master instead.
    mutating func adopt(terminal master: consuming FileDescriptor) throws(SystemCallError) {
        try master.setNonBlocking(true)
        input = try master.duplicate()
        output = consume master
    }

    func resize(_ size: WindowSize) {
        // A terminal whose other side is gone has no size.
        try? output?.setWindowSize(size)
    }

    /// The container's program sees the end of its input once what is in the FIFO is read.
    mutating func closeInput() { input = nil }
    mutating func closeOutput() { output = nil }
}
