extension TemplateFunctions {
    static func comparisons(_ name: String) -> Function? {
        switch name {
        case "not": fixed(1) { values throws(TemplateFunctionError) in .bool(!(values[0]?.isTrue ?? false)) }
        case "eq":
            variadic(1) { values throws(TemplateFunctionError) in
                guard values.count > 1 else { throw TemplateFunctionError("missing argument for comparison") }
                for other in values.dropFirst() where try isEqual(values[0], other) { return .bool(true) }
                return .bool(false)
            }
        case "ne": compare { one, other throws(TemplateFunctionError) in !(try isEqual(one, other)) }
        case "lt": compare(isLess)
        case "le":
            compare { one, other throws(TemplateFunctionError) in
                if try isLess(one, other) { return true }
                return try isEqual(one, other)
            }
        case "gt":
            compare { one, other throws(TemplateFunctionError) in
                if try isLess(one, other) { return false }
                return !(try isEqual(one, other))
            }
        case "ge": compare { one, other throws(TemplateFunctionError) in !(try isLess(one, other)) }
        default: nil
        }
    }

    private static func compare(
        _ body: @escaping @Sendable (TemplateValue?, TemplateValue?) throws(TemplateFunctionError) -> Bool
    ) -> Function {
        fixed(2) { values throws(TemplateFunctionError) in .bool(try body(values[0], values[1])) }
    }

    private static let incompatible = TemplateFunctionError("incompatible types for comparison")

    /// A duration is a number of nanoseconds.
    private static func plain(_ value: TemplateValue?) -> TemplateValue? {
        if case .duration(let nanoseconds)? = value { return .int(nanoseconds) }
        return value
    }

    private static func isEqual(_ one: TemplateValue?, _ other: TemplateValue?) throws(TemplateFunctionError) -> Bool {
        switch (plain(one), plain(other)) {
        case (.bool(let one), .bool(let other)): return one == other
        case (.int(let one), .int(let other)): return one == other
        case (.float(let one), .float(let other)): return one == other
        case (.string(let one), .string(let other)): return one.utf8.elementsEqual(other.utf8)
        case (let one?, let other?):
            if one.isNil || other.isNil { return one.isNil && other.isNil }
            for value in [one, other] {
                switch value {
                case .list, .map, .record:
                    throw TemplateFunctionError(
                        "non-comparable types \(GoText.printed(one)): \(one.typeName), \(other.typeName): \(GoText.printed(other))")
                default: continue
                }
            }
            throw incompatible
        case (nil, let value), (let value, nil): return value?.isNil ?? true
        }
    }

    private static func isLess(_ one: TemplateValue?, _ other: TemplateValue?) throws(TemplateFunctionError) -> Bool {
        switch (plain(one), plain(other)) {
        case (.int(let one), .int(let other)): return one < other
        case (.float(let one), .float(let other)): return one < other
        case (.string(let one), .string(let other)): return one.utf8.lexicographicallyPrecedes(other.utf8)
        case (.int, .float), (.int, .string), (.float, .int), (.float, .string), (.string, .int), (.string, .float):
            throw incompatible
        default: throw TemplateFunctionError("invalid type for comparison")
        }
    }
}
