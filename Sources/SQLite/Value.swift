/// A value of a row, or one that is bound to a `?` of a statement.
public enum Value: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(nilLiteral: ()) { self = .null }

    /// NULL where there is none.
    public init(_ value: Int64?) { self = value.map(Value.integer) ?? .null }
    /// NULL where there is none.
    public init(_ text: String?) { self = text.map(Value.text) ?? .null }
    /// NULL where there is none.
    public init(_ bytes: [UInt8]?) { self = bytes.map(Value.blob) ?? .null }
    /// 1 or 0: SQLite has no Boolean.
    public init(_ flag: Bool) { self = .integer(flag ? 1 : 0) }
}
