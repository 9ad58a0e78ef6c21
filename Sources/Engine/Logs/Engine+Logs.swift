import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI
import RuntimeClient

extension Engine {
    /// Hands each record that the query takes to `output`, oldest first; with ``LogQuery/follows`` until the container ends
    /// or `output` returns false.
    public func logs(
        of name: String, _ query: LogQuery, output: (LogRecord) -> Bool
    ) throws(EngineError) {
        let record = try container(name)
        let spec = try storedSpec(of: record)
        guard spec.host.logConfig.type == "json-file" else {
            throw EngineError(
                .invalidArgument, "configured logging driver does not support reading",
                hint: "The container was made with --log-driver \(spec.host.logConfig.type).")
        }
        do throws(SystemCallError) {
            let files = LogFiles(path: runtimePaths.log(record.id))
            var open = try files.open()
            if let tail = query.tail { try Self.skip(toLast: tail, of: &open) }
            for file in open {
                guard try Self.drain(file, query, output) else { return }
            }
            if query.follows, let last = open.last {
                try follow(record, files, last, query, output)
            } else if query.follows {
                try follow(record, files, nil, query, output)
            }
        } catch {
            throw EngineError(.system, cannot: "read the log of \(record.name)", because: "\(error)", cause: error)
        }
    }

    /// Moves to the last records and drops the files before them.
    private static func skip(toLast tail: Int, of files: inout [LogFile]) throws(SystemCallError) {
        var wanted = tail
        for index in files.indices.reversed() {
            let found = try files[index].seek(toLast: wanted)
            wanted -= found
            if wanted == 0 {
                files.removeFirst(found == 0 && tail > 0 ? index + 1 : index)
                return
            }
        }
    }

    /// False once `output` wants no more.
    private static func drain(
        _ file: LogFile, _ query: LogQuery, _ output: (LogRecord) -> Bool
    ) throws(SystemCallError) -> Bool {
        while let line = try file.nextLine() {
            guard let record = LogRecord(line: line) else { continue }
            if let until = query.until, record.time > until { return false }
            if query.takes(record), !output(record) { return false }
        }
        return true
    }

    private func follow(
        _ record: ContainerRecord, _ files: LogFiles, _ first: LogFile?, _ query: LogQuery,
        _ output: (LogRecord) -> Bool
    ) throws(SystemCallError) {
        let watch = try DirectoryWatch(runtimePaths.directory(record.id))
        // The end is looked at before the file is drained: what is written before the end is read.
        let end = try? AttachConnection.connect(
            bundle: runtimePaths.bundle(record.id), AttachRequest(stdin: false, stdout: false, stderr: false))
        let endNumber = Self.number(of: end)
        var current = first
        while true {
            var ready = [PollEntry(watch.number, .readable)]
            if let endNumber { ready.append(PollEntry(endNumber, .readable)) }
            let hasEnded = endNumber == nil
            if let file = current, !(try Self.drain(file, query, output)) { return }
            if let next = try rotated(files, current) {
                current = next
                continue
            }
            if hasEnded { return }
            _ = try PollEntry.wait(&ready)
            try watch.clear()
            if ready.count > 1, !ready[1].ready.isEmpty {
                if let file = current { _ = try Self.drain(file, query, output) }
                while let next = try rotated(files, current) {
                    current = next
                    guard try Self.drain(next, query, output) else { return }
                }
                return
            }
        }
    }

    private static func number(of connection: borrowing AttachConnection?) -> CInt? {
        switch connection {
        case .some(let connection): connection.number
        case .none: nil
        }
    }

    /// The current file where it is another one than the one being read, or the first one.
    private func rotated(_ files: LogFiles, _ current: LogFile?) throws(SystemCallError) -> LogFile? {
        guard access(files.path, F_OK) == 0 else { return nil }
        let now = try FileDescriptor.status(of: files.path).inode
        if let current, try current.inode() == now { return nil }
        return try files.reopen()
    }
}
