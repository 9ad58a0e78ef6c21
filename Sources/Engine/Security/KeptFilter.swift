import Glibc
import Linux

/// A compiled filter of system calls that Hako's own runtime keeps, so that the default policy isn't written, read and compiled
/// again for each container: 2 ms of its start.
struct KeptFilter {
    let path: String
    /// Whether it was compiled before. If not, the bundle says what to compile.
    let isThere: Bool
}

extension Engine {
    /// Nil for a policy that isn't the default one, and for other runtimes, which read the whole of it in the bundle.
    func keptFilter(_ plan: BundlePlan) throws(EngineError) -> KeptFilter? {
        let host = plan.spec.host
        guard !host.privileged, SecurityOptions(host.securityOptions).hasDefaultSeccomp,
            try isOwnRuntime(host.runtime)
        else { return nil }
        let names = try CapabilitySet.resolve(add: host.capAdd, drop: host.capDrop, isPrivileged: false)
        guard let capabilities = try? Linux.CapabilitySet(names: names) else { return nil }
        do throws(SystemCallError) {
            // All that the policy depends on: what it is for, who wrote it and who compiles it. A file of an earlier boot may not
            // have reached the disk whole, and was made for another kernel.
            let name = [
                String(capabilities.rawValue, radix: 16), plan.spec.imageArchitecture == "386" ? "386" : "native",
                try Self.identity(of: "/proc/self/exe"), try Self.identity(of: programs.runtime), try BootID.current(),
            ].joined(separator: "-")
            let path = "\(runtimePaths.filters)/\(name)"
            if access(path, F_OK) == 0 { return KeptFilter(path: path, isThere: true) }
            try Directory.create(runtimePaths.filters)
            return KeptFilter(path: path, isThere: false)
        } catch { throw EngineError(.system, cannot: "keep the system call filter", because: "\(error)", cause: error) }
    }

    /// Another one for each version of a program.
    private static func identity(of program: String) throws(SystemCallError) -> String {
        let status = try FileDescriptor.status(of: program)
        let time = status.modified
        return [status.inode, UInt64(bitPattern: time.seconds), UInt64(bitPattern: Int64(time.nanoseconds))]
            .map { String($0, radix: 16) }.joined(separator: ".")
    }
}
