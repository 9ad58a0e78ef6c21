import OCI

/// A condition on one argument: of 64 bits, or of 32 where the architecture has no more.
struct SeccompTest: Hashable {
    /// 0 to 5.
    let argument: UInt32
    let comparison: RuntimeSpec.SeccompArgument.Comparison
    let value: UInt64
    /// What is compared; all bits but for ``RuntimeSpec/SeccompArgument/Comparison/maskedEqual``.
    let mask: UInt64

    init(
        _ argument: UInt32, _ comparison: RuntimeSpec.SeccompArgument.Comparison, _ value: UInt64, mask: UInt64 = .max
    ) {
        self.argument = argument
        self.comparison = comparison
        self.value = value
        self.mask = mask
    }

    /// In a bundle, a masked comparison has the mask first and what it is compared with second.
    init(_ argument: RuntimeSpec.SeccompArgument) {
        if argument.comparison == .maskedEqual {
            self.init(argument.index, .maskedEqual, argument.valueTwo, mask: argument.value)
        } else {
            self.init(argument.index, argument.comparison, argument.value)
        }
    }

    var low: UInt32 { UInt32(truncatingIfNeeded: value) }
    var high: UInt32 { UInt32(truncatingIfNeeded: value >> 32) }
    var lowMask: UInt32 { UInt32(truncatingIfNeeded: mask) }
    var highMask: UInt32 { UInt32(truncatingIfNeeded: mask >> 32) }

    /// The bit of the lower half that this test is about alone, if it is about one.
    var singleLowBit: UInt32? {
        guard comparison == .maskedEqual, highMask == 0, lowMask.nonzeroBitCount == 1, value & ~mask == 0 else {
            return nil
        }
        return lowMask
    }

    /// What the test comes to where arguments have 32 bits: nil if it depends on them.
    var outcomeFor32Bits: Bool? {
        switch comparison {
        // A number that was extended by its sign means the same in 32 bits, so the upper half is not looked at.
        case .equal, .notEqual: nil
        case .maskedEqual: lowMask == 0 && highMask != 0 ? high == 0 : nil
        case .less, .lessOrEqual: high == 0 ? nil : true
        case .greater, .greaterOrEqual: high == 0 ? nil : false
        }
    }
}

/// Branches that follow one another and were put together: any of these bits of an argument's lower half has its value.
///
/// `x ≠ 0x5412` on 32 bits can be said in a bundle only as 32 masked comparisons; here it is three instructions.
struct SeccompBitTest: Hashable {
    let argument: UInt32
    var mask: UInt32
    /// What each bit is compared with.
    var value: UInt32
    let action: UInt32
}
