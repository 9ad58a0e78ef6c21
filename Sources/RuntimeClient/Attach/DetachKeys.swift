/// The keys that leave an attached terminal without ending what runs in it; Docker's are `ctrl-p,ctrl-q`.
public struct DetachKeys: Hashable, Sendable {
    /// What the keys send, at least one byte.
    let sequence: [UInt8]

    public static let standard = DetachKeys(sequence: [0x10, 0x11])

    private init(sequence: [UInt8]) { self.sequence = sequence }

    /// Parses Docker's words: single characters and `ctrl-` with a letter or one of `@[\]^_`, joined by commas. Nil for
    /// anything else.
    public init?(parsing text: String) {
        var sequence: [UInt8] = []
        for key in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(Array.init) {
            guard let byte = Self.byte(of: key) else { return nil }
            sequence.append(byte)
        }
        guard !sequence.isEmpty else { return nil }
        self.sequence = sequence
    }

    private static func byte(of key: [UInt8]) -> UInt8? {
        if key.count == 1, let byte = key.first, byte < 0x80 { return byte }
        guard key.count == 6, key.starts(with: "ctrl-".utf8), let letter = key.last else { return nil }
        switch letter {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return letter - UInt8(ascii: "a") + 1
        case UInt8(ascii: "@"): return 0
        case UInt8(ascii: "[")...UInt8(ascii: "_"): return letter - UInt8(ascii: "[") + 27
        default: return nil
        }
    }
}

/// Looks for the keys in what is typed. What may be their beginning is held back until the next key decides.
struct DetachKeyMatcher {
    let keys: DetachKeys
    private var matched = 0

    init(_ keys: DetachKeys) { self.keys = keys }

    /// What goes on to the container of newly typed bytes, and whether the keys are complete.
    mutating func filter(_ typed: ArraySlice<UInt8>) -> (passed: [UInt8], isDetached: Bool) {
        var passed: [UInt8] = []
        for byte in typed {
            while byte != keys.sequence[matched], matched > 0 {
                // Not the keys after all: the oldest byte goes on, and a later beginning may still hold.
                let held = keys.sequence[..<matched]
                let keep =
                    (1...matched).first { held.dropFirst($0).elementsEqual(keys.sequence[..<(matched - $0)]) } ?? matched
                passed.append(contentsOf: held.prefix(keep))
                matched -= keep
            }
            guard byte == keys.sequence[matched] else {
                passed.append(byte)
                continue
            }
            matched += 1
            if matched == keys.sequence.count { return (passed, true) }
        }
        return (passed, false)
    }
}
