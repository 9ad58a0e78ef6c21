import Glibc
import Linux
import Testing
import TestSupport

/// `Documentation/compatibility.md` speaks of every command and flag of Docker 28's reference, and says the truth.
///
/// `HAKO_RECORD=reference` with `HAKO_DOCKER` writes `reference.txt` anew, from the help of Docker's client.
@Suite("Docker's reference", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ReferenceTests {
    private static let docker = getenv("HAKO_DOCKER").map { String(cString: $0) }
    private static let isRecorded = getenv("HAKO_RECORD").map { String(cString: $0) } == "reference"
    private static let path = TranscriptFile.directory + "/reference.txt"

    @Test("has a word on every command and flag")
    func isWhole() throws {
        let page = try CompatibilityPage.read()
        for command in try DockerReference.read(Self.path).commands {
            #expect(page.row(of: command.name, in: command.name) != nil, "\(command.name)")
            for flag in command.flags {
                #expect(page.row(of: flag.long, in: command.name) != nil, "\(command.name) \(flag.long)")
            }
        }
        for row in page.rows where row.state != .works { #expect(!row.reason.isEmpty, "\(row): how, or why?") }
    }

    @Test("names as absent what Hako refuses, and nothing else")
    func isTrue() throws {
        let page = try CompatibilityPage.read()
        var expected: [(words: String, isTaken: Bool)] = []
        for command in try DockerReference.read(Self.path).commands {
            let isThere = page.row(of: command.name, in: command.name)?.state != .absent
            expected += ([command.name] + command.aliases).map { ($0, isThere) }
            for flag in isThere ? command.flags : [] {
                let isTaken = page.row(of: flag.long, in: command.name)?.state != .absent
                expected += [flag.long, flag.short].compactMap { $0 }.map { ("\(command.name) \($0)=1", isTaken) }
            }
        }
        let answers = try answers(to: expected.map(\.words))
        #expect(answers.count == expected.count)
        for (answer, (words, isTaken)) in zip(answers, expected) {
            #expect((answer == "taken") == isTaken, "hako \(words): \(answer)")
        }
    }

    /// Of each command line: `taken`, or the error. The parser judges every word before help is given, and so nothing runs.
    private func answers(to commandLines: [String]) throws -> [String] {
        let script = """
            while read -r words; do
              error=$("$HAKO_BIN/hako" $words --help 2>&1 > /dev/null | head -1)
              case "$error" in
                *"unknown command"*|*"unknown flag"*|*"unknown shorthand flag"*|*"is not supported"*) echo "$error" ;;
                *) echo taken ;;
              esac
            done
            """
        let input = Array(commandLines.map { $0 + "\n" }.joined().utf8)
        return try ProgramRun.of("/bin/bash", ["-c", script], input: input).text.split(separator: "\n").map(String.init)
    }

    @Test("is recorded", .enabled(if: docker != nil && isRecorded, "HAKO_RECORD and HAKO_DOCKER ask for no reference"))
    func record() throws {
        let script = """
            one() {
              echo "$1"
              $DOCKER $1 --help | sed -n '/^Aliases:/{n;s/docker //g;s/^ */= /;p}'
              $DOCKER $1 --help | sed -nE 's/^ +((-.), )?(--[a-z0-9-]+).*/\\2 \\3/p' | sed 's/^ //' | grep -v -e '^--help$'
            }
            list() {
              for name in $($DOCKER $1 --help | sed -n '/^Commands:/,/^$/s/^  \\([a-z]*\\) .*/\\1/p'); do
                [ "$1 $name" = "image build" ] || one "$1 $name"
              done
            }
            list container; list volume
            for name in inspect events info version; do one $name; done
            list image
            for name in login logout "system df" "system prune"; do one "$name"; done
            list manifest; one "buildx build"
            """
        let run = try ProgramRun.of("/bin/bash", ["-c", script], environment: ["DOCKER": try #require(Self.docker), "LC_ALL": "C"])
        #expect(run.error.isEmpty, "\(run)")
        try FileDescriptor.open(Self.path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(run.outputBytes)
    }
}

/// The commands of Docker's help, each with where else it is found and its flags.
struct DockerReference {
    struct Flag {
        let short: String?
        let long: String
    }
    struct Command {
        let name: String
        var aliases: [String] = []
        var flags: [Flag] = []
    }

    private(set) var commands: [Command] = []

    static func read(_ path: String) throws -> DockerReference {
        var reference = DockerReference()
        for line in String(decoding: try FileDescriptor.contents(of: path), as: UTF8.self).split(separator: "\n") {
            reference.add(line)
        }
        return reference
    }

    private mutating func add(_ line: Substring) {
        if line.hasPrefix("= ") {
            commands[commands.count - 1].aliases = line.dropFirst(2).split(separator: ", ").map(String.init)
                .filter { $0 != commands[commands.count - 1].name }
        } else if line.hasPrefix("-") {
            let names = line.split(separator: " ").map(String.init)
            commands[commands.count - 1].flags.append(Flag(short: names.count > 1 ? names[0] : nil, long: names[names.count - 1]))
        } else {
            commands.append(Command(name: String(line)))
        }
    }
}

/// The tables of `Documentation/compatibility.md`: below a heading with commands in backquotes, rows of what they and their
/// flags do.
struct CompatibilityPage {
    enum State: String {
        case works, differs, absent
    }
    struct Row {
        /// Commands or flags.
        let names: [String]
        let state: State
        let reason: String
        /// Those of the heading.
        let commands: [String]
    }

    private(set) var rows: [Row] = []

    static func read() throws -> CompatibilityPage {
        let path = TranscriptFile.directory + "/../../../Documentation/compatibility.md"
        let text = String(decoding: try FileDescriptor.contents(of: path), as: UTF8.self)
        var (page, commands) = (CompatibilityPage(), [String]())
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") { commands = quoted(line) }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard line.hasPrefix("|"), cells.count >= 5, !quoted(cells[1]).isEmpty else { continue }
            let word = cells[2].filter { $0 != " " }
            let state = try #require(State(rawValue: word), "a row says \(word): \(line)")
            page.rows.append(Row(names: quoted(cells[1]), state: state, reason: cells[3].filter { $0 != " " }, commands: commands))
        }
        return page
    }

    private static func quoted(_ text: Substring) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    func row(of name: String, in command: String) -> Row? {
        rows.first { $0.commands.contains(command) && $0.names.contains(name) }
    }
}
