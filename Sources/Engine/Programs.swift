import Glibc
import Linux

/// Where Hako's other programs lie: beside `hako`, or in `../libexec/hako` when it is installed.
public struct Programs: Sendable {
    /// Absolute paths.
    public let hako: String
    public let runtime: String
    public let image: String
    /// What `--init` puts into a container.
    public let initProgram: String

    /// Finds them from this program's own file, never by PATH: a directory of the caller's could hold another one.
    public static func find() throws(EngineError) -> Programs {
        let own: String
        do throws(SystemCallError) {
            own = try FileDescriptor.directory("/proc/self").symlinkTarget(of: "exe").description
        } catch {
            throw EngineError(.system, cannot: "find Hako's programs", because: "\(error)", cause: error)
        }
        let directory = own.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(own[..<$0]) } ?? "."
        for place in [directory, directory + "/../libexec/hako"] where access(place + "/hako-runtime", X_OK) == 0 {
            return Programs(
                hako: own, runtime: place + "/hako-runtime", image: place + "/hako-image",
                initProgram: place + "/hako-init")
        }
        throw EngineError(
            .system, cannot: "find hako-runtime", because: "it is neither in \(directory) nor in \(directory)/../libexec/hako",
            hint: "Install Hako with `make install`, or run bin/hako of a build.")
    }
}
