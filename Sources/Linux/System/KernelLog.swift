import CLinux
import Glibc

/// The messages of the kernel, as `/dev/kmsg` has them: dev-kmsg in the kernel's ABI documentation.
public enum KernelLog {
    /// The text of each record that is still there, the oldest first; of those with lines that follow, the first line.
    ///
    /// - Throws: `EPERM` where that is not allowed (syslog(2), `dmesg_restrict`), `ENOENT` without the device.
    public static func messages() throws(SystemCallError) -> [String] {
        let device = try FileDescriptor.open("/dev/kmsg", flags: O_RDONLY | O_NONBLOCK)
        var buffer = [UInt8](repeating: 0, count: 8192)
        var messages: [String] = []
        while true {
            let count: Int
            do throws(SystemCallError) { count = try device.read(into: &buffer) } catch {
                // Overwritten before we came to it: the next read is of one that is there.
                if error.errno == .brokenPipe { continue }
                if error.errno == .wouldBlock { return messages }
                throw error
            }
            // `6,1234,5678,-;text`, and lines with what belongs to it.
            guard count > 0, let start = buffer[..<count].firstIndex(of: UInt8(ascii: ";")) else { return messages }
            let line = buffer[(start + 1)..<count].prefix { $0 != UInt8(ascii: "\n") }
            messages.append(String(decoding: line, as: UTF8.self))
        }
    }
}
