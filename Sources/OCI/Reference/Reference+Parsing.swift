extension Reference {
    /// Reads a name as people write it or a whole one.
    public init(_ text: String) throws(ReferenceError) {
        if text.utf8.count == 64, text.utf8.allSatisfy(ASCII.isLowerHexadecimal) { throw .identifier(text) }
        let (domain, remainder) = ReferenceGrammar.split(text)
        let at = remainder.firstIndex(of: UInt8(ascii: "@"))
        let tagged = remainder[..<(at ?? remainder.endIndex)]
        let colon = tagged.firstIndex(of: UInt8(ascii: ":"))
        let path = Array(tagged[..<(colon ?? tagged.endIndex)])
        if path.contains(where: ASCII.isUpper) { throw .upperCase(String(decoding: path, as: UTF8.self)) }
        guard ReferenceGrammar.isDomain(domain), ReferenceGrammar.isPath(path) else { throw .format }
        guard path.count <= Self.maximumNameLength, domain.count <= Self.maximumNameLength else { throw .tooLong }

        var tag: String?
        if let colon {
            let bytes = tagged[(colon + 1)...]
            guard ReferenceGrammar.isTag(bytes) else { throw .format }
            tag = String(decoding: bytes, as: UTF8.self)
        }
        var digest: Digest?
        if let at {
            let bytes = remainder[(at + 1)...]
            // Without a colon it is no digest at all, and the whole no reference.
            guard bytes.contains(UInt8(ascii: ":")) else { throw .format }
            do { digest = try Digest(String(decoding: bytes, as: UTF8.self)) } catch { throw .digest(error) }
        }
        self.init(
            domain: String(decoding: domain, as: UTF8.self), path: String(decoding: path, as: UTF8.self), tag: tag,
            digest: digest)
    }
}

/// The grammar of distribution/reference, on bytes.
///
/// - SeeAlso: github.com/distribution/reference, reference.go ("Grammar") and normalize.go.
enum ReferenceGrammar {
    /// The registry and the rest. The first part is a registry if it can't be a part of a repository's name, or is
    /// `localhost`; all else is Docker Hub's, and there a single part is an official image.
    static func split(_ text: String) -> (domain: [UInt8], remainder: [UInt8]) {
        let bytes = Array(text.utf8)
        let hub = Array(Reference.defaultDomain.utf8)
        var (domain, remainder) = (hub, bytes)
        if let slash = bytes.firstIndex(of: UInt8(ascii: "/")) {
            let first = bytes[..<slash]
            let namesRegistry =
                first.elementsEqual("localhost".utf8)
                || first.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || ASCII.isUpper($0) }
            if namesRegistry { (domain, remainder) = (Array(first), Array(bytes[(slash + 1)...])) }
        }
        if domain.elementsEqual("index.docker.io".utf8) { domain = hub }
        if domain == hub, !remainder.contains(UInt8(ascii: "/")) { remainder = Array("library/".utf8) + remainder }
        return (domain, remainder)
    }

    /// `[\w][\w.-]{0,127}`
    static func isTag(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.count <= 128 else { return false }
        func isWord(_ byte: UInt8) -> Bool { ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
        return isWord(first)
            && bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    static func isPath(_ bytes: [UInt8]) -> Bool {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy(isPathComponent)
    }

    /// Runs of `[a-z0-9]` with one `.`, one or two `_`, or any number of `-` between them.
    private static func isPathComponent(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, ASCII.isLowerAlphanumeric(first),
            ASCII.isLowerAlphanumeric(last)
        else { return false }
        let separators = bytes.split(whereSeparator: ASCII.isLowerAlphanumeric)
        return separators.allSatisfy { run in
            run.elementsEqual(".".utf8) || run.elementsEqual("_".utf8) || run.elementsEqual("__".utf8)
                || run.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    /// A host's name, an IPv4 address or an IPv6 address in brackets, and a port.
    static func isDomain(_ bytes: [UInt8]) -> Bool {
        var host = bytes[...]
        if let end = bytes.lastIndex(of: UInt8(ascii: "]")), bytes.first == UInt8(ascii: "[") {
            let address = bytes[1..<end]
            guard !address.isEmpty, address.allSatisfy(isAddressByte) else { return false }
            let rest = bytes[(end + 1)...]
            return rest.isEmpty || (rest.first == UInt8(ascii: ":") && isPort(rest.dropFirst()))
        }
        if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            guard isPort(bytes[(colon + 1)...]) else { return false }
            host = bytes[..<colon]
        }
        return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last else { return false }
            return ASCII.isAlphanumeric(first) && ASCII.isAlphanumeric(last)
                && label.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        ASCII.isLowerHexadecimal(byte) || byte == UInt8(ascii: ":")
            || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "F"))
    }

    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(ASCII.isDigit)
    }
}
