import CLinux
import Glibc

/// Acting as somebody else for a while, where the kernel asks who somebody is and not what he may do. credentials(7).
public enum EffectiveIdentity {
    /// Runs `body` with other effective ids of this thread, which must be root's before and are again after it.
    public static func run<Result: ~Copyable>(
        user: UInt32, group: UInt32, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        // The group first and last: who isn't root may not change it.
        _ = try retryingInterrupts("setresgid", on: "\(group)") { hako_set_effective_group(group) }
        defer { precondition(hako_set_effective_group(0) == 0, "the effective group stays another's") }
        _ = try retryingInterrupts("setresuid", on: "\(user)") { hako_set_effective_user(user) }
        defer { precondition(hako_set_effective_user(0) == 0, "the effective user stays another's") }
        return try body()
    }
}
