import Linux

/// The capabilities of a container, by capabilities(7)'s names.
enum CapabilitySet {
    /// What Docker grants; chroot, raw sockets and the rest act only on what the container's user namespace owns.
    static let defaults = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    /// All of Linux 6.18, in the order of their numbers.
    static let all = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN",
        "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
        "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
        "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
        "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
        "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// Docker's rules: `ALL` on either side, with or without `CAP_`, in any case; an explicit add beats `drop ALL`.
    ///
    /// - Throws: ``EngineError`` for a name that the kernel doesn't have.
    static func resolve(add: [String], drop: [String], isPrivileged: Bool) throws(EngineError) -> [String] {
        var added: [String] = []
        var dropped: [String] = []
        for name in add { added.append(try canonical(name, in: "CapAdd")) }
        for name in drop { dropped.append(try canonical(name, in: "CapDrop")) }
        if isPrivileged { return all }
        var result = dropped.contains("ALL") ? [] : defaults
        if added.contains("ALL") { result = all }
        result.removeAll { dropped.contains($0) && !(dropped.contains("ALL") && added.contains($0)) }
        for name in added where name != "ALL" && !result.contains(name) && !dropped.contains(name) {
            result.append(name)
        }
        return result
    }

    /// Those of the names that this process has itself: in the host's user namespace it can give no other, and Docker
    /// leaves them out of `ALL` and `--privileged` too.
    static func held(of names: [String]) throws(EngineError) -> [String] {
        do throws(SystemCallError) {
            let held = Set(try Linux.CapabilitySet.held().names)
            return names.filter(held.contains)
        } catch { throw EngineError(.system, cannot: "read the capabilities of this process", because: "\(error)", cause: error) }
    }

    /// `NET_ADMIN` and `cap_net_admin` as `CAP_NET_ADMIN`, `all` as `ALL`, sorted, each once: what inspect shows.
    ///
    /// - Parameter list: What an error calls them: `CapAdd`, `CapDrop`.
    static func canonical(_ names: [String], in list: String) throws(EngineError) -> [String] {
        var result: Set<String> = []
        for name in names { result.insert(try canonical(name, in: list)) }
        return result.contains("ALL") ? ["ALL"] : result.sorted()
    }

    private static func canonical(_ name: String, in list: String) throws(EngineError) -> String {
        let upper = name.uppercased()
        if upper == "ALL" { return upper }
        let full = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
        guard all.contains(full) else {
            throw EngineError(
                .invalidArgument, "invalid \(list): unknown capability: \"\(full)\"", hint: "capabilities(7) lists them.")
        }
        return full
    }
}
