import Glibc

public enum Processors {
    /// How many the system has online; sysconf(3).
    public static var count: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }
}
