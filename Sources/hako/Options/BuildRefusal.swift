/// Why a build can't be what its options ask for, in the words of Docker's client; ends with 1.
struct BuildRefusal: Error, CustomStringConvertible {
    let description: String
    /// What to do about it, as a sentence.
    let hint: String?

    init(_ description: String, hint: String? = nil) {
        self.description = description
        self.hint = hint
    }

    /// What Docker's client notices only when it has begun.
    static func building(_ text: String, hint: String? = nil) -> BuildRefusal { BuildRefusal("failed to build: " + text, hint: hint) }
}

extension String {
    /// `name` and `value` of `name=value`; nil without the sign. By scalars: with a combining mark behind it, the sign would be
    /// another character.
    func assignment(by sign: Unicode.Scalar = "=") -> (name: String, value: String)? {
        guard let place = unicodeScalars.firstIndex(of: sign) else { return nil }
        return (String(unicodeScalars[..<place]), String(unicodeScalars[unicodeScalars.index(after: place)...]))
    }

    /// As Go's `%q` shows plain text.
    var inQuotes: String { "\"" + escaping("\\", as: "\\\\").escaping("\"", as: "\\\"") + "\"" }
}
