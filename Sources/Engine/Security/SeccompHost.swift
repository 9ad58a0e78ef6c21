import Linux

/// What profiles ask about the machine.
struct SeccompHost: Sendable {
    /// libseccomp's word: `SCMP_ARCH_X86_64`.
    let name: String
    /// Docker's word: `amd64`.
    let architecture: String
    /// `6.18.44-fc`; nil: the running kernel's, read when it is needed.
    let kernel: String?

    init(name: String, architecture: String, kernel: String? = nil) {
        self.name = name
        self.architecture = architecture
        self.kernel = kernel
    }

    static var current: SeccompHost {
        switch SystemCallArchitecture.native {
        case .aarch64: SeccompHost(name: "SCMP_ARCH_AARCH64", architecture: "arm64")
        default: SeccompHost(name: "SCMP_ARCH_X86_64", architecture: "amd64")
        }
    }

    /// The oldest kernel that Hako runs on: what needs no more needs no look.
    private static let oldest = (major: 6, minor: 1)

    /// - Parameter text: `4.8`
    func hasKernel(atLeast text: String) throws(EngineError) -> Bool {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2, let major = Int(words[0]), let minor = Int(words[1]), major >= 0, minor >= 0 else {
            throw EngineError(
                .invalidArgument, cannot: "use the seccomp profile", because: "minKernel \"\(text)\" is no version",
                hint: "Write it as 4.8.")
        }
        if let kernel { return (major, minor) <= Self.version(kernel) }
        if (major, minor) <= Self.oldest { return true }
        return (major, minor) <= Self.version(try Self.runningKernel())
    }

    private static func runningKernel() throws(EngineError) -> String {
        do throws(SystemCallError) {
            return String(decoding: try FileDescriptor.contents(of: "/proc/sys/kernel/osrelease"), as: UTF8.self)
        } catch {
            throw EngineError(.system, cannot: "tell the kernel's version", because: error.description, cause: error)
        }
    }

    private static func version(_ release: String) -> (Int, Int) {
        let numbers = release.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) ?? 0 }
        return (numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
    }
}
