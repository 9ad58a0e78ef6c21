import Glibc
import Linux

/// What this host is.
public enum HostInfo {
    /// Its name; gethostname(2).
    public static var nodeName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// As uname(1) `-r` has it.
    public static var kernelRelease: String { line(of: "/proc/sys/kernel/osrelease") ?? "unknown" }

    /// As uname(1) `-m` has it.
    public static var machine: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "unknown"
        #endif
    }

    /// `Debian GNU/Linux 12 (bookworm)`; os-release(5).
    public static var operatingSystem: String {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            guard let bytes = try? FileDescriptor.contents(of: path, limit: 65536) else { continue }
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                let text = String(decoding: line, as: UTF8.self)
                guard text.hasPrefix("PRETTY_NAME=") else { continue }
                return String(text.dropFirst("PRETTY_NAME=".count)).filter { $0 != "\"" }
            }
        }
        return "Linux"
    }

    /// In bytes.
    public static var memory: Int64 { Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE))) }

    private static func line(of path: String) -> String? {
        // A file of the kernel's that isn't there has no line.
        guard let bytes = try? FileDescriptor.contents(of: path, limit: 4096) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
