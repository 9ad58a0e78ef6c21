import CLinux

/// This process's own memory.
public enum Memory {
    /// Gives freed memory back to the kernel: for a process that worked a little and will now wait for long.
    /// malloc_trim(3).
    public static func trim() { hako_trim_memory() }

    /// Lets go of the pages of this program's code and constants: they come back, mostly from the page cache, when they are
    /// used. For a process that has done its work and waits, with a hundred others, in a loop of a few pages. madvise(2),
    /// MADV_DONTNEED.
    public static func dropProgramPages() { hako_drop_program_pages() }
}
