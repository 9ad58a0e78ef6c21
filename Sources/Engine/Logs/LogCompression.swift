import Glibc
import Gzip
import Linux

/// What a container's monitor starts for each older file of a log.
public enum LogCompression {
    /// Writes standard input, compressed, to standard output, labelled with the input's inode.
    ///
    /// - Throws: ``EngineError`` of kind `system`.
    public static func run(label: String) throws(EngineError) {
        guard let label = UInt64(label) else { throw EngineError(.invalidArgument, "invalid inode number: \(label)") }
        // Whatever else the host does is more urgent.
        setpriority(CInt(PRIO_PROCESS.rawValue), 0, 10)
        do throws(SystemCallError) {
            try Gzip.compress(StandardDescriptor.input, to: StandardDescriptor.output, label: label)
        } catch { throw EngineError(.system, cannot: "compress the log", because: "\(error.errno)", cause: error) }
    }
}
