import CommandLineTables
import Testing

@Suite("Help")
struct HelpTests {
    private func help(_ line: String) throws -> String {
        guard case .help(let topic) = try Fixture.program.parse(line.split(separator: " ").map(String.init)) else { return "no help" }
        return Fixture.program.help(for: topic)
    }

    @Test("of a command is laid out as Docker's", arguments: ["rm --help", "help rm", "rm -h", "rm -fh x"])
    func command(line: String) throws {
        #expect(
            try help(line) == """
                Usage:  hako rm [OPTIONS] CONTAINER [CONTAINER...]

                Remove one or more containers

                Aliases:
                  hako container rm, hako rm, hako remove

                Options:
                  -f, --force     Force the removal of a running container (uses SIGKILL)
                  -l, --link      Remove the specified link
                  -v, --volumes   Remove anonymous volumes associated with the container

                """)
    }

    @Test("lists commands in their groups, and hides what is hidden")
    func program() throws {
        let text = try help("--help")
        #expect(
            text == """
                Usage:  hako [OPTIONS] COMMAND

                Runs containers

                Common Commands:
                  run         Create and run a new container from an image

                Management Commands:
                  container   Manage containers

                Commands:
                  rm          Remove one or more containers
                  version     Show the version
                  rename      Rename a container

                Global Options:
                      --root string   Directory of the store
                      --timings       Print where the time goes
                  -v, --version       Print version information and quit

                Run 'hako COMMAND --help' for more information on a command.

                """)
        #expect(try help("help") == text)
    }

    @Test("gathers what is found below a group as well, once there are two")
    func sections() {
        func command(_ name: String, at places: [String]) -> Command { Command(name, name, alsoAt: places, arity: .none) { _ in 0 } }
        let some = [command("stop", at: ["container stop"]), command("rmi", at: ["image rm"]), command("kill", at: ["container kill"])]
        let program = Program(
            "hako", "Runs containers", options: [],
            commands: some + [Command("container", "Containers", subcommands: some), Command("image", "Images", subcommands: some)])
        let headings = program.help().split(separator: "\n").filter { $0.hasSuffix("Commands:") }
        #expect(headings == ["Container Commands:", "Management Commands:", "Commands:"])
        #expect(program.help().contains("Container Commands:\n  stop        stop\n  kill        kill\n\n"))
    }

    @Test("of a group, also where none of its commands is named", arguments: ["container", "container --help", "help container"])
    func group(line: String) throws {
        #expect(try help(line).hasPrefix("Usage:  hako container COMMAND\n\nManage containers\n\nCommands:\n  rm          Remove"))
    }

    @Test("shows defaults, hides the unsupported, and breaks long lines where Docker does")
    func options() throws {
        let text = try help("run --help")
        #expect(text.contains("\n      --sig-proxy                  Proxy received signals to the process\n                                   (default true)\n"))
        #expect(text.contains("\n  -m, --memory bytes               Memory limit\n"))
        #expect(!text.contains("gpus"))
        #expect(!text.split(separator: "\n").contains { $0.utf8.count > 80 })
    }

    @Test("stays readable in any width", arguments: [-1, 0, 1, 20, 40, 200, Int.max])
    func widths(width: Int) throws {
        guard case .help(let topic) = try Fixture.program.parse(["run", "--help"]) else { return }
        #expect(Fixture.program.help(for: topic, width: width).contains("--name string"))
    }
}
