import OCI

/// What a key of the configuration takes.
public indirect enum ValueShape: Sendable {
    case flag
    /// The range, and what is counted: `bytes`.
    case integer(ClosedRange<Int64>, String)
    /// A number of bytes, or a text such as `64m`.
    case size
    case text(TextForm)
    case list(ValueShape)
    /// An object whose names are the user's.
    case map(ValueShape, names: String)
    /// An object with these members and no other.
    case object([ObjectMember])
}

/// A member of an object with names of its own.
public struct ObjectMember: Sendable {
    let name: String
    let shape: ValueShape
    let isRequired: Bool

    init(_ name: String, _ shape: ValueShape, isRequired: Bool = false) {
        self.name = name
        self.shape = shape
        self.isRequired = isRequired
    }
}

/// What a text has to be.
public struct TextForm: Sendable {
    /// After "an array of": `IP addresses`; after "must be": `an IP address`.
    let one: String
    let many: String
    /// Why a text is none; nil where it is one.
    let complaint: @Sendable (String) -> String?

    init(_ one: String, many: String, complaint: @escaping @Sendable (String) -> String? = { _ in nil }) {
        self.one = one
        self.many = many
        self.complaint = complaint
    }
}

extension ValueShape {
    /// After "must be": `an array of IP addresses`.
    public var words: String {
        switch self {
        case .flag: "true or false"
        case .integer(let range, let what): "a number of \(what) from \(range.lowerBound) to \(range.upperBound)"
        case .size: "a size in bytes, as 67108864 or \"64m\""
        case .text(let form): form.one
        case .list(let element): "an array of \(element.manyWords)"
        case .map(let value, let names): "an object of \(names), each \(value.words)"
        case .object(let members):
            "an object of " + members.map(\.name).joined(separator: ", ")
        }
    }

    private var manyWords: String {
        switch self {
        case .text(let form): form.many
        case .object(let members): "objects of " + members.map(\.name).joined(separator: ", ")
        default: "values, each \(words)"
        }
    }
}
