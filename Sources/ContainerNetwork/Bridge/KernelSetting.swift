import Glibc
import Linux

/// A file below `/proc/sys/net`, of the network namespace that the calling thread is in.
struct KernelSetting {
    /// Beneath `/proc`.
    private let path: String

    /// - Parameters:
    ///   - family: `ipv4` or `ipv6`.
    ///   - link: A link's name, checked by the caller, or `all`.
    static func ofLink(_ link: String, _ family: String, _ name: String) -> KernelSetting {
        KernelSetting(path: "sys/net/\(family)/conf/\(link)/\(name)")
    }

    static let forwardIPv4 = KernelSetting(path: "sys/net/ipv4/ip_forward")
    static let forwardIPv6 = KernelSetting.ofLink("all", "ipv6", "forwarding")

    /// Nil where the kernel has no such setting: no IPv6, or no link of this name any more.
    func value() throws(SystemCallError) -> Int? {
        do throws(SystemCallError) {
            let bytes = try FileDescriptor.contents(of: "/proc/" + path, limit: 4096)
            return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            return nil
        }
    }

    /// Does nothing where the kernel has no such setting.
    func set(_ value: Int) throws(SystemCallError) {
        try Self.passingOverMissing { () throws(SystemCallError) in
            try FileDescriptor.open("/proc/" + path, flags: O_WRONLY).writeAll("\(value)\n")
        }
    }

    /// Sets several of a container's network namespace, by a file system of our own, which goes again.
    ///
    /// In the host's `/proc` the kernel would remember these paths as long as the container runs, beside the same ones of all
    /// other containers, and look through them for each path anew (proc_sys_compare, Linux 6.18).
    static func set(_ settings: [KernelSetting], _ value: Int) throws(SystemCallError) {
        // In a user namespace whose /proc is masked there can be none (mount_too_revealing).
        guard let proc = try? FileSystemContext("proc").mount() else {
            for setting in settings { try setting.set(value) }
            return
        }
        for setting in settings {
            try passingOverMissing { () throws(SystemCallError) in
                try FileDescriptor.open(setting.path, in: proc.root, .beneathOneMount, flags: O_WRONLY).writeAll("\(value)\n")
            }
        }
    }

    private static func passingOverMissing(_ body: () throws(SystemCallError) -> Void) throws(SystemCallError) {
        do throws(SystemCallError) { try body() } catch {
            guard error.errno == .noSuchFile else { throw error }
        }
    }

    /// Writes only what is not so already: a setting may be read-only where it need not change.
    func ensure(_ value: Int) throws(SystemCallError) {
        if let current = try self.value(), current != value { try set(value) }
    }
}
