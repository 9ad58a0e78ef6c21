import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI
import RuntimeClient

extension Engine {
    /// Hands each record that the query takes to `output`, oldest first; with ``LogQuery/follows`` until the container ends
    /// or `output` returns false.
    ///
    /// - Parameter pause: Called before it waits for more.
    public func logs(
        of name: String, _ query: LogQuery, output: @escaping (LogRecord) -> Bool, pause: @escaping () -> Void = {}
    ) throws(EngineError) {
        let record = try container(name)
        let log = try storedSpec(of: record).host.logConfig
        do throws(SystemCallError) {
            if let format = log.fileFormat {
                let files = LogFiles(path: runtimePaths.log(record.id, format), format: format)
                return try read(record, LogReading(files: files, query: query, output: output, pause: pause))
            } else if log.type == "journald", JournalReading.isPossible {
                return try read(record, JournalReading(id: record.id, query: query, output: output, pause: pause))
            }
        } catch {
            throw EngineError(.system, cannot: "read the log of \(record.name)", because: "\(error)", cause: error)
        }
        throw Self.unreadable(log.type)
    }

    private static func unreadable(_ driver: String) -> EngineError {
        EngineError(
            .invalidArgument, "configured logging driver does not support reading",
            hint: driver == "journald"
                ? "Reading the journal needs the program journalctl."
                : "The container was made with --log-driver \(driver).")
    }

    private func read(_ record: ContainerRecord, _ reading: LogReading) throws(SystemCallError) {
        var end = reading.query.follows ? endConnection(record) : nil
        let (isDone, current) = try reading.readAll()
        guard reading.query.follows, !isDone else { return }
        try reading.follow(current, in: runtimePaths.directory(record.id), end: Self.number(of: end)) {
            // Its monitor was killed: the next one tells.
            end = isAlive(record) ? endConnection(record) : nil
            return Self.number(of: end)
        }
    }

    private func read(_ record: ContainerRecord, _ reading: JournalReading) throws(SystemCallError) {
        let end = reading.query.follows ? endConnection(record) : nil
        try reading.run(end: Self.number(of: end))
    }

    /// A connection that tells of the container's end; nil where it has ended, or has no monitor, and nothing more is written. It is
    /// there before anything is read: what is written before the end is read, too.
    private func endConnection(_ record: ContainerRecord) -> AttachConnection? {
        do throws(EngineError) { return try connection(to: record) } catch { return nil }
    }

    private static func number(of connection: borrowing AttachConnection?) -> CInt {
        switch connection {
        case .some(let connection): connection.number
        case .none: -1
        }
    }
}
