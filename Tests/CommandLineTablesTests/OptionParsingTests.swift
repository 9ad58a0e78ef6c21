import CommandLineTables
import Testing

@Suite("Reading a command line")
struct OptionParsingTests {
    @Test(
        "takes a value behind a space, behind =, and right behind its letter",
        arguments: ["run --env A=1 x", "run --env=A=1 x", "run -e A=1 x", "run -eA=1 x", "run -e=A=1 x", "run -ite A=1 x"])
    func value(line: String) throws {
        let (_, arguments) = try Fixture.parse(line)
        #expect(arguments.values("env") == ["A=1"])
        #expect(arguments.positionals == ["x"])
    }

    @Test("reads a row of flags, and takes them back")
    func flags() throws {
        let (_, arguments) = try Fixture.parse("run -it --rm=false -d=true --sig-proxy=0 x")
        #expect(arguments.flag("interactive") && arguments.flag("tty") && arguments.flag("detach"))
        #expect(!arguments.flag("rm") && arguments.isGiven("rm"))
        #expect(!arguments.flag("sig-proxy"))
        #expect(try Fixture.parse("run x").1.flag("sig-proxy"))
        #expect(!(try Fixture.parse("run x").1.isGiven("rm")))
    }

    @Test("keeps each value of a list, and the last of the others")
    func repeated() throws {
        let (_, arguments) = try Fixture.parse("run -e A -e B --name one --name two x")
        #expect(arguments.values("env") == ["A", "B"])
        #expect(arguments.value("name") == "two")
        #expect(arguments.value("hostname") == nil)
    }

    @Test("leaves what stands behind the image to the container's command")
    func beforeArguments() throws {
        let (_, arguments) = try Fixture.parse("run -d alpine ls -l --name x -- y")
        #expect(arguments.positionals == ["alpine", "ls", "-l", "--name", "x", "--", "y"])
        #expect(arguments.value("name") == nil)
    }

    @Test("takes options between arguments where the command allows it, up to --")
    func mixed() throws {
        let (command, arguments) = try Fixture.parse("rm a -f b -- -v -")
        #expect(arguments.positionals == ["a", "b", "-v", "-"])
        #expect(arguments.flag("force") && !arguments.flag("volumes"))
        #expect(try command.run(arguments) == 4)
    }

    @Test("knows the program's options before a command, and some behind it")
    func global() throws {
        let (_, arguments) = try Fixture.parse("--root /x --timings=false rm --timings a")
        #expect(arguments.global.value("root") == "/x")
        #expect(arguments.global.flag("timings"))
        #expect(Fixture.error("rm --root /x a")?.message == "unknown flag: --root")
    }

    @Test("finds commands by their aliases and below their groups")
    func paths() throws {
        #expect(try Fixture.parse("remove a").1.path == ["hako", "remove"])
        #expect(try Fixture.parse("container rm a").1.path == ["hako", "container", "rm"])
        #expect(try Fixture.parse("secret").0.run(Fixture.parse("secret").1) == 7)
    }

    @Test("reads numbers in Docker's units")
    func numbers() throws {
        let line = "run -m 1.5g --cpus 0.25 --pids-limit -1 --health-interval 1m30.5s x"
        let (_, arguments) = try Fixture.parse(line)
        #expect(arguments.bytes("memory") == 1_610_612_736)
        #expect(arguments.billionths("cpus") == 250_000_000)
        #expect(arguments.integer("pids-limit") == -1)
        #expect(arguments.duration("health-interval") == .milliseconds(90_500))
    }

    @Test("survives any row of words", arguments: 0..<20)
    func fuzz(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let pieces = ["-", "--", "=", "e", "run", "rm", "container", "é", "\u{0}", " ", "m", "name", "9", ".", "h", "help", "\r\n"]
        for _ in 0..<2_000 {
            let words = (0..<random(5)).map { _ in (0..<random(5)).map { _ in pieces[random(pieces.count)] }.joined() }
            _ = try? Fixture.program.parse(words)
        }
    }
}
