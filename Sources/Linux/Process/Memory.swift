import CLinux

/// This process's own memory.
public enum Memory {
    /// Gives freed memory back to the kernel: for a process that worked a little and will now wait for long.
    /// malloc_trim(3).
    public static func trim() { hako_trim_memory() }
}
