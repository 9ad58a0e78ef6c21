import Linux
import MonitorProtocol

// What the container uses is noted down now and then, by the clock of the loop: no timer is made for it, and a container that ends
// soon pays nothing.
extension Monitor {
    /// To be called when the container's program runs.
    func scheduleUsage() { usageDue = startedAt &+ UsageRing.intervalMilliseconds * 1_000_000 }

    func stopUsage() {
        usageDue = .max
        usage = nil
    }

    /// How long the loop may wait for events, in milliseconds; nil is for ever.
    ///
    /// - Parameter idle: What it would wait otherwise.
    func patience(_ idle: CInt?) -> CInt? {
        guard usageDue != .max else { return idle }
        let now = Timings.monotonicNanoseconds()
        let rest = usageDue > now ? CInt(clamping: (usageDue - now) / 1_000_000 + 1) : 0
        return min(rest, idle ?? rest)
    }

    /// Notes down a sample when it is time. Returns whether it did.
    func noteUsage() -> Bool {
        guard usageDue != .max else { return false }
        let now = Timings.monotonicNanoseconds()
        guard now >= usageDue else { return false }
        // From now on: one that was stopped for long has no samples to catch up with.
        usageDue = now &+ UsageRing.intervalMilliseconds * 1_000_000
        do throws(SystemCallError) {
            if isFirstSample, let cgroup = memory.cgroup { 
                usage = try UsageRecorder(of: cgroup, in: directory, goesOn: losses != nil)
            }
            try usage?.record(&buffer)
        } catch {
            // A full disk, most likely. It is a help for people, and no reason for anything to fail.
            stopUsage()
        }
        return true
    }

    private var isFirstSample: Bool {
        switch usage {
        case .some: false
        case .none: true
        }
    }
}

extension Optional where Wrapped == OOMCounter {
    var cgroup: String? {
        switch self {
        case .some(let counter): counter.cgroup
        case .none: nil
        }
    }
}
