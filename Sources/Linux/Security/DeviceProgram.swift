import CLinux
import Glibc

/// An eBPF program that decides which devices a cgroup's processes may open and make. bpf(2), cgroup v2.
public struct DeviceProgram: ~Copyable, Sendable {
    private let program: FileDescriptor

    /// Loads and verifies the program.
    ///
    /// - Parameter instructions: 8 bytes each, as the kernel's `struct bpf_insn`.
    /// - Throws: `EPERM` without CAP_BPF or CAP_SYS_ADMIN, or in a user namespace.
    public init(loading instructions: [UInt64]) throws(SystemCallError) {
        program = FileDescriptor(
            adopting: try retryingInterrupts("bpf", on: "a device program") {
                hako_bpf_load_device_program(instructions, UInt32(clamping: instructions.count))
            })
    }

    /// Puts the program on a cgroup, in the place of the one that is attached to this cgroup itself, if there is one.
    ///
    /// The kernel keeps it until the cgroup is gone. Programs of parents are asked too: all must allow.
    public borrowing func attach(to cgroup: borrowing FileDescriptor) throws(SystemCallError) {
        let (directory, number) = (cgroup.number, program.number)
        let attached = hako_bpf_attached_device_program(directory)
        guard attached >= 0 || attached == -ENOENT else {
            throw SystemCallError("bpf", on: "the device programs of a cgroup", result: attached)
        }
        defer { if attached >= 0 { _ = Glibc.close(attached) } }
        _ = try retryingInterrupts("bpf", on: "a cgroup's devices") {
            hako_bpf_attach_device_program(directory, number, attached)
        }
    }
}

/// The parts of a device number, as glibc's `major` and `minor` take it apart.
public struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    public var major: UInt32
    public var minor: UInt32

    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// From what ``FileStatus`` tells.
    public init(_ device: UInt64) {
        major = hako_device_major(device)
        minor = hako_device_minor(device)
    }

    public var description: String { "\(major):\(minor)" }
}

/// Signals to processes that Hako knows only by number.
public enum ProcessSignal {
    /// Sends through a pidfd, so that the number can't become another process's between look-up and signal.
    ///
    /// - Throws: `ESRCH` if there is no such process.
    public static func send(_ signal: CInt, toProcess pid: Int32) throws(SystemCallError) {
        _ = try retryingInterrupts("pidfd_send_signal", on: "process \(pid)") { hako_signal_process(pid, signal) }
    }
}
