/// What host names, domains and resolver options may consist of. These values are written into files line by line, so that a
/// newline or a blank in one would be an entry that nobody asked for (CVE-2022-4318).
enum NameRules {
    static func checkHostName(_ name: String, what: String) throws(NetworkError) {
        guard isName(name[...], limit: 253) else {
            throw .invalid(
                what: what, value: name,
                reason: "use letters, digits, - and _, in labels of at most 63 that are separated by dots")
        }
    }

    /// A search domain may end in a dot.
    static func checkSearchDomain(_ domain: String) throws(NetworkError) {
        let name = domain.utf8.last == UInt8(ascii: ".") ? domain.dropLast() : domain[...]
        guard isName(name, limit: 253) else {
            throw .invalid(what: "DNS search domain", value: domain, reason: "it is no domain name")
        }
    }

    static func checkOption(_ option: String) throws(NetworkError) {
        let isOption = option.utf8.allSatisfy { isLetterOrDigit($0) || [45, 58, 95].contains($0) }  // - : _
        guard (1...255).contains(option.utf8.count), isOption else {
            throw .invalid(what: "DNS option", value: option, reason: "use letters, digits, -, _ and :")
        }
    }

    private static func isName(_ name: Substring, limit: Int) -> Bool {
        guard (1...limit).contains(name.utf8.count) else { return false }
        return name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard (1...63).contains(label.count), let first = label.first, let last = label.last else { return false }
            return label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
                && first != UInt8(ascii: "-") && last != UInt8(ascii: "-")
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
