import Glibc

/// A POSIX extended regular expression with GNU's additions. regex(7)
public final class RegularExpression {
    private var compiled = regex_t()

    /// Why a pattern is none, in the C library's words.
    public struct Fault: Error, Sendable {
        public let reason: String
    }

    public init(_ pattern: String, ignoresCase: Bool = false) throws(Fault) {
        let result = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB | (ignoresCase ? REG_ICASE : 0))
        guard result == 0 else {
            var text = [CChar](repeating: 0, count: 128)
            let count = regerror(result, &compiled, &text, text.count)
            throw Fault(
                reason: String(decoding: text.prefix(max(count, 1) - 1).map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
    }

    deinit { regfree(&compiled) }

    /// Whether it is found anywhere in `text`.
    public func matches(_ text: String) -> Bool { regexec(&compiled, text, 0, nil, 0) == 0 }
}
