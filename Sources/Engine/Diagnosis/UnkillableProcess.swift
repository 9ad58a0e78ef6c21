import Glibc
import Linux
import Metadata

/// A process that SIGKILL doesn't end: one of its threads is in uninterruptible sleep.
struct UnkillableProcess {
    let pid: Int32
    /// As its thread is called; a name of the container's choice.
    let name: String
    /// The kernel's function that it sleeps in; empty where the kernel doesn't show it. proc_pid_wchan(5).
    let function: String

    /// Nil for a process that can end.
    ///
    /// - Parameter onlyKilled: Whether SIGKILL has to be pending: who reads from a disk sleeps so for moments, and is well.
    init?(_ pid: Int32, onlyKilled: Bool) {
        let tasks = "/proc/\(pid)/task"
        guard let threads = try? FileDescriptor.directory(tasks).names() else { return nil }
        for thread in threads {
            guard let status = SignalReception.status("\(tasks)/\(thread)"), status["State"]?.first == "D" else { continue }
            let pending = status["SigPnd"].flatMap { UInt64($0, radix: 16) } ?? 0
            guard !onlyKilled || pending & 1 << UInt64(SIGKILL - 1) != 0 else { continue }
            let function = (try? FileDescriptor.contents(of: "\(tasks)/\(thread)/wchan", limit: 4096)) ?? []
            self.pid = pid
            name = status["Name"].map(String.init) ?? ""
            self.function = function == [UInt8(ascii: "0")] ? "" : String(decoding: function, as: UTF8.self)
            return
        }
        return nil
    }

    private static let hint = "It ends when what it waits for comes back: a frozen file system, a file server, a disk."

    private var state: String { "is in uninterruptible sleep in the kernel" + (function.isEmpty ? "" : " (\(function))") }

    var finding: Diagnosis.Finding {
        Diagnosis.Finding(.unending, "its process \(name) (pid \(pid)) was sent SIGKILL and can't end: it \(state)", try: [Self.hint])
    }

    /// For who waited for its end in vain.
    ///
    /// - Parameter process: Nil where none sleeps so.
    static func error(_ process: UnkillableProcess?, _ action: String) -> EngineError {
        guard let process else {
            return EngineError(.system, cannot: action, because: "it did not end within 10 s after SIGKILL", hint: "Try again.")
        }
        return EngineError(
            .system, cannot: action,
            because: "its process \(process.name) (pid \(process.pid)) does not end by SIGKILL: it \(process.state)", hint: hint)
    }
}

extension Engine {
    func unkillable(of record: ContainerRecord, onlyKilled: Bool) -> UnkillableProcess? {
        for pid in (try? processes(of: record)) ?? [] {
            if let process = UnkillableProcess(pid, onlyKilled: onlyKilled) { return process }
        }
        return nil
    }

    func unending(_ record: ContainerRecord, _ action: String) -> EngineError {
        UnkillableProcess.error(unkillable(of: record, onlyKilled: false), "\(action) container \(record.name)")
    }
}
