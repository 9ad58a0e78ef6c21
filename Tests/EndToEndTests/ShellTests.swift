import Glibc
import Linux
import Testing
import TestSupport

@Suite("In a shell", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ShellTests {
    /// Asks the script as bash does, and prints what it would offer.
    private static let harness = """
        export PATH="$(dirname "$HAKO"):$PATH"
        source <(hako completion bash)
        offer() {
            COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() COMPREPLY=()
            shift
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _hako hako "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
        }

        """

    private func offer(_ store: TestStore, _ line: String, _ words: [String]) throws -> [String] {
        let quoted = ([line] + words).map { "'\($0)'" }.joined(separator: " ")
        let run = try store.shell(Self.harness + "offer \(quoted)")
        #expect(run.error == "", "\(run)")
        return run.text.isEmpty ? [] : run.lines.filter { !$0.isEmpty }
    }

    @Test("bash completes commands, options, their values and what the store has")
    func bash() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "web", "busybox", "sleep", "1000")
        try store.hako("create", "--name", "wax", "busybox", "true")
        try store.hako("tag", "busybox", "registry.example/team/box:v1")
        #expect(try offer(store, "hako res", ["hako", "res"]) == ["restart"])
        #expect(try offer(store, "hako  container  prun", ["hako", "container", "prun"]) == ["prune"])
        #expect(try offer(store, "hako run --cgroupn", ["hako", "run", "--cgroupn"]) == ["--cgroupns"])
        #expect(try offer(store, "hako run --cgroupns ", ["hako", "run", "--cgroupns", ""]) == ["host", "private"])
        #expect(try offer(store, "hako run --cgroupns=h", ["hako", "run", "--cgroupns", "=", "h"]) == ["host"])
        #expect(try offer(store, "hako run --cgroupns=", ["hako", "run", "--cgroupns", "="]) == ["host", "private"])
        #expect(try offer(store, "hako rm w", ["hako", "rm", "w"]).sorted() == ["wax", "web"])
        #expect(try offer(store, "hako rm web w", ["hako", "rm", "web", "w"]) == ["wax"])
        #expect(try offer(store, "hako stop ", ["hako", "stop", ""]) == ["web"])
        #expect(try offer(store, "hako run busybox:la", ["hako", "run", "busybox", ":", "la"]) == ["latest"])
        #expect(try offer(store, "hako rmi registry.example/team/box:", ["hako", "rmi", "registry.example/team/box", ":"]) == ["v1"])
        #expect(try offer(store, "hako nothing x", ["hako", "nothing", "x"]) == [])
        let path = store.scratch.path("file.env")
        try FileDescriptor.replaceContents(of: path, with: [])
        #expect(try offer(store, "hako run --env-file=\(path.dropLast(2))", ["hako", "run", "--env-file", "=", String(path.dropLast(2))]) == [path])
        #expect(try offer(store, "hako --root /nowhere rm w", ["hako", "--root", "/nowhere", "rm", "w"]) == [])
        #expect(access("/nowhere", F_OK) != 0)
    }

    @Test("asking says nothing of what goes wrong, and makes no store")
    func quiet() throws {
        let store = try TestStore(images: [])
        for words in [["rm", ""], ["--root", "relative", "rm", ""], ["run", "\u{1}"], [], ["--root", store.scratch.path("none"), "run", ""]] {
            let run = try store.hako(["__complete", "--"] + words)
            #expect(run.status == 0 && run.error == "", "\(run)")
        }
        #expect(access(store.scratch.path("none"), F_OK) != 0)
    }

    @Test("zsh offers what there is, with what it means", .enabled(if: Program.isInstalled("zsh"), "zsh is not installed"))
    func zsh() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "web", "busybox", "true")
        // What zsh's own completion would do with the answers is printed.
        let script = #"""
            export PATH="$(dirname "$HAKO"):$PATH"; zsh -fc '
            compdef() { }; _files() { print files $* $PREFIX }; compset() { PREFIX=${PREFIX#*=} }
            _describe() { print -rl -- "${(@P)@[-1]}" }
            source <(hako completion zsh)
            words=("$@") CURRENT=$# PREFIX=${@[-1]}; _hako' zsh WORDS
            """#
        func offer(_ words: String) throws -> String {
            let run = try store.shell(script.replacing("WORDS", with: words))
            #expect(run.error == "", "\(run)")
            return run.text
        }
        #expect(try offer("hako rena") == "rename:Rename a container")
        #expect(try offer("hako rm w") == "web:busybox")
        #expect(try offer("hako run busy").hasPrefix(#"busybox\:latest:"#))
        #expect(try offer("hako run --cgroupns=") == "--cgroupns=host\n--cgroupns=private")
        #expect(try offer("hako run --env-file=/et") == "files /et")
        #expect(try offer("hako --root ''") == "files -/")
    }

    @Test("fish offers what there is, with what it means", .enabled(if: Program.isInstalled("fish"), "fish is not installed"))
    func fish() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "web", "busybox", "true")
        let script = #"export PATH="$(dirname "$HAKO"):$PATH"; fish -c 'hako completion fish | source; complete -C "LINE"'"#
        func offer(_ line: String) throws -> [String] { try store.shell(script.replacing("LINE", with: line)).lines }
        #expect(try offer("hako rena") == ["rename\tRename a container"])
        #expect(try offer("hako rm w") == ["web\tbusybox"])
        #expect(try offer("hako run --cgroupns=h") == ["--cgroupns=host"])
        #expect(try offer("hako run --env-file=/etc/hostnam").map { $0.prefix { $0 != "\t" } } == ["--env-file=/etc/hostname"])
    }

    @Test("each page of the manual is good roff", .enabled(if: Program.isInstalled("groff"), "groff is not installed"))
    func manual() throws {
        let store = try TestStore(images: [])
        let script = """
            cd '\(store.scratch.root)' && "$HAKO" man man && cd man && ls man1 | wc -l
            for page in man1/*.1 man5/*.5; do groff -man -Tutf8 -ww -z -s "$page" || echo "$page"; done
            if command -v mandoc > /dev/null; then mandoc -Tlint -Wwarning $(grep -L '^\\.so ' man1/*.1) man5/*.5; fi
            """
        let run = try store.shell(script)
        #expect(run.status == 0 && run.error == "", "\(run)")
        #expect(Int(run.text) ?? 0 > 40, "\(run)")
        #expect(try store.hako("man", "/proc/nowhere").status == 1)
    }

    @Test("installing puts programs, manual and completions in their places, and takes them away again", .enabled(if: Program.isInstalled("make"), "make is not installed"))
    func install() throws {
        let store = try TestStore(images: [])
        let root = store.scratch.path("installed")
        // Without building: the programs under test are there.
        func make(_ target: String) throws -> ProgramRun {
            try store.shell("cd \"$(dirname \"$HAKO\")/..\" && make -s -o build \(target) DESTDIR='\(root)' PREFIX=/usr")
        }
        try make("install").expectSuccess()
        for path in [
            "bin/hako", "libexec/hako/hako-image", "share/man/man1/hako.1", "share/man/man1/hako-run.1",
            "share/man/man5/hako-config.json.5",
            "share/man/man1/hako-container-ls.1", "share/bash-completion/completions/hako", "share/zsh/site-functions/_hako",
            "share/fish/vendor_completions.d/hako.fish", "lib/systemd/system/hako-boot.service", "share/hako/hako-boot",
        ] { #expect(access("\(root)/usr/\(path)", R_OK) == 0, "\(path)") }
        #expect(try ProgramRun.of("/bin/sh", ["-c", "'\(root)/usr/bin/hako' --version"]).text.hasPrefix("Hako version"))
        let unit = try String(decoding: FileDescriptor.contents(of: "\(root)/usr/lib/systemd/system/hako-boot.service"), as: UTF8.self)
        #expect(unit.contains("\nExecStart=/usr/bin/hako boot\n"))
        #expect(try ProgramRun.of("/bin/sh", ["\(root)/usr/share/hako/hako-boot", "stop"]).status == 0)
        try make("uninstall").expectSuccess()
        #expect(try ProgramRun.of("/usr/bin/find", [root, "!", "-type", "d"]).text == "")
    }

    @Test("help lists commands by what they are for")
    func help() throws {
        let text = try TestStore(images: []).output("help")
        let headings = text.split(separator: "\n").filter { $0.hasSuffix(":") }
        #expect(headings == ["Common Commands:", "Container Commands:", "Image Commands:", "Management Commands:", "Commands:", "Global Options:"])
        #expect(!text.contains("__complete"))
        for group in [[], ["container"], ["image"], ["builder"], ["system"], ["volume"]] {
            let lines = try TestStore(images: []).output(group + ["--help"]).split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("  -") }
            #expect(Set(lines).count == lines.count, "\(group)")
        }
    }
}
