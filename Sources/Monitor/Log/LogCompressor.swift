import Glibc
import Linux
import MonitorProtocol

/// Compresses the older files of a log, one after another, by a program beside the container: neither is kept waiting.
///
/// The program has the file as its standard input, whatever its name has become meanwhile; its output gets its name only when
/// it is whole, and under the log's lock (``RotatingLog``).
struct LogCompressor: ~Copyable {
    private let settings: LogDestination.LogFile
    private var program: ChildProcess?
    /// Of the file that is being compressed: it grows with each rotation.
    private var number = 0
    private var isWatched = false
    /// It has ended well, and its output waits to be named.
    private(set) var isDone = false
    private var output: String { settings.path + ".gz.new" }

    init(_ settings: LogDestination.LogFile) { self.settings = settings }

    var pid: CInt? {
        switch program {
        case .some(let program): program.pid
        case .none: nil
        }
    }

    /// Starts with the newest file that is not compressed yet; a log that can't be, stays as it is.
    mutating func startNext() {
        guard !settings.compressor.isEmpty, pid == nil, !isDone else { return }
        guard let next = (1..<max(settings.maxFile, 2)).first(where: { access("\(settings.path).\($0)", F_OK) == 0 })
        else { return }
        do throws(SystemCallError) {
            let input = try FileDescriptor.open("\(settings.path).\(next)", flags: O_RDONLY | O_NOFOLLOW)
            try FileDescriptor.removeIfThere(output)
            let file = try FileDescriptor.open(output, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            let words = settings.compressor + [String(try input.status().inode)]
            var spawn = Spawn(words[0], words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
            spawn.pass(input, as: StandardDescriptor.input)
            spawn.pass(file, as: StandardDescriptor.output)
            program = try spawn.start()
            isWatched = false
            number = next
        } catch { close() }
    }

    mutating func watch(_ queue: borrowing EventQueue) throws(SystemCallError) {
        guard !isWatched else { return }
        switch program {
        case .some(let program): try queue.add(program.pidfd, .readable, token: Monitor.Token.logCompressor)
        case .none: return
        }
        isWatched = true
    }

    /// All files have moved one further.
    mutating func noteRotation() {
        guard pid != nil || isDone else { return }
        number += 1
        if number >= settings.maxFile { close() }
    }

    /// Looks whether the program has ended.
    mutating func check() {
        let status: ExitStatus?
        switch program {
        case .some(let program): do { status = try program.statusIfEnded() } catch { status = .exited(code: 255) }
        case .none: return
        }
        guard let status else { return }
        program = nil
        isWatched = false
        isDone = status == .exited(code: 0)
        if !isDone { close() }
    }

    /// Puts what was made in the place of the file that it was made of. The caller has the log's lock.
    mutating func nameOutput() {
        guard isDone else { return }
        isDone = false
        do throws(SystemCallError) {
            try FileDescriptor.rename(output, to: "\(settings.path).\(number).gz")
            try FileDescriptor.removeIfThere("\(settings.path).\(number)")
        } catch {
            // The file that it was made of is there still.
        }
    }

    /// Ends the program, and removes what it has made.
    mutating func close() {
        if let program = program.take() {
            try? program.send(signal: SIGKILL)
            _ = try? program.wait()
        }
        isDone = false
        isWatched = false
        if !settings.compressor.isEmpty { try? FileDescriptor.removeIfThere(output) }
    }
}
