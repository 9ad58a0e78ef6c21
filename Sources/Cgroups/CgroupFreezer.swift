import Glibc
import Linux

/// Stops and resumes the processes of a cgroup, by cgroup v2's core or by the freezer of v1.
enum CgroupFreezer {
    /// A process that hangs in the kernel can't be stopped.
    private static let patienceMilliseconds: Int32 = 10_000

    /// `cgroup.freeze` needs no controller, and `cgroup.events` tells when all have stopped (cgroup-v2.rst).
    static func setFrozen(_ isFrozen: Bool, unified: CgroupDirectory) throws(CgroupError) {
        try asCgroupError { () throws(SystemCallError) in
            try unified.write(isFrozen ? "1" : "0", to: "cgroup.freeze")
            guard isFrozen else { return }
            let events = try unified.open("cgroup.events", flags: O_RDONLY)
            var waited: Int32 = 0
            while CgroupText.value(of: "frozen", in: try events.readAll()) != 1 {
                guard waited < patienceMilliseconds else { throw timeout(unified) }
                var entries = [PollEntry(events.number, .init(rawValue: Int16(POLLPRI)))]
                if try PollEntry.wait(&entries, timeoutMilliseconds: 100) == 0 { waited += 100 }
                try events.seek(to: 0)
            }
        }
    }

    /// The freezer of v1 tells of its end only when it is asked, and goes on only when it is asked again.
    static func setFrozen(_ isFrozen: Bool, freezer: CgroupDirectory) throws(CgroupError) {
        try asCgroupError { () throws(SystemCallError) in
            var (waited, pause) = (Int32(0), Int32(1))
            let state = isFrozen ? "FROZEN" : "THAWED"
            while true {
                try freezer.write(state, to: "freezer.state")
                if try freezer.read("freezer.state").hasPrefix(state) { return }
                guard waited < patienceMilliseconds else { throw timeout(freezer) }
                var nothing: [PollEntry] = []
                try PollEntry.wait(&nothing, timeoutMilliseconds: pause)
                (waited, pause) = (waited + pause, min(pause * 2, 64))
            }
        }
    }

    private static func timeout(_ directory: CgroupDirectory) -> SystemCallError {
        SystemCallError("freeze", on: directory.location, Errno(rawValue: ETIMEDOUT))
    }
}

/// Ends every process of a cgroup.
enum CgroupKill {
    /// `cgroup.kill` reaches also those that are being forked (Linux 5.14).
    ///
    /// - Returns: False where the kernel doesn't have it.
    static func killTree(_ unified: CgroupDirectory) throws(CgroupError) -> Bool {
        do throws(SystemCallError) {
            try unified.write("1", to: "cgroup.kill")
            return true
        } catch  where error.errno == .noSuchFile {
            return false
        } catch {
            throw .system(error)
        }
    }

    /// Signals each process of the list; who has ended meanwhile is passed over.
    static func signalEach(_ processes: [Int32]) throws(CgroupError) {
        for process in processes {
            do throws(SystemCallError) {
                try ProcessSignal.send(SIGKILL, toProcess: process)
            } catch  where error.errno == .noSuchProcess {
                continue
            } catch {
                throw .system(error)
            }
        }
    }
}
