/// `SOURCE_DATE_EPOCH`: seconds since 1970 that no time of an image is later than.
///
/// - SeeAlso: reproducible-builds.org/specs/source-date-epoch
public enum SourceDateEpoch {
    /// Of the build argument, the environment variable, and the global ARG.
    public static let name = "SOURCE_DATE_EPOCH"
    /// In nanoseconds, what a date is made of.
    private static let range = -Int64.max / 1_000_000_000...Int64.max / 1_000_000_000

    /// - Returns: Nil for an empty text: whoever gives that wants the time of now.
    /// - Throws: In Docker's words.
    public static func seconds(_ text: String) throws(BuildError) -> Int64? {
        guard !text.isEmpty else { return nil }
        let refusal = { (reason: String) in
            BuildError("invalid \(name): \(text): strconv.ParseInt: parsing \"\(text)\": \(reason)")
        }
        guard let seconds = Int64(text) else { throw refusal("invalid syntax") }
        guard range.contains(seconds) else { throw refusal("value out of range") }
        return seconds
    }
}
