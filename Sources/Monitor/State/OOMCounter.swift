import Linux
import OCI

/// How many processes of a container the kernel has killed for want of memory, as its cgroup counts them.
struct OOMCounter: ~Copyable {
    /// As `/proc/PID/cgroup` has it.
    let cgroup: String
    private let file: FileDescriptor

    /// Finds the cgroup of a process; nil where memory isn't accounted.
    ///
    /// What the runtime chose is read from the process itself: runtimes name cgroups differently.
    init?(of pid: Int32) {
        // Failing is an answer: then nothing is known of memory.
        guard let text = try? FileDescriptor.contents(of: "/proc/\(pid)/cgroup", limit: 1 << 20),
            let (cgroup, path) = Self.eventFile(text), let file = try? FileDescriptor.open(path)
        else { return nil }
        self.cgroup = cgroup
        self.file = file
    }

    /// From `/proc/PID/cgroup` (cgroups(7)): the memory controller of v1, else the file of v2.
    private static func eventFile(_ text: [UInt8]) -> (cgroup: String, file: String)? {
        var unified: (String, String)?
        for line in String(decoding: text, as: UTF8.self).utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let path = String(decoding: fields[2], as: UTF8.self)
            if fields[1].elementsEqual("memory".utf8) {
                return (path, "/sys/fs/cgroup/memory\(path)/memory.oom_control")
            }
            if fields[1].isEmpty { unified = (path, "/sys/fs/cgroup\(path)/memory.events") }
        }
        return unified
    }

    /// `oom_kill N`: memory.oom_control since Linux 4.13, memory.events of v2.
    borrowing func hasKilled() -> Bool {
        guard (try? file.seek(to: 0)) != nil, let text = try? file.read(upTo: 4096) else { return false }
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "oom_kill ".utf8) {
            return line.dropFirst("oom_kill ".utf8.count).contains { $0 != UInt8(ascii: "0") }
        }
        return false
    }
}
