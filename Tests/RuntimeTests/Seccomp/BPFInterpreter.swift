import Linux

/// Runs a filter as the kernel does, over one system call. Only what filters are made of.
struct BPFInterpreter {
    let program: [BPFInstruction]

    struct Call {
        var number: UInt32
        var architecture: UInt32
        var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

        /// `struct seccomp_data`, little-endian.
        func word(at offset: UInt32) -> UInt32? {
            switch offset {
            case 0: return number
            case 4: return architecture
            case 8, 12: return 0
            case 16..<64 where offset % 4 == 0:
                let argument = arguments[Int(offset - 16) / 8]
                return UInt32(truncatingIfNeeded: offset % 8 == 0 ? argument : argument >> 32)
            default: return nil
            }
        }
    }

    /// The filter's verdict, nil if the program is broken.
    func verdict(_ call: Call) -> UInt32? {
        var (accumulator, index) = (UInt32(0), 0)
        while program.indices.contains(index) {
            let instruction = program[index]
            index += 1
            func skip(_ condition: Bool) { index += Int(condition ? instruction.jumpIfTrue : instruction.jumpIfFalse) }
            switch instruction.code {
            case 0x20:
                guard let word = call.word(at: instruction.operand) else { return nil }
                accumulator = word
            case 0x05: index += Int(instruction.operand)
            case 0x15: skip(accumulator == instruction.operand)
            case 0x25: skip(accumulator > instruction.operand)
            case 0x35: skip(accumulator >= instruction.operand)
            case 0x45: skip(accumulator & instruction.operand != 0)
            case 0x54: accumulator &= instruction.operand
            case 0xA4: accumulator ^= instruction.operand
            case 0x06: return instruction.operand
            default: return nil
            }
        }
        return nil
    }
}
