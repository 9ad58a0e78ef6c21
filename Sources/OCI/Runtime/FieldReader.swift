/// A field of a JSON document that is missing or holds what it must not.
public struct FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    /// From the top of the document: `process.rlimits[2].type`; empty for the document itself.
    public var field: String
    /// What is wrong with it: `must be a string`.
    public var reason: String

    public init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    public var description: String { field.isEmpty ? reason : "\(field) \(reason)" }

    /// The same error, seen from the object that holds the field.
    func within(_ outer: String) -> FieldError {
        if field.isEmpty { return FieldError(outer, reason) }
        return FieldError(field.utf8.first == UInt8(ascii: "[") ? outer + field : outer + "." + field, reason)
    }
}

/// Takes the members of one JSON object one by one; what nobody took is ``rest``.
///
/// `null` is the same as no member at all: Go writes it for an empty slice. Paths of errors are put together only when
/// there is one, on the way out.
struct FieldReader {
    private var members: [(name: String, value: JSON)]
    private var taken: [Bool]

    init(_ json: JSON) throws(FieldError) {
        guard let object = json.object else { throw FieldError("", "must be an object") }
        members = object.members
        taken = Array(repeating: false, count: members.count)
    }

    /// The members that this version does not know.
    var rest: JSONObject {
        guard taken.contains(false) else { return JSONObject() }
        return JSONObject(unique: zip(members, taken).filter { !$0.1 }.map(\.0))
    }

    mutating func take(_ name: String) -> JSON? {
        // Lengths too: in Swift the Kelvin sign equals "K".
        let found = members.firstIndex { $0.name.utf8.count == name.utf8.count && $0.name == name }
        guard let found, !taken[found] else { return nil }
        taken[found] = true
        return members[found].value.isNull ? nil : members[found].value
    }

    mutating func value<Value>(
        _ name: String, _ decode: (JSON) throws(FieldError) -> Value
    ) throws(FieldError) -> Value? {
        guard let json = take(name) else { return nil }
        do throws(FieldError) { return try decode(json) } catch { throw error.within(name) }
    }

    mutating func list<Value>(
        _ name: String, _ decode: (JSON) throws(FieldError) -> Value
    ) throws(FieldError) -> [Value]? {
        try value(name) { json throws(FieldError) in
            guard let array = json.array else { throw FieldError("", "must be an array") }
            var values: [Value] = []
            values.reserveCapacity(array.count)
            for (index, element) in array.enumerated() {
                do throws(FieldError) { values.append(try decode(element)) } catch { throw error.within("[\(index)]") }
            }
            return values
        }
    }

    mutating func string(_ name: String) throws(FieldError) -> String? { try value(name, Self.string) }
    mutating func strings(_ name: String) throws(FieldError) -> [String]? { try list(name, Self.string) }
    mutating func bool(_ name: String) throws(FieldError) -> Bool? {
        try value(name) { json throws(FieldError) in
            guard let bool = json.bool else { throw FieldError("", "must be true or false") }
            return bool
        }
    }
    mutating func integer<Number: FixedWidthInteger & SendableMetatype>(_ name: String) throws(FieldError) -> Number? {
        try value(name, Self.integer)
    }

    mutating func required<Value>(_ name: String, _ value: Value?) throws(FieldError) -> Value {
        guard let value else { throw FieldError(name, "is missing") }
        return value
    }

    /// An object whose members are all strings.
    mutating func map(_ name: String) throws(FieldError) -> [String: String]? {
        try value(name) { json throws(FieldError) in
            guard let object = json.object else { throw FieldError("", "must be an object") }
            var map: [String: String] = [:]
            for (key, value) in object.members {
                guard let text = value.string else { throw FieldError(key, "must be a string") }
                map[key] = text
            }
            return map
        }
    }

    static func string(_ json: JSON) throws(FieldError) -> String {
        guard let text = json.string else { throw FieldError("", "must be a string") }
        // It would end the string early where C reads it, after it was checked as a whole.
        guard !text.utf8.contains(0) else { throw FieldError("", "must not hold a NUL") }
        return text
    }

    static func integer<Number: FixedWidthInteger & SendableMetatype>(_ json: JSON) throws(FieldError) -> Number {
        let number: Number? =
            switch json {
            case .integer(let value): Number(exactly: value)
            case .number(let digits): Number(digits)
            default: nil
            }
        guard let number else { throw FieldError("", "must be a whole number from \(Number.min) to \(Number.max)") }
        return number
    }

    /// One of the words that `Word` knows.
    static func word<Word: RawRepresentable<String> & SendableMetatype>(_ json: JSON) throws(FieldError) -> Word {
        let text = try string(json)
        guard let word = Word(rawValue: text) else { throw FieldError("", "is \"\(text)\", which is not known") }
        return word
    }
}

/// Puts an object together: what is nil, empty or false is left out, as Go's `omitempty` does.
struct FieldWriter {
    private var members: [(name: String, value: JSON)] = []

    mutating func add(_ name: String, _ value: JSON?) {
        if let value { members.append((name, value)) }
    }
    mutating func add(_ name: String, _ value: String?) {
        if let value { members.append((name, .string(value))) }
    }
    mutating func add(_ name: String, _ value: Bool?) {
        if value == true { members.append((name, .bool(true))) }
    }
    mutating func add(_ name: String, _ value: (some FixedWidthInteger)?) {
        if let value { members.append((name, Int64(exactly: value).map(JSON.integer) ?? .number(String(value)))) }
    }
    mutating func add(_ name: String, _ values: [String]) {
        if !values.isEmpty { members.append((name, JSON(values))) }
    }
    mutating func add(_ name: String, _ values: [some FixedWidthInteger]) {
        guard !values.isEmpty else { return }
        members.append((name, .array(values.map { Int64(exactly: $0).map(JSON.integer) ?? .number(String($0)) })))
    }
    mutating func add<Value>(_ name: String, _ values: [Value], _ encode: (Value) -> JSON) {
        if !values.isEmpty { members.append((name, .array(values.map(encode)))) }
    }
    mutating func add(_ name: String, _ map: [String: String]) {
        if !map.isEmpty { members.append((name, JSON(map))) }
    }

    /// The object, with what was not understood when it was read behind the rest.
    func object(and rest: JSONObject) -> JSON { .object(JSONObject(unique: members + rest.members)) }
}
