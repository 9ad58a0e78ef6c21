/// Why a text is no digest.
public enum DigestError: Error, Hashable, Sendable, CustomStringConvertible {
    case format, unsupportedAlgorithm, length

    /// As go-digest words it.
    public var description: String {
        switch self {
        case .format: "invalid checksum digest format"
        case .unsupportedAlgorithm: "unsupported digest algorithm"
        case .length: "invalid checksum digest length"
        }
    }
}

/// The name of a blob by its content: `sha256:` and 64 lower-case hexadecimal digits.
///
/// The hexadecimal part holds only `0-9a-f` and has the algorithm's length, so that it is safe as a file's name.
///
/// - SeeAlso: image-spec descriptor.md, "Digests".
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    public enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case sha256, sha512

        /// Of the digest, in bytes; the text has twice as many digits.
        public var lengthInBytes: Int {
            switch self {
            case .sha256: 32
            case .sha512: 64
            }
        }
    }

    public let algorithm: Algorithm
    public let hex: String

    /// `algorithm:hex`, strictly: upper-case digits, other algorithms and lengths are errors.
    public init(_ text: String) throws(DigestError) {
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { throw .format }
        let name = bytes[..<colon]
        guard !name.isEmpty, name.allSatisfy({ ASCII.isLowerAlphanumeric($0) || "+._-".utf8.contains($0) }) else {
            throw .format
        }
        guard let algorithm = Algorithm.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name) }) else {
            throw .unsupportedAlgorithm
        }
        try self.init(algorithm: algorithm, hex: String(decoding: bytes[colon...].dropFirst(), as: UTF8.self))
    }

    public init(algorithm: Algorithm, hex: String) throws(DigestError) {
        guard hex.utf8.allSatisfy(ASCII.isLowerHexadecimal) else { throw .format }
        guard hex.utf8.count == algorithm.lengthInBytes * 2 else { throw .length }
        self.algorithm = algorithm
        self.hex = hex
    }

    /// The digest of these bytes of a finished hash.
    public init(algorithm: Algorithm, bytes: some Collection<UInt8>) throws(DigestError) {
        guard bytes.count == algorithm.lengthInBytes else { throw .length }
        var hex: [UInt8] = []
        hex.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            hex.append(ASCII.hexadecimal(byte >> 4))
            hex.append(ASCII.hexadecimal(byte & 15))
        }
        self.algorithm = algorithm
        self.hex = String(decoding: hex, as: UTF8.self)
    }

    public var description: String { "\(algorithm.rawValue):\(hex)" }
    /// The first twelve digits, for people.
    public var short: String { String(hex.prefix(12)) }
}

/// A layer by the digest of its uncompressed tar, whatever compression it came in.
///
/// - SeeAlso: image-spec config.md, "Layer DiffID".
public struct DiffID: Hashable, Sendable, CustomStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }
    public init(_ text: String) throws(DigestError) { digest = try Digest(text) }

    public var hex: String { digest.hex }
    public var description: String { digest.description }
}

/// An image by the digest of its config.
///
/// - SeeAlso: image-spec config.md, "ImageID".
public struct ImageID: Hashable, Sendable, CustomStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }
    public init(_ text: String) throws(DigestError) { digest = try Digest(text) }

    public var hex: String { digest.hex }
    public var short: String { digest.short }
    public var description: String { digest.description }
}

/// Classes of bytes that grammars here are made of: nothing depends on a locale or on Unicode.
enum ASCII {
    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    static func isLower(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
    static func isUpper(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }
    static func isLowerAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLower(byte) }
    static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLower(byte) || isUpper(byte) }
    static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"))
    }

    /// The digit of a value below 16.
    static func hexadecimal(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + (value & 15)
    }
}
