/// A git repository as a build names it: `https://host/repo.git#ref:subdirectory`, `git@host:repo.git?branch=main`.
///
/// Whatever git would take for an option, another program or another file than was meant is refused here: what is left is handed
/// to git as it stands (threat: CVE-2019-13139, `--upload-pack=` as a reference; `ext::`, `file://`).
public struct GitSource: Hashable, Sendable {
    public enum Transport: String, Hashable, Sendable { case http, https, git, ssh }

    public let transport: Transport
    /// What git is given: without query and fragment.
    public let url: String
    /// Without user and port.
    public let host: String
    /// A branch, a tag, `refs/…` or a commit's 40 digits; nil for what the repository's HEAD is.
    public private(set) var reference: String?
    /// Relative, without `..`; nil for all of it.
    public private(set) var subdirectory: String?
    /// A commit's digits, or how they begin: what the reference has to lead to.
    public private(set) var checksum: String?
    public private(set) var keepsGitDirectory: Bool?
    public private(set) var fetchesSubmodules = true

    /// Why a text that names a repository is none that can be had.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    /// Nil for what is no git repository: a path, or an address of http and https whose path doesn't end with `.git`.
    ///
    /// - SeeAlso: BuildKit, util/gitutil/git_ref.go, `ParseGitRef`.
    public init?(_ text: String) throws(Failure) {
        guard !text.utf8.starts(with: "./".utf8), !text.utf8.starts(with: "../".utf8) else { return nil }
        let whole = text.utf8.starts(with: "github.com/".utf8) ? "https://" + text : text
        let (place, query, fragment) = Self.parts(whole)
        guard let address = GitAddress(place) else {
            if let scheme = Self.refusedScheme(whole) {
                throw Failure("unsupported protocol \"\(scheme)\" of a git repository: there are https, http, ssh and git")
            }
            return nil
        }
        let isWeb = address.transport == .http || address.transport == .https
        guard !isWeb || whole != text || address.path.hasSuffix(".git") else { return nil }
        (transport, url, host) = (address.transport, place, address.host)
        try address.check(text)
        guard query == nil || fragment == nil else {
            throw Failure("invalid git address \"\(text)\": it has both a query and a fragment")
        }
        if let query { try read(query: query) }
        if let fragment { try read(fragment: Self.decoded(fragment)) }
    }

    /// The same with another text's `--keep-git-dir`, `--checksum`, where these are given.
    func with(keepsGitDirectory: Bool?, checksum: String?) throws(Failure) -> GitSource {
        var source = self
        if let keepsGitDirectory { source.keepsGitDirectory = keepsGitDirectory }
        if let checksum {
            guard source.checksum == nil || source.checksum == checksum else {
                throw Failure("conflicting checksums for git source: \(source.checksum ?? "") and \(checksum)")
            }
            try source.set(checksum: checksum)
        }
        return source
    }

    /// Without a password, for messages and for what is kept.
    public var redactedURL: String {
        guard transport != .ssh, let scheme = url.range(of: "://"), let at = url.authorityEnd(of: "@") else { return url }
        return String(url[..<scheme]) + "://" + String(url[url.index(after: at)...])
    }

    // MARK: Parsing

    private static func parts(_ text: String) -> (place: String, query: String?, fragment: String?) {
        let (before, fragment) = text.split(atFirst: "#")
        let (place, query) = before.split(atFirst: "?")
        return (place, query, fragment)
    }

    /// `file` of `file:///x`; nil where there is no scheme.
    private static func refusedScheme(_ text: String) -> String? {
        let (scheme, rest) = text.split(atFirst: ":")
        guard let rest, rest.hasPrefix("//"), !scheme.isEmpty,
            scheme.utf8.allSatisfy({ $0.isLetterOrDigit || "+-.".utf8.contains($0) })
        else { return nil }
        return scheme.lowercased()
    }

    private mutating func read(fragment: String) throws(Failure) {
        let (reference, subdirectory) = fragment.split(atFirst: ":")
        if !reference.isEmpty { try set(reference: reference) }
        if let subdirectory { try set(subdirectory: subdirectory) }
    }

    private mutating func read(query: String) throws(Failure) {
        for field in query.split(separator: "&").map(String.init) {
            let (name, value) = field.split(atFirst: "=")
            let text = Self.decoded(value ?? "")
            switch name {
            case "ref": try setOnce(reference: text)
            case "branch": try setOnce(reference: "refs/heads/" + text)
            case "tag": try setOnce(reference: "refs/tags/" + text)
            case "subdir": try set(subdirectory: text)
            case "checksum", "commit": try set(checksum: text)
            case "keep-git-dir": keepsGitDirectory = try Self.boolean(text, name)
            case "submodules": fetchesSubmodules = try Self.boolean(text, name)
            default: throw Failure("unexpected query \"\(name)\"")
            }
        }
    }

    private static func boolean(_ text: String, _ name: String) throws(Failure) -> Bool {
        switch text {
        case "", "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw Failure("invalid \(name) value: \"\(text)\"")
        }
    }

    private mutating func setOnce(reference: String) throws(Failure) {
        guard self.reference == nil else { throw Failure("ref, branch and tag can't be used together") }
        try set(reference: reference)
    }

    private mutating func set(reference: String) throws(Failure) {
        guard GitReferenceName.isValid(reference) else { throw Failure("invalid git reference \"\(reference)\"") }
        self.reference = reference
    }

    private mutating func set(subdirectory: String) throws(Failure) {
        let names = subdirectory.split(separator: "/").filter { $0 != "." }
        guard !names.contains(".."), !subdirectory.utf8.contains(0) else {
            throw Failure("invalid subdirectory \"\(subdirectory)\" of a git repository: it leads out of it")
        }
        self.subdirectory = names.isEmpty ? nil : names.joined(separator: "/")
    }

    private mutating func set(checksum: String) throws(Failure) {
        let digits = checksum.lowercased()
        guard (7...64).contains(digits.utf8.count), digits.utf8.allSatisfy(\.isHexDigit) else {
            throw Failure("invalid checksum \"\(checksum)\" for a git source: expected the digits of a commit")
        }
        self.checksum = digits
    }

    /// Without percent signs; one that is followed by no two digits stays.
    static func decoded(_ text: String) -> String {
        var (bytes, decoded): ([UInt8], [UInt8]) = (Array(text.utf8), [])
        var index = 0
        bytes += [0, 0]
        while index < bytes.count - 2 {
            if bytes[index] == UInt8(ascii: "%"), let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16) {
                decoded.append(value)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

/// Where a repository is: `scheme://[user[:password]@]host[:port]/path` or `user@host:path`.
private struct GitAddress {
    let transport: GitSource.Transport
    let authority: String
    let host: String
    let path: String

    /// Nil for anything else.
    init?(_ text: String) {
        if let scheme = text.range(of: "://") {
            guard let transport = GitSource.Transport(rawValue: text[..<scheme].lowercased()) else { return nil }
            let (authority, path) = String(text[text.index(scheme, offsetBy: 3)...]).split(atFirst: "/")
            self.init(transport, authority, path: "/" + (path ?? ""))
            return
        }
        let (authority, path) = text.split(atFirst: ":")
        let (user, host) = authority.split(atFirst: "@")
        let isName = !user.isEmpty && user.utf8.allSatisfy { $0.isLetterOrDigit || "-_".utf8.contains($0) }
        guard let path, host != nil, isName, !path.hasPrefix(":") else { return nil }
        self.init(.ssh, authority, path: path)
    }

    private init(_ transport: GitSource.Transport, _ authority: String, path: String) {
        (self.transport, self.authority, self.path) = (transport, authority, path)
        let behindUser = authority.lastIndex(of: "@").map { String(authority[authority.index(after: $0)...]) } ?? authority
        if behindUser.hasPrefix("["), let end = behindUser.firstIndex(of: "]") {
            host = String(behindUser[...end])
        } else {
            host = behindUser.split(atFirst: ":").0
        }
    }

    /// What ssh or git would take for an option, and what no address holds (CVE-2017-1000117).
    func check(_ text: String) throws(GitSource.Failure) {
        let bytes = text.utf8
        let isPlain = bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
        let isHost = !host.isEmpty && !host.hasPrefix("-") && host.utf8.allSatisfy { $0.isLetterOrDigit || ".-_[]:".utf8.contains($0) }
        let hasPath = !path.isEmpty && path != "/" && !path.hasPrefix("-") && !path.hasPrefix("/-") && !authority.hasPrefix("-")
        guard isPlain, isHost, hasPath else { throw GitSource.Failure("invalid git address \"\(text)\"") }
    }
}

/// Names of references, as git has them.
///
/// - SeeAlso: git-check-ref-format(1)
enum GitReferenceName {
    static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty, bytes.count <= 255, bytes[0] != UInt8(ascii: "-"), name != "@" else { return false }
        let forbidden = Set(" ~^:?*[\\".utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !forbidden.contains($0) }) else { return false }
        for part in ["..", "@{", "//"] where name.contains(part) { return false }
        guard !name.hasPrefix("/"), !name.hasSuffix("/"), !name.hasSuffix(".") else { return false }
        return name.split(separator: "/").allSatisfy { !$0.hasPrefix(".") && !$0.hasPrefix("-") && !$0.hasSuffix(".lock") }
    }

    /// The whole digest of a commit.
    static func isCommit(_ name: String) -> Bool {
        [40, 64].contains(name.utf8.count) && name.utf8.allSatisfy(\.isHexDigit)
    }
}

extension UInt8 {
    var isLetterOrDigit: Bool { (0x30...0x39).contains(self) || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
    /// In lower case.
    var isHexDigit: Bool { (0x30...0x39).contains(self) || (0x61...0x66).contains(self) }
}

extension String {
    /// What is before the first of such a sign and what is behind it; nil for the latter where there is none. By scalars: with a
    /// combining mark behind it, the sign would be another character.
    func split(atFirst sign: Unicode.Scalar) -> (String, String?) {
        guard let place = unicodeScalars.firstIndex(of: sign) else { return (self, nil) }
        return (String(unicodeScalars[..<place]), String(unicodeScalars[unicodeScalars.index(after: place)...]))
    }

    /// Where `text`, which is ASCII, begins.
    func range(of text: String) -> String.Index? {
        var index = utf8.startIndex
        while index < utf8.endIndex {
            if utf8[index...].starts(with: text.utf8) { return index }
            index = utf8.index(after: index)
        }
        return nil
    }

    /// The last such sign of a URL's authority.
    func authorityEnd(of sign: Character) -> String.Index? {
        guard let scheme = range(of: "://") else { return nil }
        let start = index(scheme, offsetBy: 3)
        let end = self[start...].firstIndex(of: "/") ?? endIndex
        return self[start..<end].lastIndex(of: sign)
    }
}
