/// A value that a template works on, in Go's kinds: what can be told apart there can be told apart here.
public indirect enum TemplateValue: Sendable {
    /// A nil of no type: printed as `<no value>`, in JSON `null`.
    case null
    /// A nil of a named type: printed as `<nil>`, or as the empty slice or map that it is in Go; in JSON `null`.
    case nilPointer(String)
    case bool(Bool)
    case int(Int64)
    /// Nanoseconds, which Go prints as `1m30s`.
    case duration(Int64)
    case float(Double)
    case string(String)
    case list([TemplateValue])
    case map(TemplateMap)
    case record(TemplateRecord)
}

extension TemplateValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .float(value) }
    public init(arrayLiteral elements: TemplateValue...) { self = .list(elements) }
    public init(dictionaryLiteral elements: (String, TemplateValue)...) {
        self = .map(TemplateMap(elements.map { (key: $0.0, value: $0.1) }))
    }
}

/// A map with strings as keys. A key that isn't there is no error.
public struct TemplateMap: Sendable {
    /// In the order of the keys' bytes, as Go prints and ranges over maps; each key once.
    public let entries: [(key: String, value: TemplateValue)]
    /// What `index` gives for a key that isn't there: Go's zero value of the element type, `""` for a map of strings.
    public let missing: TemplateValue
    /// What a field gives that isn't among the entries, but is in the structure that this map stands for: its JSON leaves
    /// out what is empty.
    public let omitted: [String: TemplateValue]
    /// Whether any key may be asked for, as with labels; else the map stands for a structure.
    public let isOpen: Bool
    /// The entries of a structure in the order of its fields; else as ``entries``.
    public let declared: [(key: String, value: TemplateValue)]
    /// Whether it stands for a structure whose fields have an order.
    public let isStructure: Bool

    /// The last of two values of the same key holds.
    public init(
        _ entries: [(key: String, value: TemplateValue)], missing: TemplateValue = .null,
        omitted: [String: TemplateValue] = [:], isOpen: Bool = false, isStructure: Bool = false
    ) {
        let sorted = entries.enumerated().sorted {
            let (one, other) = ($0.element.key, $1.element.key)
            return Self.isLess(one, other) || (!Self.isLess(other, one) && $0.offset < $1.offset)
        }
        var unique: [(key: String, value: TemplateValue)] = []
        unique.reserveCapacity(sorted.count)
        for (_, entry) in sorted {
            if let last = unique.last, last.key.utf8.elementsEqual(entry.key.utf8) { unique.removeLast() }
            unique.append(entry)
        }
        self.entries = unique
        self.missing = missing
        self.omitted = omitted
        self.isOpen = isOpen
        self.isStructure = isStructure
        declared = isStructure ? entries : unique
    }

    /// A map of strings, as labels are.
    public init(strings: [(key: String, value: String)]) {
        self.init(strings.map { (key: $0.key, value: .string($0.value)) }, missing: .string(""))
    }

    public subscript(key: String) -> TemplateValue? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = low + (high - low) / 2
            if Self.isLess(entries[middle].key, key) { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].key.utf8.elementsEqual(key.utf8) else { return nil }
        return entries[low].value
    }

    private static func isLess(_ one: String, _ other: String) -> Bool {
        one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}

/// A structure with named fields: one that isn't there is an error, as with a Go struct.
public struct TemplateRecord: Sendable {
    /// As errors name it: `*formatter.ContainerContext`.
    public let typeName: String
    /// In the order in which JSON and `%v` show them.
    public let fields: [TemplateField]
    /// Whether `json` writes `<`, `>` and `&` as `\u003c` …: Docker's client does so for the rows of its lists, but
    /// not for what it inspects.
    public let escapesHTML: Bool

    public init(_ typeName: String, _ fields: [TemplateField], escapesHTML: Bool = false) {
        self.typeName = typeName
        self.fields = fields
        self.escapesHTML = escapesHTML
    }

    func field(_ name: String) -> TemplateField? { fields.first { $0.name == name } }
}

/// A field of a record, or a method that takes arguments.
public struct TemplateField: Sendable {
    public typealias Method = @Sendable ([TemplateValue]) throws(TemplateFunctionError) -> TemplateValue

    public let name: String
    /// The member's name in JSON; nil for one that is left out there.
    public let jsonName: String?
    let content: Content

    enum Content: Sendable {
        case value(TemplateValue)
        case computed(@Sendable () -> TemplateValue)
        case method(arity: Int, Method)
    }

    private init(_ name: String, _ jsonName: String?, _ content: Content) {
        self.name = name
        self.jsonName = jsonName
        self.content = content
    }

    public static func value(_ name: String, _ value: TemplateValue) -> TemplateField {
        TemplateField(name, name, .value(value))
    }

    /// A field whose name in JSON is another one; nil keeps it out of JSON.
    public static func value(_ name: String, json: String?, _ value: TemplateValue) -> TemplateField {
        TemplateField(name, json, .value(value))
    }

    /// A field that is worked out each time a template asks for it.
    public static func computed(_ name: String, _ value: @escaping @Sendable () -> TemplateValue) -> TemplateField {
        TemplateField(name, name, .computed(value))
    }

    /// What is called with arguments: `{{.Label "com.example"}}`. It is left out of JSON.
    public static func method(_ name: String, arity: Int, _ body: @escaping Method) -> TemplateField {
        TemplateField(name, nil, .method(arity: arity, body))
    }

    /// The value of a field; nil for a method with arguments.
    var plainValue: TemplateValue? {
        switch content {
        case .value(let value): value
        case .computed(let compute): compute()
        case .method: nil
        }
    }
}

extension TemplateValue {
    /// Go's name of the type, as errors and `%T` show it.
    var typeName: String {
        switch self {
        case .null: "<nil>"
        case .nilPointer(let name): name
        case .bool: "bool"
        case .int: "int"
        case .duration: "time.Duration"
        case .float: "float64"
        case .string: "string"
        case .list(let elements): "[]" + Self.elementType(of: elements)
        case .map(let map):
            if case .string = map.missing { "map[string]string" } else { "map[string]interface {}" }
        case .record(let record): record.typeName
        }
    }

    private static func elementType(of elements: [TemplateValue]) -> String {
        let areStrings = elements.allSatisfy { if case .string = $0 { true } else { false } }
        return areStrings && !elements.isEmpty ? "string" : "interface {}"
    }

    /// What `if` takes for true: not zero, not empty, not nil; a record always.
    var isTrue: Bool {
        switch self {
        case .null, .nilPointer: false
        case .bool(let value): value
        case .int(let value), .duration(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let elements): !elements.isEmpty
        case .map(let map): !map.entries.isEmpty
        case .record: true
        }
    }

    /// Roughly how many bytes the value has as text. Records are the caller's own, and as long as it made them.
    var textSize: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .list(let elements): elements.reduce(0) { $0 + $1.textSize + 1 }
        case .map(let map): map.entries.reduce(0) { $0 + $1.key.utf8.count + $1.value.textSize + 2 }
        default: 8
        }
    }

    /// Whether it is a slice or map without elements that was never made: Go prints, measures and ranges over it as empty.
    var isNilCollection: Bool {
        guard case .nilPointer(let type) = self else { return false }
        return type.hasPrefix("[]") || type.hasPrefix("map[")
    }

    var isNil: Bool {
        switch self {
        case .null, .nilPointer: true
        default: false
        }
    }
}
