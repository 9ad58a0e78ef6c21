import Linux

/// A tree of the host's that nobody in a container may read or change.
public struct Canary: Sendable {
    /// What no output of a container may hold.
    public static let secret = "HOSTSECRET"

    public let path: String
    private let before: String

    /// Makes it at `path`, which isn't there yet: open to all, so that nothing but confinement protects it.
    public init(at path: String) throws {
        self.path = path
        try Directory.create(path + "/d")
        let files = ["secret", "null", "console", "passwd", "d/secret"]
        for name in files {
            try FileDescriptor.replaceContents(of: "\(path)/\(name)", with: Array("\(Self.secret)\n".utf8), mode: 0o666)
        }
        for name in [path, path + "/d"] { try FileDescriptor.directory(name).changeMode(0o777) }
        for name in files { try FileDescriptor.open("\(path)/\(name)").changeMode(0o666) }
        before = try Self.describe(path)
    }

    /// What is not as it was: of names, kinds, modes, owners and bytes. Empty where all is.
    public func changes() throws -> [String] {
        let now = Set(try Self.describe(path).split(separator: "\n").map(String.init))
        return now.symmetricDifference(before.split(separator: "\n").map(String.init)).sorted()
    }

    private static func describe(_ path: String) throws -> String {
        let script = "cd '\(path)' && find . -printf '%p %y %m %U:%G %n %l\\n' | sort && find . -type f | sort | xargs sha256sum"
        return try ProgramRun.of("/bin/sh", ["-c", script]).output
    }
}
