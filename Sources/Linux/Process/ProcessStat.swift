/// `/proc/PID/stat`. proc_pid_stat(5).
public enum ProcessStat {
    /// The fields behind the name, which may hold anything, parentheses and blanks too: the first is the process's state, the
    /// third one of the manual page.
    public static func fields(of pid: Int64) throws(SystemCallError) -> [ArraySlice<UInt8>] {
        let bytes = try FileDescriptor.contents(of: "/proc/\(pid)/stat", limit: 65536)
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return [] }
        return bytes[(end + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }
}
