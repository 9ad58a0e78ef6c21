import CommandLineTables
import Testing

@Suite("Completing a command line")
struct CompletionTests {
    static let program = Program(
        "hako", "Runs containers",
        options: [
            .text("root", "Directory of the store", completion: .directories).anywhere(), .flag("version", short: "v", "Print version"),
        ],
        commands: [
            Command(
                "run", "Run a container", arity: .atLeast(1), order: .beforeArguments, completion: .images,
                options: [
                    .flag("detach", short: "d", "Run in background"), .text("name", "Name"), .flag("rm", "Remove it"),
                    .text("pull", "When to pull", completion: .words(["always", "missing", "never"])),
                    .list("env-file", short: "e", "A file", completion: .files),
                    .text("gpus", "").unsupported(because: "there is no GPU support"),
                ]) { _ in 0 },
            Command("rm", aliases: ["remove"], "Remove containers", arity: .atLeast(1), completion: .containers) { _ in 0 },
            Command("rename", "Rename one", arity: .exactly(2), completion: .containers) { _ in 0 },
            Command("hidden", "Not shown", isHidden: true, arity: .none) { _ in 0 },
            Command("image", "Images", subcommands: [Command("ls", "List", arity: .none) { _ in 0 }]),
        ])

    private func answer(_ line: String) -> CompletionRequest {
        Self.program.completion(of: line.split(separator: " ", omittingEmptySubsequences: false).map(String.init))
    }

    @Test(
        "offers what can stand there",
        arguments: [
            ("", ["run", "rm", "rename", "image", "help"]), ("r", ["run", "rm", "rename"]), ("hid", []), ("image ", ["ls"]),
            ("image l", ["ls"]), ("help ", ["run", "rm", "rename", "image"]), ("help image ", ["ls"]), ("help run ", []),
            ("nothing ", []), ("run --d", ["--detach"]), ("run --gp", []), ("run -d --pull ", ["always", "missing", "never"]),
            ("run --pull=n", ["--pull=never"]), ("run --pull=", ["--pull=always", "--pull=missing", "--pull=never"]),
            ("run --rm=t", ["--rm=true"]), ("run x --pull ", []), ("run -- --d", []), ("--ve", ["--version"]), ("-v", []),
            ("rm --ro", ["--root"]), ("run --nothing=", []), ("run -", ["-d", "--detach", "--name", "--rm", "--pull", "-e", "--env-file", "--root", "--help"]),
            ("--root /x im", ["image"]), ("run --name image ru", []),
        ])
    func words(line: String, expected: [String]) { #expect(answer(line).candidates.map(\.word) == expected) }

    @Test(
        "says whom to ask for what it can't know",
        arguments: [
            ("run ", Completion.images), ("run x ", .nothing), ("run -d ", .images), ("run --name ", .nothing),
            ("run --name x ", .images), ("rm ", .containers), ("rm a ", .containers), ("remove a", .containers), ("rename a ", .nothing),
            ("rename ", .containers), ("run --env-file ", .files), ("run --env-file=a", .files), ("run -e", .nothing), ("run -e ", .files),
            ("run -de ", .files), ("--root ", .directories), ("rm --root=", .directories), ("image ", .nothing), ("run -dx ", .images),
        ])
    func source(line: String, expected: Completion) { #expect(answer(line).source == expected) }

    @Test("keeps of names those that begin so and aren't given, with what stands before them")
    func names() {
        let names = ["web", "web2", "box"].map { CompletionCandidate($0) }
        #expect(answer("rm web we").candidates(from: names).map(\.word) == ["web2"])
        #expect(answer("run --env-file=w").candidates(from: names).map(\.word) == ["--env-file=web", "--env-file=web2"])
        #expect(answer("--root /x rm --root=/y ").global.value("root") == "/y")
    }

    @Test("survives any row of words", arguments: ["-", "--", "=", "--=", "---", "-=", "-d=", "\u{0}", "é", "--name=é\u{301}"])
    func oddities(word: String) {
        for line in [[word], ["run", word], ["run", word, ""], ["image", word, word], [word, word, word]] {
            _ = Self.program.completion(of: line)
        }
        #expect(Self.program.completion(of: []).candidates.count == 5)
    }
}

@Suite("The manual")
struct ManPageTests {
    private let pages = Fixture.program.manual(
        ManualDetails(version: "Hako 1", date: "2026-01-02", sections: [ManualSection("EXIT STATUS", entries: [("125", ".Hako's own.")])], files: ["hako.json"]))

    private func page(_ name: String) -> String { pages.first { $0.name == name }?.text ?? "" }

    @Test("has a page for each command that is shown")
    func names() {
        #expect(
            pages.map(\.name) == [
                "hako.1", "hako-run.1", "hako-rm.1", "hako-version.1", "hako-rename.1", "hako-container.1", "hako-container-rm.1",
                "hako-container-run.1", "hako-container-rename.1",
            ])
        #expect(page("hako-container-rm.1") == ".so man1/hako-rm.1\n")
    }

    @Test("says what the help says, in roff")
    func text() {
        let run = page("hako-run.1")
        #expect(run.contains(".TH HAKO\\-RUN 1 2026-01-02 \"Hako 1\" \"User Commands\"\n.SH NAME\nhako\\-run \\- Create and run"))
        #expect(run.contains("\\fBhako run\\fR [OPTIONS] IMAGE [COMMAND] [ARG...]\n"))
        #expect(run.contains(".TP\n\\fB\\-m\\fR, \\fB\\-\\-memory\\fR \\fIbytes\\fR\nMemory limit\n"))
        #expect(run.contains("(\\(dqalways\\(dq, ") && !run.contains("gpus"))
        #expect(page("hako.1").contains(".SH EXIT STATUS\n.TP\n\\fB125\\fR\n\\&.Hako\\(aqs own.\n"))
        #expect(page("hako.1").contains(".SS Common Commands\n.TP\n\\fBhako\\-run\\fR(1)\n"))
        #expect(page("hako.1").hasSuffix(",\n\\fBhako.json\\fR(5)\n"))
    }

    @Test("describes a file in section 5: words, lines as they are, entries")
    func file() {
        let section = ManualSection("KEYS", paragraphs: ["One.", "Two."], lines: ["{ 'a' }"], entries: [("dns", "Servers.")])
        let page = ManPage.ofFile("hako.json", "a file", [section], commands: [["hako"]], ManualDetails(version: "Hako 1", date: "2026-01-02"))
        #expect(page.name == "hako.json.5")
        #expect(page.text.contains(".TH HAKO.JSON 5 2026-01-02 \"Hako 1\" \"File Formats\"\n"))
        #expect(page.text.contains(".SH KEYS\nOne.\n.PP\nTwo.\n.PP\n.nf\n{ \\(aqa\\(aq }\n.fi\n.TP\n\\fBdns\\fR\nServers.\n"))
    }
}
