import Glibc
import Linux

/// A file below `/proc/sys/net`, of the network namespace that the calling thread is in.
struct KernelSetting {
    let path: String

    /// - Parameters:
    ///   - family: `ipv4` or `ipv6`.
    ///   - link: A link's name, checked by the caller, or `all`.
    static func ofLink(_ link: String, _ family: String, _ name: String) -> KernelSetting {
        KernelSetting(path: "/proc/sys/net/\(family)/conf/\(link)/\(name)")
    }

    static let forwardIPv4 = KernelSetting(path: "/proc/sys/net/ipv4/ip_forward")
    static let forwardIPv6 = KernelSetting.ofLink("all", "ipv6", "forwarding")

    /// Nil where the kernel has no such setting: no IPv6, or no link of this name any more.
    func value() throws(SystemCallError) -> Int? {
        do throws(SystemCallError) {
            let bytes = try FileDescriptor.contents(of: path, limit: 4096)
            return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            return nil
        }
    }

    /// Does nothing where the kernel has no such setting.
    func set(_ value: Int) throws(SystemCallError) {
        do throws(SystemCallError) {
            try FileDescriptor.open(path, flags: O_WRONLY).writeAll("\(value)\n")
        } catch {
            guard error.errno == .noSuchFile else { throw error }
        }
    }

    /// Writes only what is not so already: a setting may be read-only where it need not change.
    func ensure(_ value: Int) throws(SystemCallError) {
        if let current = try self.value(), current != value { try set(value) }
    }
}
