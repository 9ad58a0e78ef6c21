import Glibc
import Linux
import Metadata
import RuntimeClient

/// What /proc/PID/status, syscall and schedstat tell of how a process hears signals. proc_pid_status(5).
struct SignalReception {
    /// Of process 1 of a PID namespace, what has no handler is dropped (pid_namespaces(7)); elsewhere only what is ignored.
    let isFirst: Bool
    let caught: UInt64
    let blocked: UInt64
    let ignored: UInt64
    /// Whether it sleeps in sigwait(3). For that the kernel takes what is waited for out of the mask that status shows.
    let isWaiting: Bool
    /// Nanoseconds on a processor; 0 where the kernel doesn't count them.
    let ran: UInt64
    /// Whether it sleeps until something happens: it neither runs, waits for a processor nor for a disk.
    let isAsleep: Bool
    /// As its thread is called; a name of the container's choice.
    let name: String

    /// Nil for one that has ended.
    init?(of pid: Int64) {
        // Before and after, as it may begin or end to wait in between.
        let wasWaiting = Self.isInSignalWait(pid)
        guard pid > 0, let fields = Self.status("/proc/\(pid)"), let caught = fields["SigCgt"].flatMap({ UInt64($0, radix: 16) }),
            let blocked = fields["SigBlk"].flatMap({ UInt64($0, radix: 16) }),
            let ignored = fields["SigIgn"].flatMap({ UInt64($0, radix: 16) })
        else { return nil }
        self.caught = caught
        self.blocked = blocked
        self.ignored = ignored
        isWaiting = wasWaiting || Self.isInSignalWait(pid)
        isFirst = fields["NSpid"]?.split(whereSeparator: { $0 == "\t" || $0 == " " }).last == "1"
        name = fields["Name"].map(String.init) ?? ""
        isAsleep = fields["State"]?.first == "S"
        let times = (try? FileDescriptor.contents(of: "/proc/\(pid)/schedstat", limit: 4096)) ?? []
        ran = UInt64(String(decoding: times.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)) ?? 0
    }

    /// What proc_pid_status(5) shows, by name; nil for what is gone.
    ///
    /// - Parameter directory: A process's or a thread's below `/proc`.
    static func status(_ directory: String) -> [String: Substring]? {
        guard let text = try? FileDescriptor.contents(of: directory + "/status", limit: 1 << 16) else { return nil }
        var fields: [String: Substring] = [:]
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
        }
        return fields
    }

    /// A handler, or a mask: what is blocked may be read by sigwait(3) or signalfd(2).
    func takes(_ signal: CInt) -> Bool { (caught | blocked) & Self.bit(signal) != 0 }

    /// Whether a signal sent from outside of its namespace never reaches it. SIGKILL and SIGSTOP always do.
    func isDeaf(to signal: CInt) -> Bool {
        guard signal != SIGKILL, signal != SIGSTOP, !isWaiting, !takes(signal) else { return false }
        return isFirst || ignored & Self.bit(signal) != 0
    }

    /// rt_sigtimedwait(2): its numbers on x86-64, arm64 and in two kinds of 32-bit programs. Where a kernel doesn't show the call
    /// (proc_pid_syscall(5)), a process may wait. Inits do: tini, and Hako's own.
    private static func isInSignalWait(_ pid: Int64) -> Bool {
        guard let line = try? FileDescriptor.contents(of: "/proc/\(pid)/syscall", limit: 4096) else { return true }
        let number = String(decoding: line.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return ["128", "137", "177", "421"].contains(number)
    }

    private static func bit(_ signal: CInt) -> UInt64 { signal >= 1 && signal <= 64 ? 1 << UInt64(signal - 1) : 0 }
}

// Process 1 that neither catches nor blocks a signal never gets it: waiting for it to end can't help.
extension Engine {
    /// So long after the signal the process is looked at again: one that ends by it has mostly done so by then.
    private static let lookMilliseconds: Int64 = 40
    /// A program that has just been started may still be on its way to its handlers, for as long as it works or is kept from it.
    private static let startingNanoseconds: Int64 = 2_000_000_000

    /// Whether the stop signal, which was sent, can still end the container.
    ///
    /// One that installs its handler only now, and so has missed the signal, is sent it again.
    ///
    /// - Parameter before: What was seen of its process before that, which was deaf.
    static func isWorthWaiting(
        _ record: ContainerRecord, _ signal: CInt, _ before: SignalReception, _ monitor: borrowing AttachConnection
    ) throws(RuntimeClientError) -> Bool {
        var last = before
        while true {
            // One that has ended is waited for: that takes no time.
            if try hasEnded(monitor, within: lookMilliseconds, taking: false) { return true }
            guard let now = SignalReception(of: record.state.pid) else { return true }
            guard now.isDeaf(to: signal) else {
                _ = try send(signal, to: monitor)
                return true
            }
            let isStarting = RealTime.now - (record.state.started ?? 0) < startingNanoseconds
            guard isStarting, now.ran > last.ran || !now.isAsleep else { return false }
            last = now
        }
    }

    /// For the user, in one line.
    static func reason(_ record: ContainerRecord, _ signal: CInt, _ timeout: Int64) -> String {
        let process = SignalReception(of: record.state.pid).map { " (\($0.name))" } ?? ""
        let name = Signals.name(of: signal)
        return "container \(record.name) was killed at once: its process 1\(process) neither catches nor blocks \(name), so it never"
            + " gets it, and waiting \(timeout) s can't help. With --init it would end by \(name); --strict waits all the same."
    }

    /// Whether the container has ended before so many milliseconds are over; nil waits for ever.
    ///
    /// - Parameter taking: Whether to take the message of its end, which comes once.
    static func hasEnded(
        _ monitor: borrowing AttachConnection, within milliseconds: Int64?, taking: Bool = true
    ) throws(RuntimeClientError) -> Bool {
        var entries = [PollEntry(monitor.number, .readable)]
        do throws(SystemCallError) {
            // poll(2) counts to 2³¹ milliseconds: 24 days.
            let limit = milliseconds.map { CInt(clamping: $0) }
            guard try PollEntry.wait(&entries, timeoutMilliseconds: limit) > 0 else { return false }
        } catch { throw .system(error) }
        guard taking else { return true }
        do throws(RuntimeClientError) {
            _ = try monitor.waitExit()
        } catch {
            // It has told the end before it heard of us, and was gone then.
            guard case .monitorLost = error else { throw error }
        }
        return true
    }
}

extension Int64 {
    /// Of seconds.
    var milliseconds: Int64 { multipliedReportingOverflow(by: 1000).overflow ? .max : self * 1000 }
}
