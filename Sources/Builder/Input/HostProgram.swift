import Glibc

/// Programs of the host that a build calls. They are looked for in these directories alone, whatever the caller's PATH says.
enum HostProgram {
    static let directories = ["/usr/local/bin", "/usr/bin", "/bin"]

    /// Nil where the host has none of that name.
    static func path(of name: String) -> String? {
        directories.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
