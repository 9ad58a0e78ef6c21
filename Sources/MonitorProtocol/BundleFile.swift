/// What lies in a container's bundle for whoever comes after its monitor.
public enum BundleFile {
    /// What the monitor was told, ``MonitorSettings``: for the next one, should it be killed.
    public static let settings = "monitor.json"
    /// There once the container was taken over: when, and on each line what could not be had again.
    public static let takenOver = "taken-over"
}
