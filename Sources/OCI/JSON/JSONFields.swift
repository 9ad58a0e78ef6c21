/// Why a JSON document isn't what it should be, and in which field.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The way to the field: `layers[2].digest`; empty for the document itself.
    public let field: String
    /// A clause: `is missing`, `must be a string`.
    public let reason: String

    public init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    public var description: String { field.isEmpty ? "document \(reason)" : "\(field) \(reason)" }
}

/// Reads the members of an object by name and type; each error names the field. `null` counts as absent, as Go has it.
public struct JSONFields {
    public let object: JSONObject
    /// The way from the document to this object; empty for the document itself.
    public let path: String

    public init(_ json: JSON, at path: String = "") throws(FormatError) {
        guard let object = json.object else { throw FormatError(path, "must be an object") }
        self.object = object
        self.path = path
    }

    public func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    public func error(_ name: String, _ reason: String) -> FormatError { FormatError(path(of: name), reason) }

    public func contains(_ name: String) -> Bool { self[name] != nil }

    /// The member of that name, where there is one and it isn't `null`.
    public subscript(name: String) -> JSON? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    public func required<Value>(_ name: String, _ value: Value?) throws(FormatError) -> Value {
        guard let value else { throw error(name, "is missing") }
        return value
    }

    public func string(_ name: String) throws(FormatError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw error(name, "must be a string") }
        return text
    }

    /// A string that will reach a system call: a NUL would end it early there, and checks would have seen another text.
    public func text(_ name: String) throws(FormatError) -> String? {
        guard let text = try string(name) else { return nil }
        guard !text.utf8.contains(0) else { throw error(name, "must not contain NUL") }
        return text
    }

    public func bool(_ name: String) throws(FormatError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard let bool = value.bool else { throw error(name, "must be true or false") }
        return bool
    }

    public func integer(_ name: String) throws(FormatError) -> Int64? {
        guard let value = self[name] else { return nil }
        guard let integer = value.integer else { throw error(name, "must be a whole number of 64 bits") }
        return integer
    }

    public func size(_ name: String) throws(FormatError) -> Int64? {
        guard let size = try integer(name) else { return nil }
        guard size >= 0 else { throw error(name, "must not be negative") }
        return size
    }

    /// An array of strings without NUL.
    public func texts(_ name: String) throws(FormatError) -> [String]? {
        try list(name) { json, path throws(FormatError) in
            guard let text = json.string else { throw FormatError(path, "must be a string") }
            guard !text.utf8.contains(0) else { throw FormatError(path, "must not contain NUL") }
            return text
        }
    }

    /// The names of an object that serves as a set: `{"80/tcp": {}}`.
    public func names(_ name: String) throws(FormatError) -> [String]? {
        try fields(name)?.object.members.map(\.name)
    }

    public func map(_ name: String) throws(FormatError) -> StringMap? {
        guard let fields = try fields(name) else { return nil }
        var pairs: [(name: String, value: JSON)] = []
        for member in fields.object.members {
            // Go decodes null into the empty string.
            guard let value = member.value.isNull ? "" : member.value.string else {
                throw fields.error(member.name, "must be a string")
            }
            pairs.append((member.name, .string(value)))
        }
        return StringMap(JSONObject(unique: pairs))
    }

    /// The fields of a nested object.
    public func fields(_ name: String) throws(FormatError) -> JSONFields? {
        guard let value = self[name] else { return nil }
        return try JSONFields(value, at: path(of: name))
    }

    public func digest(_ name: String) throws(FormatError) -> Digest? {
        guard let text = try string(name) else { return nil }
        do { return try Digest(text) } catch { throw self.error(name, "is no digest: \(error)") }
    }

    /// An array; `element` gets each value and the way to it.
    ///
    /// - Parameter limit: The most elements that are read, against documents made to use up memory.
    public func list<Element>(
        _ name: String, limit: Int = 100_000, _ element: (JSON, String) throws(FormatError) -> Element
    ) throws(FormatError) -> [Element]? {
        guard let value = self[name] else { return nil }
        guard let array = value.array else { throw error(name, "must be an array") }
        guard array.count <= limit else { throw error(name, "has more than \(limit) elements") }
        var elements: [Element] = []
        elements.reserveCapacity(array.count)
        for (index, json) in array.enumerated() { elements.append(try element(json, "\(path(of: name))[\(index)]")) }
        return elements
    }
}

extension JSONObject {
    /// Writes a field over the document that it was read from: nothing changes where both say "absent".
    public mutating func put(_ name: String, _ value: JSON?) {
        if value == nil, let old = self[name], old.isNull { return }
        self[name] = value
    }

    /// The same, where an empty array stays as it was written and isn't added.
    public mutating func put(_ name: String, _ values: [JSON]) {
        if values.isEmpty, self[name] == nil || self[name]?.isNull == true { return }
        self[name] = .array(values)
    }

    public mutating func put(_ name: String, _ text: String?) { put(name, text.map(JSON.string)) }
}

/// Names with values, in the order in which they were written: annotations, labels. Names are compared byte by byte.
public struct StringMap: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    private var object: JSONObject

    public init() { object = JSONObject() }
    init(_ object: JSONObject) { self.object = object }
    /// The last of two values of the same name holds.
    public init(_ pairs: [(name: String, value: String)]) {
        object = JSONObject(pairs.map { ($0.name, .string($0.value)) })
    }
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { (name: $0.0, value: $0.1) })
    }

    public var isEmpty: Bool { object.isEmpty }
    public var count: Int { object.count }
    public var pairs: [(name: String, value: String)] { object.members.map { ($0.name, $0.value.string ?? "") } }

    /// The value of that name. Setting it to nil removes it; a new one goes to the end.
    public subscript(name: String) -> String? {
        get { object[name]?.string }
        set { object[name] = newValue.map(JSON.string) }
    }

    public var json: JSON { .object(object) }
}
