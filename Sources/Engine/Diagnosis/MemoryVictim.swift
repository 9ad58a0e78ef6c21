import Linux

/// A process that the kernel killed for want of memory.
struct MemoryVictim: Equatable {
    /// As the thread was called; the container chose it.
    var name: String
    /// On the host.
    var pid: Int64

    /// The last one of a container, if the kernel's log may be read and still has it.
    static func last(of id: String) -> MemoryVictim? {
        // Where it may not be read, nothing is known.
        guard let messages = try? KernelLog.messages() else { return nil }
        return last(of: id, in: messages)
    }

    /// `oom-kill:constraint=CONSTRAINT_MEMCG,…,task_memcg=/hako/ID,task=tail,pid=812,uid=0`: mm/oom_kill.c.
    static func last(of id: String, in messages: [String]) -> MemoryVictim? {
        guard
            let index = messages.lastIndex(where: { $0.hasPrefix("oom-kill:") && $0.contains("task_memcg=") && $0.contains("/\(id)") }),
            let task = value("task", in: messages[index]), let pid = value("pid", in: messages[index]).flatMap({ Int64($0) })
        else { return nil }
        return MemoryVictim(name: task, pid: pid)
    }

    private static func value(_ name: String, in message: String) -> String? {
        message.split(separator: ",").last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.utf8.count + 1)) }
    }
}
