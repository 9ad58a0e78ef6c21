import CLinux
import Glibc

/// The tables of iptables before nftables (`iptables-legacy`), which netlink does not show.
public enum LegacyFirewall {
    /// Whether the FORWARD chain of the `filter` table drops by default, and no rule of the table names the interface.
    ///
    /// Asking makes the table if it is not there: ask only where `/proc/thread-self/net/ip_tables_names` (`ip6_tables_names`)
    /// has it.
    public static func dropsForwarded(_ family: IPFamily, naming interface: String) -> Bool {
        // An error means that it can't be asked: no privilege, or gone since.
        hako_legacy_forward_policy(CInt(family.rawValue), interface) == 1
    }
}
