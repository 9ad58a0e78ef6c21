/// Why a text is no platform.
public struct PlatformError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String
    public let reason: String

    public var description: String { "\"\(text)\": \(reason)" }
}

/// What a program needs to run: operating system, processor, and its variant, in Go's names.
///
/// - SeeAlso: image-spec image-index.md, "platform"; containerd's platforms package for aliases and matching.
public struct Platform: Hashable, Sendable, CustomStringConvertible {
    public var os: String
    public var architecture: String
    /// `v7`, `v8`; nil where the architecture has none or it is the usual one.
    public var variant: String?
    public var osVersion: String?
    public var osFeatures: [String]

    public init(
        os: String, architecture: String, variant: String? = nil, osVersion: String? = nil, osFeatures: [String] = []
    ) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
        self.osVersion = osVersion
        self.osFeatures = osFeatures
    }

    /// `linux/arm64/v8`.
    public var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }

    /// The platform that this program was built for.
    public static var host: Platform {
        #if arch(x86_64)
            Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
            Platform(os: "linux", architecture: "arm64")
        #elseif arch(arm)
            Platform(os: "linux", architecture: "arm", variant: "v7")
        #elseif arch(i386)
            Platform(os: "linux", architecture: "386")
        #elseif arch(riscv64)
            Platform(os: "linux", architecture: "riscv64")
        #elseif arch(s390x)
            Platform(os: "linux", architecture: "s390x")
        #elseif arch(powerpc64le)
            Platform(os: "linux", architecture: "ppc64le")
        #else
            Platform(os: "linux", architecture: "unknown")
        #endif
    }
}

extension Platform {
    /// `os`, `architecture`, `os/architecture` or `os/architecture/variant`; what is missing is the host's. Aliases
    /// such as `x86_64` become Go's names.
    public init(_ text: String) throws(PlatformError) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let words = parts.map { String($0)?.lowercased() ?? "" }
        guard parts.allSatisfy(Self.isComponent) else {
            throw PlatformError(text: text, reason: "a platform's part holds only letters, digits, and any of _.-")
        }
        switch (words.first, words.dropFirst().first, words.dropFirst(2).first, words.count) {
        case (let word?, nil, nil, 1):
            let os = Self.normalized(os: word)
            let candidate = Platform(os: Self.host.os, architecture: word).normalized
            if Self.systems.contains(os) {
                self = Platform(os: os, architecture: Self.host.architecture, variant: Self.host.variant)
            } else if Self.architectures.contains(candidate.architecture) {
                self = candidate
            } else {
                throw PlatformError(text: text, reason: "unknown operating system or architecture")
            }
        case (let os?, let architecture?, let variant, 2...3):
            self = Platform(os: os, architecture: architecture, variant: variant).normalized
        default:
            throw PlatformError(text: text, reason: "a platform is written os/architecture or os/architecture/variant")
        }
    }

    /// Whether Go has this operating system and this processor, though perhaps not together.
    public var isKnown: Bool { Self.systems.contains(os) && Self.architectures.contains(architecture) }

    private static func isComponent(_ bytes: Substring.UTF8View) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { ASCII.isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    private static let systems = [
        "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "netbsd", "openbsd",
        "plan9", "solaris", "wasip1", "windows",
    ]
    private static let architectures = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
        "riscv64", "s390x", "wasm",
    ]

    private static func normalized(os: String) -> String {
        let os = os.lowercased()
        return os == "macos" ? "darwin" : os
    }

    /// In Go's names, without a variant that says nothing: `linux/aarch64/v8` is `linux/arm64`.
    public var normalized: Platform {
        var platform = self
        platform.os = Self.normalized(os: os)
        (platform.architecture, platform.variant) = Self.normalized(
            architecture: architecture.lowercased(), variant: variant?.lowercased() ?? "")
        return platform
    }

    private static func normalized(architecture: String, variant: String) -> (String, String?) {
        switch (architecture, variant) {
        case ("i386", _), ("i486", _), ("i586", _), ("i686", _): ("386", nil)
        case ("x86_64", "v1"), ("x86-64", "v1"), ("amd64", "v1"): ("amd64", nil)
        case ("x86_64", _), ("x86-64", _): ("amd64", variant.isEmpty ? nil : variant)
        case ("aarch64", "8"), ("aarch64", "v8"), ("aarch64", "v8.0"), ("arm64", "8"), ("arm64", "v8"),
            ("arm64", "v8.0"), ("aarch64", ""):
            ("arm64", nil)
        case ("aarch64", "9"), ("aarch64", "9.0"), ("aarch64", "v9.0"), ("arm64", "9"), ("arm64", "9.0"),
            ("arm64", "v9.0"):
            ("arm64", "v9")
        case ("aarch64", _): ("arm64", variant)
        case ("armhf", _): ("arm", "v7")
        case ("armel", _): ("arm", "v6")
        case ("arm", ""), ("arm", "7"): ("arm", "v7")
        case ("arm", "5"), ("arm", "6"), ("arm", "8"): ("arm", "v\(variant)")
        default: (architecture, variant.isEmpty ? nil : variant)
        }
    }
}

extension Platform {
    /// What a machine of this platform runs, the best first: an older variant of the same processor, then the
    /// 32-bit one.
    var runnable: [Platform] {
        let platform = normalized
        func with(_ architecture: String, _ variant: String?) -> Platform {
            Platform(os: platform.os, architecture: architecture, variant: variant)
        }
        switch platform.architecture {
        case "amd64":
            let level = platform.variant.flatMap { Int($0.dropFirst()) } ?? 1
            let older = level > 2 && level < 10 ? (2..<level).reversed().map { with("amd64", "v\($0)") } : []
            return (platform.variant == nil ? [] : [platform]) + older + [with("amd64", nil), with("386", nil)]
        case "arm64":
            let own = platform.variant == nil ? [] : [platform]
            return own + [with("arm64", nil)] + ["v8", "v7", "v6", "v5"].map { with("arm", $0) }
        case "arm":
            let variants = ["v8", "v7", "v6", "v5"]
            guard let start = variants.firstIndex(of: platform.variant ?? "v7") else { return [platform] }
            return variants[start...].map { with("arm", $0) }
        default: return [platform]
        }
    }

    /// How well a machine of this platform runs what is made for `other`: 0 is best, nil is not at all.
    public func rank(of other: Platform) -> Int? {
        let other = other.normalized
        return runnable.firstIndex {
            $0.os == other.os && $0.architecture == other.architecture && $0.variant == other.variant
        }
    }

    public func runs(_ other: Platform) -> Bool { rank(of: other) != nil }
}
