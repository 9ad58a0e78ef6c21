import OCI

/// The seccomp policy of a container that asks for none: Docker's, and what Hako changes in it.
///
/// It is written so that libseccomp, and with it crun and runc, reads it as Hako's own runtime does: there, a rule that
/// allows a call whole beats any that forbids it for some arguments. So what is forbidden is never allowed to begin
/// with.
enum DefaultSeccompPolicy {
    /// - Parameters:
    ///   - capabilities: The container's bounding set, as names.
    ///   - imageArchitecture: The image's, in the image spec's words. Only an image of `386` gets `socketcall`.
    static func policy(
        capabilities: some Collection<String>, imageArchitecture: String, on host: SeccompHost = .current
    ) throws(EngineError) -> RuntimeSpec.Seccomp {
        var seccomp = try SeccompProfile.docker.resolved(capabilities: capabilities, on: host)
        for index in seccomp.syscalls.indices {
            seccomp.syscalls[index].names.removeAll { replaced.contains($0) }
        }
        seccomp.syscalls.removeAll { $0.names.isEmpty }
        seccomp.syscalls.append(.init(newerCalls, .allow))
        seccomp.syscalls += socketRules
        seccomp.syscalls += ioctlRules
        seccomp.syscalls.append(imageArchitecture == "386" ? .init(["socketcall"], .allow) : forbiddenSocketcall)
        return seccomp
    }

    /// Calls that have rules of Hako's in the place of Docker's.
    private static let replaced: Set<String> = ["socket", "ioctl", "socketcall"]

    /// Calls newer than Docker's list that do no more than those in it: extended attributes by descriptor (6.13),
    /// sealed mappings (6.10), mounts told of one by one (6.8), the probes of uprobes (6.11) and RISC-V.
    private static let newerCalls = [
        "getxattrat", "listmount", "listxattrat", "mseal", "removexattrat", "riscv_hwprobe", "setxattrat", "statmount",
        "uretprobe",
    ]

    /// Every address family but AF_ALG (38), the kernel's crypto, whose holes lead to the page cache (CVE-2026-31431),
    /// and AF_VSOCK (40), which reaches the hypervisor past every network namespace.
    ///
    /// The kernel looks at 32 bits of the argument, so these do too: Docker's `≠ 40` lets 40 through with bit 32 set.
    /// The ranges are those of masks that leave 38 and 40 out, up to 63; the kernel has 46 families.
    private static let socketRules: [RuntimeSpec.SeccompRule] = [
        (0, 32), (32, 4), (36, 2), (39, 1), (41, 1), (42, 2), (44, 4), (48, 16),
    ].map { (first: UInt64, count: UInt64) in
        .init(
            ["socket"], .allow, args: [.init(index: 0, .maskedEqual, 0xFFFF_FFFF & ~(count - 1), valueTwo: first)])
    }

    /// Every request but TIOCSTI (0x5412), which types into the terminal that a process shares with its caller
    /// (CVE-2017-5226): any of the 32 bits that the kernel looks at must differ.
    private static let ioctlRules: [RuntimeSpec.SeccompRule] = (0..<32).map { bit in
        let mask = UInt64(1) << UInt64(bit)
        return .init(["ioctl"], .allow, args: [.init(index: 1, .maskedEqual, mask, valueTwo: ~0x5412 & mask)])
    }

    /// i386's way to every call about sockets, with the family behind a pointer, where no filter sees it. In an image
    /// that isn't of i386 only an attacker calls it, by `int 0x80`, to get at AF_ALG; musl takes ENOSYS for a reason to
    /// try `socket`. In an image that is, it must work: glibc knows no other way. There the gap stays.
    private static let forbiddenSocketcall = RuntimeSpec.SeccompRule(["socketcall"], .errno, errnoRet: 38)
}
