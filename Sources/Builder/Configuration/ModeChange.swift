/// What `--chmod` says: a mode, or changes of the one that a file has.
///
/// - SeeAlso: chmod(1), "MODE"; POSIX.1-2017, chmod, "EXTENDED DESCRIPTION". There is no umask: `+x` is `a+x`.
public struct ModeChange: Hashable, Sendable {
    private enum Form: Hashable {
        case octal(UInt32)
        case symbolic([Clause])
    }

    /// `u=rwX`: one operation on some of the bits.
    fileprivate struct Clause: Hashable {
        /// All bits of user, group and others that it speaks of, set-id and sticky among them.
        var mask: UInt32
        var operation: UInt8
        /// What its letters stand for, for everybody.
        var bits: UInt32
        /// `X`: x for directories, and where anybody has it.
        var executesConditionally = false
        /// `g=u`: the bits that user, group or others have, by how far they are to the left.
        var copied: UInt32?
    }

    private let form: Form

    /// - Throws: ``ModeError``, with BuildKit's words.
    public init(_ text: String) throws(ModeError) {
        let bytes = Array(text.utf8)
        if bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            guard !bytes.isEmpty, let mode = UInt32(text, radix: 8), mode <= 0o7777 else { throw ModeError(text: text) }
            form = .octal(mode)
            return
        }
        var clauses: [Clause] = []
        for clause in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let read = Self.clauses(clause) else { throw ModeError(text: text) }
            clauses += read
        }
        form = .symbolic(clauses)
    }

    /// `ug+rw-x`: who, and any number of operations.
    private static func clauses(_ text: ArraySlice<UInt8>) -> [Clause]? {
        var rest = text
        var mask: UInt32 = 0
        while let letter = rest.first, let part = parts[letter] {
            mask |= part
            rest.removeFirst()
        }
        if mask == 0 { mask = 0o7777 }
        var clauses: [Clause] = []
        while let operation = rest.popFirst() {
            guard operations.contains(operation) else { return nil }
            var clause = Clause(mask: mask, operation: operation, bits: 0)
            while let letter = rest.first, !operations.contains(letter) {
                guard clause.add(letter) else { return nil }
                rest.removeFirst()
            }
            clauses.append(clause)
        }
        return clauses.isEmpty ? nil : clauses
    }

    private static let operations = Set("+-=".utf8)
    private static let parts: [UInt8: UInt32] = [
        UInt8(ascii: "u"): 0o4700, UInt8(ascii: "g"): 0o2070, UInt8(ascii: "o"): 0o1007, UInt8(ascii: "a"): 0o7777,
    ]

    /// The mode of a file that has `mode` now; bits of `0o7777`.
    public func applied(to mode: UInt32, isDirectory: Bool) -> UInt32 {
        switch form {
        case .octal(let mode): mode
        case .symbolic(let clauses): clauses.reduce(mode) { $1.applied(to: $0, isDirectory: isDirectory) }
        }
    }

    /// The mode of a directory that is made on the way.
    public var ofNewDirectory: UInt32 {
        switch form {
        case .octal(let mode): mode & 0o777 & ~0o022
        case .symbolic: 0o755
        }
    }
}

extension ModeChange.Clause {
    fileprivate mutating func add(_ letter: UInt8) -> Bool {
        switch letter {
        case UInt8(ascii: "r"): bits |= 0o444
        case UInt8(ascii: "w"): bits |= 0o222
        case UInt8(ascii: "x"): bits |= 0o111
        case UInt8(ascii: "s"): bits |= 0o6000
        case UInt8(ascii: "t"): bits |= 0o1000
        case UInt8(ascii: "X"): executesConditionally = true
        case UInt8(ascii: "u"): copied = 6
        case UInt8(ascii: "g"): copied = 3
        case UInt8(ascii: "o"): copied = 0
        default: return false
        }
        return true
    }

    fileprivate func applied(to mode: UInt32, isDirectory: Bool) -> UInt32 {
        var bits = bits
        if executesConditionally, isDirectory || mode & 0o111 != 0 { bits |= 0o111 }
        if let copied { bits |= (mode >> copied & 7) * 0o111 }
        bits &= mask
        switch operation {
        case UInt8(ascii: "+"): return mode | bits
        case UInt8(ascii: "-"): return mode & ~bits
        default:
            // chmod(1): what isn't named of a directory's set-id bits stays.
            let kept = isDirectory ? mode & 0o6000 & ~bits : 0
            return mode & ~mask | bits | kept
        }
    }
}

/// `--chmod` with a value that is no mode.
public struct ModeError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public init(text: String) { self.text = text }

    public var description: String {
        "invalid chmod parameter: '\(text)'. it should be octal string and between 0 and 07777"
    }
}
