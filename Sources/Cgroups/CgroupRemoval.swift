import Glibc
import Linux

/// Removes cgroups as soon as their last processes have ended.
enum CgroupRemoval {
    /// Processes that were killed end within milliseconds, unless they hang in the kernel or write out a lot of memory.
    private static let patienceMilliseconds: Int32 = 5000

    /// - Parameter events: The cgroup v2 directory that tells when the last process ends, where there is one.
    static func remove(_ directories: [CgroupDirectory], watching events: CgroupDirectory?) throws(CgroupError) {
        var (left, waited, pause) = (directories, Int32(0), Int32(1))
        while true {
            left = try asCgroupError { () throws(SystemCallError) in
                var busy: [CgroupDirectory] = []
                for directory in left where try !directory.remove() { busy.append(directory) }
                return busy
            }
            guard let stillBusy = left.first else { break }
            guard waited < patienceMilliseconds else {
                let processes = try asCgroupError { () throws(SystemCallError) in try stillBusy.processes() }
                throw .busy(stillBusy.location, processes: processes)
            }
            try asCgroupError { () throws(SystemCallError) in try wait(milliseconds: pause, for: events) }
            (waited, pause) = (waited + pause, min(pause * 2, 64))
        }
    }

    /// Waits for the cgroup to become empty where the kernel tells of it, else for a short time.
    private static func wait(milliseconds: Int32, for events: CgroupDirectory?) throws(SystemCallError) {
        var entries: [PollEntry] = []
        // A directory that is gone already has nothing to tell: its v1 siblings are still busy.
        guard let events, let file = try? events.open("cgroup.events", flags: O_RDONLY) else {
            try PollEntry.wait(&entries, timeoutMilliseconds: milliseconds)
            return
        }
        // Reading arms the poll: it returns for changes that come after (cgroup-v2.rst, "cgroup.events").
        if CgroupText.value(of: "populated", in: try file.readAll()) != 0 {
            entries = [PollEntry(file.number, .init(rawValue: Int16(POLLPRI)))]
        }
        try PollEntry.wait(&entries, timeoutMilliseconds: milliseconds)
    }
}

/// The `name value` lines of files as `memory.events` and `cpu.stat`.
enum CgroupText {
    static func value(of name: String, in text: [UInt8]) -> UInt64? {
        var rest = text[...]
        while !rest.isEmpty {
            let line = rest[..<(rest.place(of: UInt8(ascii: "\n")) ?? rest.endIndex)]
            rest = rest[line.endIndex...].dropFirst()
            guard line.starts(with: name.utf8), line.dropFirst(name.utf8.count).first == UInt8(ascii: " ") else { continue }
            return UInt64(String(decoding: line.dropFirst(name.utf8.count + 1), as: UTF8.self))
        }
        return nil
    }

    static func value(of name: String, in text: String) -> UInt64? { value(of: name, in: Array(text.utf8)) }

    /// A file that is one number, `max` or -1; nil for no limit and for what isn't a number.
    static func number(_ text: String) -> UInt64? { UInt64(text.prefix { !$0.isNewline }) }
}
