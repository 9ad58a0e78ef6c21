/// A container's name for the runtime: a file name that can't lead anywhere.
public struct ContainerID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// - Throws: ``RuntimeError`` unless it is 1 to 255 of `A-Z a-z 0-9 _ + - .`, not beginning with a dot: `../x` would
    ///   be a path (threat: names that are paths).
    public init(_ text: String) throws(RuntimeError) {
        let isValid = text.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"):
                true
            case UInt8(ascii: "."): index > 0
            default: false
            }
        }
        guard isValid, (1...255).contains(text.utf8.count) else {
            throw RuntimeError(
                .invalid, cannot: "use \"\(PrintableText(text))\" as container id",
                because: "it must be of letters, digits, _ + - and, not first, dots")
        }
        self.text = text
    }

    public var description: String { text }
}

/// Text of a stranger's, fit for a terminal: control characters are escaped.
struct PrintableText: CustomStringConvertible {
    let description: String

    init(_ text: String) {
        description = text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
