/// What lies in a container's directory, on the store's disk.
public enum ContainerDirectory {
    /// The writable layer, and what overlay needs beside it.
    public static let upper = "upper"
    public static let work = "work"
    /// The mode of ``upper`` until it has the container's root as its owner: whoever is killed before leaves it so, and the next
    /// start goes on there.
    public static let unready: UInt32 = 0
    /// What the container sees in its `/etc`.
    public static let accountFiles = ["hosts", "hostname", "resolv.conf"]
    /// How the container ended last; see ``ContainerState``.
    public static let state = "state.json"
    /// What becomes ``state``.
    public static let newState = "state.json.new"
}
