import Linux
import OCI

// The same rules as an eBPF program for cgroup v2. linux/bpf.h, "struct bpf_cgroup_dev_ctx".
extension DeviceRules {
    /// The instructions, 8 bytes each. Each exception is tried in turn; it costs five instructions at most.
    var program: [UInt64] {
        var program: [UInt64] = [
            // r1 points to the context: access and type in one word, major, minor.
            Instruction.load(2, from: 1, offset: 0), Instruction.copy(3, from: 2), Instruction.and(2, 0xFFFF),
            Instruction.shiftRight(3, 16), Instruction.load(4, from: 1, offset: 4),
            Instruction.load(5, from: 1, offset: 8),
        ]
        for exception in exceptions { program += instructions(for: exception) }
        program += [Instruction.set(0, allowsByDefault ? 1 : 0), Instruction.exit]
        return program
    }

    private func instructions(for exception: Exception) -> [UInt64] {
        var tests: [(Int16) -> UInt64] = []
        // BPF_DEVCG_DEV_BLOCK and BPF_DEVCG_DEV_CHAR
        let kind: UInt32 = exception.kind == .block ? 1 : 2
        tests.append { Instruction.jumpUnless(2, equals: kind, by: $0) }
        if let major = exception.major { tests.append { Instruction.jumpUnless(4, equals: major, by: $0) } }
        if let minor = exception.minor { tests.append { Instruction.jumpUnless(5, equals: minor, by: $0) } }
        var access: [UInt64] = []
        if allowsByDefault {
            // Denied if any of what is asked for is denied.
            access = [Instruction.copy(6, from: 3), Instruction.and(6, exception.access.rawValue)]
            tests.append { Instruction.jumpIf(6, equals: 0, by: $0) }
        } else if exception.access != .all {
            // Allowed if all of what is asked for is allowed.
            access = [Instruction.copy(6, from: 3), Instruction.and(6, ~exception.access.rawValue & 7)]
            tests.append { Instruction.jumpUnless(6, equals: 0, by: $0) }
        }
        let verdict = [Instruction.set(0, allowsByDefault ? 0 : 1), Instruction.exit]
        let accessTests = access.isEmpty ? 0 : 1
        // Each jump leads behind the verdict.
        var block: [UInt64] = []
        let length = tests.count + access.count + verdict.count
        for test in tests.dropLast(accessTests) { block.append(test(Int16(length - block.count - 1))) }
        block += access
        for test in tests.suffix(accessTests) { block.append(test(Int16(length - block.count - 1))) }
        return block + verdict
    }

    /// eBPF, as `struct bpf_insn` on a little-endian machine: code, registers, offset, operand.
    private enum Instruction {
        static func encode(
            _ code: UInt8, _ target: UInt8, _ source: UInt8 = 0, offset: Int16 = 0, _ operand: UInt32 = 0
        ) -> UInt64 {
            UInt64(code) | UInt64(target | source << 4) << 8 | UInt64(UInt16(bitPattern: offset)) << 16
                | UInt64(operand) << 32
        }

        static func load(_ target: UInt8, from source: UInt8, offset: Int16) -> UInt64 {
            encode(0x61, target, source, offset: offset)  // BPF_LDX | BPF_MEM | BPF_W
        }
        static func copy(_ target: UInt8, from source: UInt8) -> UInt64 { encode(0xBC, target, source) }  // 32 bits
        static func set(_ target: UInt8, _ value: UInt32) -> UInt64 { encode(0xB7, target, value) }
        static func and(_ target: UInt8, _ mask: UInt32) -> UInt64 { encode(0x54, target, mask) }
        static func shiftRight(_ target: UInt8, _ bits: UInt32) -> UInt64 { encode(0x74, target, bits) }
        // Comparisons of 32 bits, so that a large number isn't extended by its sign (Linux 5.1).
        static func jumpIf(_ register: UInt8, equals value: UInt32, by offset: Int16) -> UInt64 {
            encode(0x16, register, offset: offset, value)
        }
        static func jumpUnless(_ register: UInt8, equals value: UInt32, by offset: Int16) -> UInt64 {
            encode(0x56, register, offset: offset, value)
        }
        static let exit = encode(0x95, 0)

        private static func encode(_ code: UInt8, _ target: UInt8, _ operand: UInt32) -> UInt64 {
            encode(code, target, 0, offset: 0, operand)
        }
    }
}
