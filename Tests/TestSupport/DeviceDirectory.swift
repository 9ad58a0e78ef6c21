import Glibc

/// A directory where device nodes open and programs gain what their files give: some hosts mount `/tmp` nodev and
/// nosuid.
public enum DeviceDirectory {
    public static let found: String? = ["/tmp", "/var/tmp", "/scratch", "/root"].first { directory in
        let node = "\(directory)/hako-null-\(getpid())"
        guard mknod(node, S_IFCHR | 0o600, makeNumber(1, 3)) == 0 else { return false }
        defer { unlink(node) }
        let descriptor = open(node, O_RDONLY)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// For small numbers; glibc's `makedev` is a macro.
    private static func makeNumber(_ major: UInt, _ minor: UInt) -> dev_t { dev_t(major << 8 | minor) }

    /// A name of its own in there.
    public static func path(_ name: String) -> String { "\(found ?? "/tmp")/hako-test-\(getpid())-\(name)" }
}
