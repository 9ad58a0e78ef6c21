import Linux
import OCI

/// Compiles the seccomp section of a bundle to the program that the kernel runs at each system call.
///
/// The outcome is what libseccomp's would be, in a shape that is faster to make and to run: ranges of numbers with the
/// same verdict are merged and found by binary search.
public enum SeccompCompiler {
    /// - Parameter native: The kernel's architecture; it is always part of the filter. Calls of an architecture that
    ///   the section doesn't list end the process: the numbers mean other calls there.
    /// - Throws: ``SeccompError``. Names of calls that Hako doesn't know are passed over, as newer profiles hold them.
    public static func compile(
        _ seccomp: RuntimeSpec.Seccomp, native: SystemCallArchitecture = .native
    ) throws(SeccompError) -> SeccompFilter {
        let architectures = try architectures(of: seccomp, native: native)
        let policy = try SeccompPolicy(seccomp, architectures: architectures)
        var assembler = SeccompAssembler()
        assembler.loadArchitecture()
        // x32 shares the number of x86_64's architecture, and so its block.
        for architecture in architectures where architecture != .x32 {
            let ranges = policy.ranges(
                of: architecture, withX32: architecture == .x86_64 && architectures.contains(.x32))
            assembler.block(for: architecture, ranges)
        }
        assembler.finish(SeccompConstant.killProcess)
        guard assembler.instructions.count <= SeccompFilter.maximumCount else {
            throw .tooLong(assembler.instructions.count)
        }
        return SeccompFilter(
            instructions: assembler.instructions, flags: try flags(of: seccomp, hasListener: policy.notifies))
    }

    /// The listed ones that this kernel can run, the native one first.
    private static func architectures(
        of seccomp: RuntimeSpec.Seccomp, native: SystemCallArchitecture
    ) throws(SeccompError) -> [SystemCallArchitecture] {
        var architectures = [native]
        let foreign: [SystemCallArchitecture] = native == .x86_64 ? [.x86, .x32] : native == .aarch64 ? [.arm] : []
        for name in seccomp.architectures {
            guard let index = knownArchitectures.firstIndex(where: { $0.name == name }) else {
                throw .unknownArchitecture(name)
            }
            guard let architecture = knownArchitectures[index].architecture, foreign.contains(architecture),
                !architectures.contains(architecture)
            else { continue }
            architectures.append(architecture)
        }
        return architectures
    }

    /// libseccomp's names. Those without a table can't run on any kernel that Hako runs on.
    private static let knownArchitectures: [(name: String, architecture: SystemCallArchitecture?)] = [
        ("SCMP_ARCH_X86_64", .x86_64), ("SCMP_ARCH_X86", .x86), ("SCMP_ARCH_X32", .x32),
        ("SCMP_ARCH_AARCH64", .aarch64), ("SCMP_ARCH_ARM", .arm), ("SCMP_ARCH_MIPS", nil), ("SCMP_ARCH_MIPS64", nil),
        ("SCMP_ARCH_MIPS64N32", nil), ("SCMP_ARCH_MIPSEL", nil), ("SCMP_ARCH_MIPSEL64", nil),
        ("SCMP_ARCH_MIPSEL64N32", nil), ("SCMP_ARCH_PPC", nil), ("SCMP_ARCH_PPC64", nil), ("SCMP_ARCH_PPC64LE", nil),
        ("SCMP_ARCH_S390", nil), ("SCMP_ARCH_S390X", nil), ("SCMP_ARCH_PARISC", nil), ("SCMP_ARCH_PARISC64", nil),
        ("SCMP_ARCH_RISCV64", nil), ("SCMP_ARCH_LOONGARCH64", nil), ("SCMP_ARCH_M68K", nil), ("SCMP_ARCH_SH", nil),
        ("SCMP_ARCH_SHEB", nil),
    ]

    private static func flags(
        of seccomp: RuntimeSpec.Seccomp, hasListener: Bool
    ) throws(SeccompError) -> UInt32 {
        var flags: UInt32 = 0
        for name in seccomp.flags {
            switch name {
            // The filter goes on a process with one thread; the flag excludes a listener.
            case "SECCOMP_FILTER_FLAG_TSYNC": break
            case "SECCOMP_FILTER_FLAG_LOG": flags |= SeccompConstant.flagLog
            case "SECCOMP_FILTER_FLAG_SPEC_ALLOW": flags |= SeccompConstant.flagSpeculationAllowed
            case "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": flags |= SeccompConstant.flagWaitKillable
            default: throw .unknownFlag(name)
            }
        }
        // Without flags, as runc has it: from 5.16 on the kernel does not slow filtered processes down anyway.
        if seccomp.flags.isEmpty { flags |= SeccompConstant.flagSpeculationAllowed }
        guard hasListener else { return flags & ~SeccompConstant.flagWaitKillable }
        guard seccomp.listenerPath != nil else { throw .notifyWithoutListener }
        return flags | SeccompConstant.flagNewListener
    }
}
