import Linux
import TestSupport
import Testing

/// Dockerfiles, each with what a peer makes of it: `cases/GROUP/NAME`, whose files `build` explains.
///
/// `record` writes `image.txt` of each anew, with a peer.
enum Corpus {
    static let directory = String(#filePath.dropLast("/Corpus.swift".count))
    static let groups = names("cases")
    static let cases = groups.flatMap { group in names("cases/" + group).map { "\(group)/\($0)" } }

    /// What a directory holds that is no hidden file.
    private static func names(_ path: String) -> [String] {
        let listed = try? ProgramRun.of("/bin/ls", ["\(directory)/\(path)"], environment: ["LC_ALL": "C"])
        return listed?.status == 0 ? listed?.lines ?? [] : []
    }

    /// What the peer made of a case.
    static func record(of name: String) throws -> [String] { try lines("cases/\(name)/image.txt") }

    static func lines(_ path: String) throws -> [String] {
        try text(path).split(separator: "\n").map(String.init)
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try FileDescriptor.contents(of: "\(directory)/\(path)"), as: UTF8.self)
    }

    /// Builds the cases with Hako, in one store; what came of each, by name.
    static func build(_ cases: [String], in store: TestStore) throws -> [String: [String]] {
        let results = store.scratch.path("corpus")
        let run = try store.shell(
            """
            set -e; mkdir '\(results)'; cd '\(directory)'
            ./base '\(results)/base.tar'; $HAKO load -q -i '\(results)/base.tar' > /dev/null
            ENGINE=$HAKO ./build '\(results)/base.tar' '\(results)' \(cases.joined(separator: " "))
            """)
        #expect(run.status == 0, "\(run)")
        var made: [String: [String]] = [:]
        for name in cases {
            let text = String(decoding: try FileDescriptor.contents(of: "\(results)/\(name).txt"), as: UTF8.self)
            made[name] = text.split(separator: "\n").map(String.init)
        }
        return made
    }
}

/// Where what Hako makes of a case is meant to differ from the record.
struct CorpusDifference: Equatable {
    var reason = ""
    /// Lines that only the record has, and lines that only Hako's image has, each in order.
    var removed: [String] = []
    var added: [String] = []

    init() {}

    init(from record: [String], to made: [String]) {
        let changes = made.difference(from: record)
        for case .remove(_, let line, _) in changes.removals { removed.append(line) }
        for case .insert(_, let line, _) in changes.insertions { added.append(line) }
    }

    var text: String { (removed.map { "- \($0)\n" } + added.map { "+ \($0)\n" }).joined() }

    func describesSame(as other: CorpusDifference) -> Bool { removed == other.removed && added == other.added }
}

extension Corpus {
    struct Malformed: Error, CustomStringConvertible {
        let line: String
        var description: String { "this line of differences.txt has no place: \(line)" }
    }

    /// `differences.txt`: below `## GROUP/NAME` a reason behind `~`, and lines as a diff shows them.
    static func differences() throws -> [String: CorpusDifference] {
        var (found, name) = ([String: CorpusDifference](), "")
        for line in try lines("differences.txt") {
            guard !line.hasPrefix("## ") else {
                name = String(line.dropFirst(3))
                guard found.updateValue(CorpusDifference(), forKey: name) == nil else { throw Malformed(line: line) }
                continue
            }
            // What stands above the first case is for people.
            guard var difference = found[name] else { continue }
            let rest = String(line.dropFirst(2))
            switch line.prefix(2) {
            case "~ ": difference.reason += difference.reason.isEmpty ? rest : " " + rest
            case "- ": difference.removed.append(rest)
            case "+ ": difference.added.append(rest)
            default: throw Malformed(line: line)
            }
            found[name] = difference
        }
        return found
    }
}
