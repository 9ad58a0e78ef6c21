import CLinux

/// This process's own memory.
public enum Memory {
    /// Has what is freed kept for what is allocated next, for a program that ends in milliseconds: to give a page back to the
    /// kernel and to be given another one takes longer than to fill it. mallopt(3).
    public static func keepFreed() { hako_keep_freed_memory() }

    /// Gives back to the kernel what a process doesn't need that has done its work and waits, with a hundred others, in a loop of
    /// a few pages: freed memory (malloc_trim(3)), what a deeper call has left of the stack, and the pages of this program's code
    /// and constants, which come back, mostly from the page cache, when they are used (madvise(2), MADV_DONTNEED).
    public static func shrink() {
        hako_trim_memory()
        hako_drop_unused_stack()
        hako_drop_program_pages()
    }
}
