/// A JSON value. What is not understood survives a round trip: members keep their order, numbers their digits.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number that `Int64` can't hold, as it was written: `1.5`, `1e3`, `18446744073709551615`.
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON {
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    public var isNull: Bool { self == .null }

    /// A number as a fraction; nil for what isn't a number.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let digits): Double(digits)
        default: nil
        }
    }

    /// The member of an object; nil where there is none, or where this is no object.
    public subscript(name: String) -> JSON? { object?[name] }
    /// The element of an array; nil past its end, or where this is no array.
    public subscript(index: Int) -> JSON? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
    public init(nilLiteral: ()) { self = .null }

    /// An array of strings, `null` where there is none.
    public init(_ strings: [String]?) { self = strings.map { .array($0.map(JSON.string)) } ?? .null }
    public init(_ string: String?) { self = string.map(JSON.string) ?? .null }
    public init(_ members: [String: String]) {
        self = .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}

/// The members of a JSON object, in the order in which they were written.
///
/// Look-ups walk the members: objects of configurations are short, and a hash table costs more than it saves.
public struct JSONObject: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    public private(set) var members: [(name: String, value: JSON)]
    /// Where they are, by the bytes of their names, once there are many: to look at all of them for each new one takes long.
    private var places: [[UInt8]: Int] = [:]
    private static let many = 64

    public init() { members = [] }
    /// The last of two members of the same name holds.
    public init(_ members: [(String, JSON)]) {
        self.init()
        self.members.reserveCapacity(members.count)
        for (name, value) in members { self[name] = value }
    }
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }

    /// For the parser, which has seen to it that no two names are the same.
    init(unique members: [(name: String, value: JSON)]) { self.members = members }

    public var isEmpty: Bool { members.isEmpty }
    public var count: Int { members.count }

    /// The member of that name, compared byte by byte. Setting it to nil removes it; a new one goes to the end.
    public subscript(name: String) -> JSON? {
        get { index(of: name).map { members[$0].value } }
        set {
            if places.isEmpty, members.count >= Self.many {
                for (index, member) in members.enumerated() { places[Array(member.name.utf8)] = index }
            }
            switch (index(of: name), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil):
                members.remove(at: index)
                places = [:]
            case (nil, let value?):
                if !places.isEmpty { places[Array(name.utf8)] = members.count }
                members.append((name, value))
            case (nil, nil): break
            }
        }
    }

    private func index(of name: String) -> Int? {
        places.isEmpty ? members.firstIndex { $0.name.hasBytes(of: name) } : places[Array(name.utf8)]
    }

    public static func == (one: JSONObject, other: JSONObject) -> Bool {
        one.members.count == other.members.count
            && zip(one.members, other.members).allSatisfy {
                $0.name.hasBytes(of: $1.name) && $0.value == $1.value
            }
    }

    public func hash(into hasher: inout Hasher) {
        for (name, value) in members {
            hasher.combine(name)
            hasher.combine(value)
        }
    }
}

extension String {
    /// Whether both are the same bytes. `==` takes "é" and "e" + "´" for the same.
    func hasBytes(of other: String) -> Bool { utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8) }
}
