import Linux
import OCI

/// How many processes of a container the kernel has killed for want of memory, as its cgroup counts them.
struct OOMCounter: ~Copyable {
    /// As `/proc/PID/cgroup` has it.
    let cgroup: String
    private let file: FileDescriptor

    /// Finds the cgroup of a container by its first process; nil where memory isn't accounted.
    ///
    /// What the runtime chose is read from the process itself: runtimes name cgroups differently. One that has run for a while may be
    /// in a child of it, made by itself.
    ///
    /// - Parameter id: The container's: its cgroup's name, where the engine made it.
    init?(of pid: Int32, named id: String) {
        // Failing is an answer: then nothing is known of memory.
        guard let text = try? FileDescriptor.contents(of: "/proc/\(pid)/cgroup", limit: 1 << 20),
            let (cgroup, path) = Self.eventFile(text, id), let file = try? FileDescriptor.open(path)
        else { return nil }
        self.cgroup = cgroup
        self.file = file
    }

    /// From `/proc/PID/cgroup` (cgroups(7)): the memory controller of v1, else the file of v2.
    private static func eventFile(_ text: [UInt8], _ id: String) -> (cgroup: String, file: String)? {
        var unified: (String, String)?
        for line in String(decoding: text, as: UTF8.self).utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let path = ownPart(of: fields[2], id)
            if fields[1].elementsEqual("memory".utf8) {
                return (path, "/sys/fs/cgroup/memory\(path)/memory.oom_control")
            }
            if fields[1].isEmpty { unified = (path, "/sys/fs/cgroup\(path)/memory.events") }
        }
        return unified
    }

    /// Up to the part that is the container's id.
    private static func ownPart(of path: Substring.UTF8View, _ id: String) -> String {
        var reached = ""
        for part in path.split(separator: UInt8(ascii: "/")) {
            reached += "/" + String(decoding: part, as: UTF8.self)
            if part.elementsEqual(id.utf8) { return reached }
        }
        return String(decoding: path, as: UTF8.self)
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
