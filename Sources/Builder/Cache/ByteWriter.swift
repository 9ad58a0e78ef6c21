/// Bytes in which each part has its length before it, so that two different rows of parts are never the same.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    /// In groups of seven bits, the lowest first; all but the last have the eighth set.
    mutating func append(number: Int) {
        var rest = UInt64(bitPattern: Int64(number))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func append(_ content: some Collection<UInt8>) {
        append(number: content.count)
        bytes += content
    }

    /// As many bytes as the reader asks for.
    mutating func append(fixed content: some Collection<UInt8>) { bytes += content }

    mutating func append(_ part: StepInputs.Part) {
        append(part.field.rawValue)
        append(part.name.utf8)
        append(part.value)
    }
}

/// Reads what ``ByteWriter`` wrote; nil for what isn't that.
struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func number() -> Int? {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while let byte = rest.popFirst(), shift < 63 {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return Int(exactly: value) }
            shift += 7
        }
        return nil
    }

    mutating func fixed(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func content() -> ArraySlice<UInt8>? {
        guard let count = number() else { return nil }
        return fixed(count)
    }

    mutating func text() -> String? { content().map { String(decoding: $0, as: UTF8.self) } }

    mutating func part() -> StepInputs.Part? {
        guard let field = byte().flatMap(StepInputs.Field.init), let name = text(), let value = content() else { return nil }
        return StepInputs.Part(field: field, name: name, value: Array(value))
    }

    /// As many as the number before them says.
    mutating func list<Element>(_ element: (inout ByteReader) -> Element?) -> [Element]? {
        guard let count = number(), count >= 0 else { return nil }
        var elements: [Element] = []
        for _ in 0..<count {
            guard let element = element(&self) else { return nil }
            elements.append(element)
        }
        return elements
    }
}
