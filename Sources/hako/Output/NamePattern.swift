import Glibc

/// A regular expression of `ps --filter name=`: Docker takes any, and finds it anywhere in the name.
///
/// The C library's extended ones (regex(7)) with Go's `\d`; what people write here, `^web-[0-9]+$`, is the same in both.
final class NamePattern {
    private var compiled = regex_t()

    /// Nil for what is no pattern.
    init?(_ text: String) {
        let pattern = text.split(separator: "\\d", omittingEmptySubsequences: false).joined(separator: "[0-9]")
        guard regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
    }

    deinit { regfree(&compiled) }

    func matches(_ text: String) -> Bool { regexec(&compiled, text, 0, nil, 0) == 0 }
}
