import Glibc
import Linux

/// The program that runs in a container before its own: a copy in memory of `hako-init`, made for one process.
///
/// Nothing of the host's file system is executed inside, so nothing of it can be overwritten through `/proc/PID/exe`
/// (CVE-2019-5736), nor through its page cache (CVE-2022-0847). The copy is sealed; and as it may be executed but not read,
/// the process can't be traced by the container, whatever capabilities that has in its user namespace (CVE-2016-9962;
/// `would_dump` of the kernel, Linux 4.10).
enum InitProgram {
    static let name = "hako-init"

    static func sealedCopy() throws(RuntimeError) -> FileDescriptor {
        let path = try location()
        return try attempt("prepare \(name)") { () throws(SystemCallError) in
            let bytes = try FileDescriptor.contents(of: path, limit: 1 << 20)
            let copy = try FileDescriptor.memory(named: name, sealable: true)
            try copy.writeAll(bytes)
            try copy.changeMode(0o111)
            try copy.seal()
            return copy
        }
    }

    /// Beside this program, or in `../libexec/hako` where it is installed.
    private static func location() throws(RuntimeError) -> String {
        if let path = ownLocation { return path }
        throw RuntimeError(
            .system, cannot: "find \(name)", because: "it is not beside \(CommandLine.arguments.first ?? "this program")",
            hint: "Install Hako again, with all its programs")
    }

    private static let ownLocation: String? = {
        // Failing is an answer: without /proc there is no own path to look beside.
        guard let own = try? FileDescriptor.directory("/proc/self").symlinkTarget(of: "exe"),
            let slash = own.bytes.lastIndex(of: UInt8(ascii: "/"))
        else { return nil }
        let directory = String(decoding: own.bytes[..<slash], as: UTF8.self)
        return ["\(directory)/\(name)", "\(directory)/../libexec/hako/\(name)"].first { access($0, R_OK) == 0 }
    }()
}
