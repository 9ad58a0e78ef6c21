import Linux
import OCI

/// Writes classic BPF. A conditional jump skips 255 instructions at most, an unconditional one any number.
struct SeccompAssembler {
    private(set) var instructions: [BPFInstruction] = []

    // linux/bpf_common.h
    private enum Code {
        static let loadWord: UInt16 = 0x20
        static let jump: UInt16 = 0x05
        static let jumpIfEqual: UInt16 = 0x15
        static let jumpIfGreater: UInt16 = 0x25
        static let jumpIfGreaterOrEqual: UInt16 = 0x35
        static let jumpIfAnyBit: UInt16 = 0x45
        static let and: UInt16 = 0x54
        static let xor: UInt16 = 0xA4
        static let `return`: UInt16 = 0x06
    }

    // linux/seccomp.h, "struct seccomp_data", on little-endian machines.
    private enum Offset {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4
        static func low(_ argument: UInt32) -> UInt32 { 16 + 8 * argument }
        static func high(_ argument: UInt32) -> UInt32 { 20 + 8 * argument }
    }

    init() { instructions.reserveCapacity(1024) }

    mutating func loadArchitecture() { emit(Code.loadWord, Offset.architecture) }

    /// The last instruction: what happens to calls of all other architectures.
    mutating func finish(_ action: UInt32) { emit(Code.return, action) }

    /// What is decided about one architecture's calls; others jump over it.
    mutating func block(for architecture: SystemCallArchitecture, _ ranges: SeccompRanges) {
        emit(Code.jumpIfEqual, architecture.auditNumber, jumpIfTrue: 1)
        let skip = instructions.count
        emit(Code.jump, 0)
        emit(Code.loadWord, Offset.number)
        search(ranges.elements[...], ranges.verdicts, is64Bit: architecture.is64Bit)
        instructions[skip].operand = UInt32(instructions.count - skip - 1)
    }

    /// Finds the number's range by halves.
    private mutating func search(
        _ elements: ArraySlice<SeccompRanges.Element>, _ verdicts: [SeccompPolicy.Verdict], is64Bit: Bool
    ) {
        guard let first = elements.first else { return }
        guard elements.count > 1 else { return decide(verdicts[first.verdict], is64Bit: is64Bit) }
        let middle = elements.startIndex + elements.count / 2
        let test = instructions.count
        emit(Code.jumpIfGreaterOrEqual, elements[middle].start)
        search(elements[..<middle], verdicts, is64Bit: is64Bit)
        let distance = instructions.count - test - 1
        if let near = UInt8(exactly: distance) {
            instructions[test].jumpIfTrue = near
        } else {
            instructions[test].jumpIfFalse = 1
            instructions.insert(BPFInstruction(Code.jump, UInt32(distance)), at: test + 1)
        }
        search(elements[middle...], verdicts, is64Bit: is64Bit)
    }

    private mutating func emit(
        _ code: UInt16, _ operand: UInt32, jumpIfTrue: UInt8 = 0, jumpIfFalse: UInt8 = 0
    ) {
        instructions.append(BPFInstruction(code, jumpIfTrue: jumpIfTrue, jumpIfFalse: jumpIfFalse, operand))
    }
}

// One verdict: tests of arguments, each branch ending in its action.
extension SeccompAssembler {
    private mutating func decide(_ verdict: SeccompPolicy.Verdict, is64Bit: Bool) {
        var rest = verdict.branches[...]
        while let branch = rest.first {
            if let (test, count) = Self.bitTest(rest) {
                emit(test)
                rest = rest.dropFirst(count)
            } else {
                emit(branch, is64Bit: is64Bit)
                rest = rest.dropFirst()
            }
        }
        emit(Code.return, verdict.action)
    }

    /// How many branches at the start are tests of single bits of the same argument with the same outcome.
    private static func bitTest(_ branches: ArraySlice<SeccompPolicy.Branch>) -> (SeccompBitTest, count: Int)? {
        var (found, count): (SeccompBitTest?, Int) = (nil, 0)
        for branch in branches {
            guard branch.tests.count == 1, let bit = branch.tests[0].singleLowBit else { break }
            let test = branch.tests[0]
            var merged =
                found ?? SeccompBitTest(argument: test.argument, mask: 0, value: 0, action: branch.action)
            guard merged.argument == test.argument, merged.action == branch.action, merged.mask & bit == 0 else {
                break
            }
            merged.mask |= bit
            merged.value |= test.low
            (found, count) = (merged, count + 1)
        }
        return found.map { ($0, count) }
    }

    private mutating func emit(_ test: SeccompBitTest) {
        emit(Code.loadWord, Offset.low(test.argument))
        // After this a bit is set exactly if it has the value that is looked for.
        emit(Code.xor, ~test.value)
        emit(Code.jumpIfAnyBit, test.mask, jumpIfFalse: 1)
        emit(Code.return, test.action)
    }

    private mutating func emit(_ branch: SeccompPolicy.Branch, is64Bit: Bool) {
        let outcomes = branch.tests.map { is64Bit ? nil : $0.outcomeFor32Bits }
        guard !outcomes.contains(false) else { return }
        var failing: [Jump] = []
        for (test, outcome) in zip(branch.tests, outcomes) where outcome == nil {
            failing += is64Bit ? emit64(test) : emitLow(test)
        }
        emit(Code.return, branch.action)
        land(failing)
    }

    /// A jump whose end is not known yet.
    private struct Jump {
        let index: Int
        /// Which of the instruction's two ways it is.
        let ifTrue: Bool
    }

    private mutating func jump(_ code: UInt16, _ operand: UInt32, ifTrue: Bool) -> Jump {
        emit(code, operand)
        return Jump(index: instructions.count - 1, ifTrue: ifTrue)
    }

    /// The jumps lead here. A branch has six tests of seven instructions at most, so none is too far.
    private mutating func land(_ jumps: [Jump]) {
        for jump in jumps {
            let distance = UInt8(clamping: instructions.count - jump.index - 1)
            if jump.ifTrue {
                instructions[jump.index].jumpIfTrue = distance
            } else {
                instructions[jump.index].jumpIfFalse = distance
            }
        }
    }

    /// Tests the upper half first. Returns the jumps that are taken when the test fails.
    private mutating func emit64(_ test: SeccompTest) -> [Jump] {
        var (failing, passing): ([Jump], [Jump]) = ([], [])
        if !(test.highMask == 0 && test.high == 0) { emit(Code.loadWord, Offset.high(test.argument)) }
        switch test.comparison {
        case .equal: failing.append(jump(Code.jumpIfEqual, test.high, ifTrue: false))
        case .notEqual: passing.append(jump(Code.jumpIfEqual, test.high, ifTrue: false))
        case .maskedEqual where test.highMask == 0 && test.high == 0: break
        case .maskedEqual:
            emit(Code.and, test.highMask)
            failing.append(jump(Code.jumpIfEqual, test.high, ifTrue: false))
        case .greater, .greaterOrEqual:
            passing.append(jump(Code.jumpIfGreater, test.high, ifTrue: true))
            failing.append(jump(Code.jumpIfEqual, test.high, ifTrue: false))
        case .less, .lessOrEqual:
            failing.append(jump(Code.jumpIfGreater, test.high, ifTrue: true))
            passing.append(jump(Code.jumpIfEqual, test.high, ifTrue: false))
        }
        failing += emitLow(test)
        land(passing)
        return failing
    }

    private mutating func emitLow(_ test: SeccompTest) -> [Jump] {
        if test.comparison == .maskedEqual, test.lowMask == 0, test.low == 0 { return [] }
        emit(Code.loadWord, Offset.low(test.argument))
        switch test.comparison {
        case .maskedEqual:
            if test.lowMask != .max { emit(Code.and, test.lowMask) }
            return [jump(Code.jumpIfEqual, test.low, ifTrue: false)]
        case .equal: return [jump(Code.jumpIfEqual, test.low, ifTrue: false)]
        case .notEqual: return [jump(Code.jumpIfEqual, test.low, ifTrue: true)]
        case .greater: return [jump(Code.jumpIfGreater, test.low, ifTrue: false)]
        case .greaterOrEqual: return [jump(Code.jumpIfGreaterOrEqual, test.low, ifTrue: false)]
        case .less: return [jump(Code.jumpIfGreaterOrEqual, test.low, ifTrue: true)]
        case .lessOrEqual: return [jump(Code.jumpIfGreater, test.low, ifTrue: true)]
        }
    }
}
