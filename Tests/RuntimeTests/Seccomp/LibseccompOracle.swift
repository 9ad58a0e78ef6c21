import CSeccomp
import Glibc
import Linux
import OCI
import TestSupport

/// libseccomp, driven as runc drives it: what a policy means is what it makes of it.
enum LibseccompOracle {
    struct Failure: Error { let step: String }

    static func compile(
        _ seccomp: RuntimeSpec.Seccomp, native: SystemCallArchitecture
    ) throws -> [BPFInstruction] {
        let defaultAction = action(seccomp.defaultAction, seccomp.defaultErrnoRet)
        guard let context = seccomp_init(defaultAction) else { throw Failure(step: "seccomp_init") }
        defer { seccomp_release(context) }
        if native == .aarch64 {
            _ = seccomp_arch_remove(context, token(.x86_64))
            try check(seccomp_arch_add(context, token(.aarch64)), "seccomp_arch_add")
        }
        for name in seccomp.architectures {
            let token = seccomp_arch_resolve_name(String(name.dropFirst("SCMP_ARCH_".count)).lowercased())
            let result = seccomp_arch_add(context, token)
            guard result == 0 || result == -EEXIST else { throw Failure(step: "seccomp_arch_add \(name)") }
        }
        for rule in seccomp.syscalls {
            let action = action(rule.action, rule.errnoRet)
            if action == defaultAction { continue }
            for name in rule.names { try add(name, action, rule.args, to: context) }
        }
        let file = try FileDescriptor.memory(named: "filter")
        try check(seccomp_export_bpf(context, file.number), "seccomp_export_bpf")
        try file.seek(to: 0)
        let bytes = try file.readAll()
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            let code = UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
            var operand: UInt32 = 0
            for index in 0..<4 { operand |= UInt32(bytes[start + 4 + index]) << UInt32(8 * index) }
            return BPFInstruction(code, jumpIfTrue: bytes[start + 2], jumpIfFalse: bytes[start + 3], operand)
        }
    }

    private static func add(
        _ name: String, _ action: UInt32, _ arguments: [RuntimeSpec.SeccompArgument], to context: scmp_filter_ctx
    ) throws {
        let number = seccomp_syscall_resolve_name(name)
        guard number != -1 else { return }  // __NR_SCMP_ERROR: this libseccomp is older than the call.
        let tests = arguments.map { argument in
            scmp_arg_cmp(
                arg: argument.index, op: comparison(argument.comparison), datum_a: argument.value,
                datum_b: argument.valueTwo)
        }
        let isOneEach = Set(arguments.map(\.index)).count == arguments.count
        for rule in isOneEach ? [tests] : tests.map({ [$0] }) {
            try check(
                seccomp_rule_add_array(context, action, number, UInt32(rule.count), rule), "seccomp_rule_add \(name)")
        }
    }

    /// Whether libseccomp knows which call of the architecture that is; it can't have rules for others.
    static func knows(_ number: UInt32, on architecture: SystemCallArchitecture) -> Bool {
        guard let name = seccomp_syscall_resolve_num_arch(token(architecture), Int32(bitPattern: number)) else {
            return false
        }
        free(name)
        return true
    }

    private static func token(_ architecture: SystemCallArchitecture) -> UInt32 {
        let name =
            switch architecture {
            case .x86_64: "x86_64"
            case .x86: "x86"
            case .x32: "x32"
            case .aarch64: "aarch64"
            case .arm: "arm"
            }
        return seccomp_arch_resolve_name(name)
    }

    private static func check(_ result: CInt, _ step: String) throws {
        guard result == 0 else { throw Failure(step: "\(step): \(result)") }
    }

    private static func action(_ action: RuntimeSpec.SeccompAction, _ errno: UInt32?) -> UInt32 {
        switch action {
        case .kill, .killThread: SeccompConstant.killThread
        case .killProcess: SeccompConstant.killProcess
        case .trap: SeccompConstant.trap
        case .errno: SeccompConstant.errno | (errno ?? 1)
        case .trace: SeccompConstant.trace | (errno ?? 1)
        case .allow: SeccompConstant.allow
        case .log: SeccompConstant.log
        case .notify: SeccompConstant.notify
        }
    }

    private static func comparison(_ comparison: RuntimeSpec.SeccompArgument.Comparison) -> scmp_compare {
        switch comparison {
        case .notEqual: SCMP_CMP_NE
        case .less: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greater: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }
}
