import Glibc
import Linux
import Metadata

/// The processes of a container, in the columns of ps(1).
public struct ProcessTable: Sendable {
    public let titles: [String]
    /// As many cells as titles in each; the last holds what is left of a line.
    public let rows: [[String]]
}

extension Engine {
    /// Runs the host's ps(1), and keeps the lines of the container's processes.
    ///
    /// - Parameter options: For ps; none are `-ef`. Their output has to have a column PID.
    public func processTable(of name: String, options: [String]) throws(EngineError) -> ProcessTable {
        let record = try container(name)
        guard record.state.hasProcess else { throw EngineError(.conflict, "container \(record.id) is not running") }
        let own = try processes(of: record)
        // What is asked for may select by ps's own terminal and user, which are none of the container's.
        let text = try runPS((options.isEmpty ? ["-ef"] : options) + ["-p", own.map(String.init).joined(separator: ",")])
        note("top", of: record.id)
        return try Self.table(text) { own.contains($0) }
    }

    static func table(_ text: String, _ isOwn: (Int32) -> Bool) throws(EngineError) -> ProcessTable {
        let lines = text.split(separator: "\n")
        let titles = lines.first?.split(separator: " ").map(String.init) ?? []
        guard let column = titles.firstIndex(of: "PID") else {
            throw EngineError(
                .invalidArgument, "Couldn't find PID field in ps output", hint: "Ask for it, as in -o pid,comm.")
        }
        var rows: [[String]] = []
        for line in lines.dropFirst() {
            let cells = line.split(separator: " ", maxSplits: titles.count - 1).map { cell in
                String(cell.drop { $0 == " " })
            }
            guard column < cells.count, let pid = Int32(cells[column]), isOwn(pid) else { continue }
            rows.append(cells)
        }
        return ProcessTable(titles: titles, rows: rows)
    }

    private func runPS(_ options: [String]) throws(EngineError) -> String {
        let places = ["/usr/bin/ps", "/bin/ps"]
        guard let path = places.first(where: { access($0, X_OK) == 0 }) else {
            throw EngineError(
                .unavailable, cannot: "list processes", because: "there is no ps", hint: "Install procps.")
        }
        let (status, output): (ExitStatus, String)
        do throws(SystemCallError) { (status, output) = try Self.output(of: path, ["ps"] + options) } catch {
            throw EngineError(.system, cannot: "run \(path)", because: "\(error)", cause: error)
        }
        guard status == .exited(code: 0) else {
            throw EngineError(.invalidArgument, "ps: \(output.split(separator: "\n").first.map(String.init) ?? "failed")")
        }
        return output
    }

    /// What a program writes to either stream, and how it ends.
    private static func output(of path: String, _ arguments: [String]) throws(SystemCallError) -> (ExitStatus, String) {
        let pipe = try Pipe()
        var spawn = Spawn(path, arguments)
        spawn.pass(pipe.writing, as: StandardDescriptor.output)
        spawn.pass(pipe.writing, as: StandardDescriptor.error)
        let child = try spawn.start()
        let bytes = try pipe.keepingReading().readAll()
        return (try child.wait(), String(decoding: bytes, as: UTF8.self))
    }
}
