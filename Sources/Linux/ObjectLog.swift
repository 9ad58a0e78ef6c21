import CLinux
import Glibc

/// The objects of the kernel that a command makes and removes, one line for each, for `--log-level debug`.
///
/// Every process of a command writes to one descriptor that they share, `HAKO_OBJECTS_FD`: `program: made cgroup /sys/…`. Without
/// that variable a note costs one comparison, and its text is never made.
public enum ObjectLog {
    /// The environment variable that hands the descriptor on to the next program.
    public static let variable = "HAKO_OBJECTS_FD"

    /// The shared descriptor's number; negative where nobody asked. Read once: an environment does not change.
    public static let descriptor: CInt = getenv(variable).flatMap { CInt(String(cString: $0)) } ?? -1

    public static var isOn: Bool { descriptor >= 0 }

    private static let program: String = CommandLine.arguments.first.map {
        String($0.split(separator: "/").last ?? "")
    } ?? ""

    @inline(__always)
    public static func made(_ object: @autoclosure () -> String) {
        if descriptor >= 0 { write("made", object()) }
    }

    @inline(__always)
    public static func removed(_ object: @autoclosure () -> String) {
        if descriptor >= 0 { write("removed", object()) }
    }

    /// Who reads may be gone: the monitor outlives the command. It ignores SIGPIPE, and the line is lost.
    private static func write(_ verb: String, _ object: String) {
        // A name may be a container's choice: no line is two.
        let text = String(String.UnicodeScalarView(object.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
        var line = "\(program): \(verb) \(text)\n"
        _ = line.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}

extension FileDescriptor {
    /// Where the open file is, as this process sees it; its number where the kernel doesn't say. For people.
    public borrowing func location() -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(procPath, &buffer, buffer.count)
        guard count > 0 else { return "descriptor \(number)" }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
