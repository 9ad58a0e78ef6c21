import Linux

/// Programs of this build, beside the test bundle.
public enum Products {
    public static func path(_ name: String) -> String {
        // The runner may be the bundle itself or Swift's own test helper, whose arguments name the bundle.
        for candidate in [Array(executable.utf8)] + CommandLine.arguments.map({ Array($0.utf8) }) {
            let parts = candidate.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            guard let index = parts.lastIndex(of: Array("debug".utf8)[...]) else { continue }
            let directory = parts[...index].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
            return directory + "/" + name
        }
        return name
    }

    private static var executable: String {
        let target = try? FileDescriptor.directory("/proc/self").symlinkTarget(of: "exe")
        return target?.description ?? ""
    }
}
