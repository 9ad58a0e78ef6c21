import Linux
import MonitorProtocol
import RuntimeClient

/// One reading of a log that lies in files.
struct LogReading {
    let files: LogFiles
    let query: LogQuery
    /// Takes a record; false ends the reading.
    let output: (LogRecord) -> Bool
    /// Called before it waits.
    let pause: () -> Void

    /// Reads what is there.
    ///
    /// - Returns: The current file, at its end; nil where there is none, or enough was read.
    func readAll() throws(SystemCallError) -> (isDone: Bool, current: LogFile?) {
        var open = try files.open()
        if let tail = query.tail { try Self.skip(toLast: tail, of: &open) }
        for file in open {
            guard try drain(file) else { return (true, nil) }
        }
        return (false, open.last)
    }

    /// Moves to the last records and drops the files before them.
    private static func skip(toLast tail: Int, of files: inout [LogFile]) throws(SystemCallError) {
        var wanted = tail
        for index in files.indices.reversed() {
            wanted -= try files[index].seek(toLast: wanted)
            if wanted == 0 {
                files.removeFirst(index)
                return
            }
        }
    }

    /// False once no more is wanted.
    private func drain(_ file: LogFile) throws(SystemCallError) -> Bool {
        while let record = try file.next() {
            if query.follows, query.isPast(record) { return false }
            if query.takes(record), !output(record) { return false }
        }
        return true
    }

    /// Goes on with what is written, until the container's end.
    ///
    /// - Parameters:
    ///   - first: What ``readAll()`` came to.
    ///   - end: Readable when the container has ended and all of its output is written; -1 where it has.
    ///   - next: Asked when it was readable: what else tells of the end, or -1.
    func follow(
        _ first: LogFile?, in directory: String, end: CInt, next: () -> CInt
    ) throws(SystemCallError) {
        let watch: DirectoryWatch
        do throws(SystemCallError) { watch = try DirectoryWatch(directory) } catch {
            // Its container was removed meanwhile.
            guard error.errno == .noSuchFile else { throw error }
            return
        }
        var current = first
        var end = end
        while true {
            guard try catchUp(&current) else { return }
            if end < 0 { return }
            pause()
            var ready = [PollEntry(watch.number, .readable), PollEntry(end, .readable)]
            _ = try PollEntry.wait(&ready)
            try watch.clear()
            if !ready[1].ready.isEmpty { end = next() }
        }
    }

    /// Reads up to the end of the current file, through all that were begun meanwhile. False once no more is wanted.
    private func catchUp(_ current: inout LogFile?) throws(SystemCallError) -> Bool {
        while true {
            if let current {
                guard try drain(current) else { return false }
                guard try !files.isCurrent(current.identity) else { return true }
                // It isn't written to any more: what came between the two looks is the last of it.
                guard try drain(current) else { return false }
            }
            let newer = try filesAfter(current)
            guard let last = newer.last else { return true }
            for file in newer.dropLast() {
                guard try drain(file) else { return false }
            }
            current = last
        }
    }

    /// Those that are newer than `file`. The newest of its identity is it: its inode isn't free while we have it open.
    private func filesAfter(_ file: LogFile?) throws(SystemCallError) -> ArraySlice<LogFile> {
        let open = try files.open()
        guard let file, let index = open.lastIndex(where: { $0.identity == file.identity }) else { return open[...] }
        return open[(index + 1)...]
    }
}
