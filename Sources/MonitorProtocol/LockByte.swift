/// The bytes of the file of locks that belong to one container.
public enum LockByte {
    /// Held by a monitor whose container has ended for good, while it removes what the container was made of. The container's slot
    /// itself is held by whoever starts, watches or removes it.
    public static func cleanUp(_ slot: Int64) -> Int64 { 1 << 40 | slot }
}
