extension TemplateFunctions {
    static func collections(_ name: String) -> Function? {
        switch name {
        case "len": fixed(1) { values throws(TemplateFunctionError) in .int(Int64(try length(values[0]))) }
        case "index":
            variadic(1) { values throws(TemplateFunctionError) in
                var item = values[0]
                guard values.count > 1 || item != nil else { throw TemplateFunctionError("index of untyped nil") }
                for key in values.dropFirst() { item = try element(of: item, at: key) }
                return item
            }
        case "slice":
            variadic(1) { values throws(TemplateFunctionError) in try slice(values[0], Array(values.dropFirst())) }
        case "call":
            variadic(1) { values throws(TemplateFunctionError) in
                throw TemplateFunctionError("non-function of type \((values[0] ?? .null).typeName)")
            }
        default: nil
        }
    }

    private static func length(_ value: TemplateValue?) throws(TemplateFunctionError) -> Int {
        switch value {
        case .string(let text): return text.utf8.count
        case .list(let elements): return elements.count
        case .map(let map): return map.entries.count
        case nil, .null: throw TemplateFunctionError("len of nil pointer")
        case let value? where value.isNilCollection: return 0
        case .nilPointer: throw TemplateFunctionError("len of nil pointer")
        case let other?: throw TemplateFunctionError("len of type \(other.typeName)")
        }
    }

    private static func element(
        of item: TemplateValue?, at key: TemplateValue?
    ) throws(TemplateFunctionError) -> TemplateValue? {
        switch item {
        case .list(let elements):
            let index = try position(key, limit: elements.count)
            return elements[index]
        case .string(let text):
            let bytes = Array(text.utf8)
            return .int(Int64(bytes[try position(key, limit: bytes.count)]))
        case .map(let map):
            guard case .string(let name) = key else {
                throw TemplateFunctionError("value has type \((key ?? .null).typeName); should be string")
            }
            return map[name] ?? map.missing
        case nil, .null: throw TemplateFunctionError("index of untyped nil")
        case .nilPointer: throw TemplateFunctionError("index of nil pointer")
        case let other?: throw TemplateFunctionError("can't index item of type \(other.typeName)")
        }
    }

    /// An index below `limit`.
    private static func position(_ key: TemplateValue?, limit: Int) throws(TemplateFunctionError) -> Int {
        guard case .int(let number) = key else {
            guard let key, !key.isNil else { throw TemplateFunctionError("cannot index slice/array with nil") }
            throw TemplateFunctionError("cannot index slice/array with type \(key.typeName)")
        }
        guard number >= 0, number < Int64(limit) else { throw TemplateFunctionError("index out of range: \(number)") }
        return Int(number)
    }

    private static func slice(
        _ item: TemplateValue?, _ keys: [TemplateValue?]
    ) throws(TemplateFunctionError) -> TemplateValue {
        guard let item, !item.isNil else { throw TemplateFunctionError("slice of untyped nil") }
        guard keys.count <= 3 else { throw TemplateFunctionError("too many slice indexes: \(keys.count)") }
        let count: Int
        switch item {
        case .string(let text):
            guard keys.count < 3 else { throw TemplateFunctionError("cannot 3-index slice a string") }
            count = text.utf8.count
        case .list(let elements): count = elements.count
        default: throw TemplateFunctionError("can't slice item of type \(item.typeName)")
        }
        var bounds = [0, count, count]
        for (index, key) in keys.enumerated() { bounds[index] = try position(key, limit: count + 1) }
        guard bounds[0] <= bounds[1], bounds[1] <= bounds[2] else {
            let (one, other) = bounds[0] > bounds[1] ? (bounds[0], bounds[1]) : (bounds[1], bounds[2])
            throw TemplateFunctionError("invalid slice index: \(one) > \(other)")
        }
        if case .list(let elements) = item { return .list(Array(elements[bounds[0]..<bounds[1]])) }
        guard case .string(let text) = item else { return item }
        return .string(String(decoding: Array(text.utf8)[bounds[0]..<bounds[1]], as: UTF8.self))
    }
}
