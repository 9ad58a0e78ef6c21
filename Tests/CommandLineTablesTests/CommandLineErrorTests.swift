import CommandLineTables
import Testing

@Suite("Errors on the command line")
struct CommandLineErrorTests {
    @Test(
        "are Docker's, word for word",
        arguments: [
            ("run --foo", "unknown flag: --foo", 125), ("run -x", "unknown shorthand flag: 'x' in -x", 125),
            ("run -itx", "unknown shorthand flag: 'x' in -x", 125), ("rm -qf", "unknown shorthand flag: 'q' in -qf", 125),
            ("rm -f-x", "unknown shorthand flag: '-' in --x", 125), ("rm -=x", "unknown shorthand flag: '=' in -=x", 125),
            ("run --name", "flag needs an argument: --name", 125),
            ("run -dh", "flag needs an argument: 'h' in -h", 125), ("rm ---x", "bad flag syntax: ---x", 125),
            ("rm --=x", "bad flag syntax: --=x", 125),
            ("run --rm=foo x", "invalid argument \"foo\" for \"--rm\" flag: strconv.ParseBool: parsing \"foo\": invalid syntax", 125),
            (
                "run --pids-limit=foo x",
                "invalid argument \"foo\" for \"--pids-limit\" flag: strconv.ParseInt: parsing \"foo\": invalid syntax", 125
            ),
            (
                "run --pids-limit 99999999999999999999 x",
                "invalid argument \"99999999999999999999\" for \"--pids-limit\" flag: strconv.ParseInt: parsing \"99999999999999999999\": value out of range",
                125
            ),
            ("run -m=foo x", "invalid argument \"foo\" for \"-m, --memory\" flag: invalid size: 'foo'", 125),
            ("run --cpus=foo x", "invalid argument \"foo\" for \"--cpus\" flag: failed to parse foo as a rational number", 125),
            (
                "run --health-interval=5 x",
                "invalid argument \"5\" for \"--health-interval\" flag: time: missing unit in duration \"5\"", 125
            ),
            ("rm", "hako: 'hako rm' requires at least 1 argument", 1),
            ("rename x", "hako: 'hako rename' requires 2 arguments", 1),
            ("version x", "hako: 'hako version' accepts no arguments", 1), ("foo", "hako: unknown command: hako foo", 1),
            ("container foo", "hako: unknown command: hako container foo", 1), ("help foo", "unknown help topic: foo", 1),
        ])
    func words(line: String, message: String, exitCode: Int32) {
        let error = Fixture.error(line)
        #expect(error?.message == message)
        #expect(error?.exitCode == exitCode)
    }

    @Test("end with the usage and where to read more")
    func wholeText() {
        #expect(
            Fixture.error("run -x")?.description == """
                unknown shorthand flag: 'x' in -x

                Usage:  hako run [OPTIONS] IMAGE [COMMAND] [ARG...]

                Run 'hako run --help' for more information
                """)
        #expect(
            Fixture.error("container rm")?.description == """
                hako: 'hako container rm' requires at least 1 argument

                Usage:  hako container rm [OPTIONS] CONTAINER [CONTAINER...]

                See 'hako container rm --help' for more information
                """)
        #expect(
            Fixture.error("zzz")?.description == "hako: unknown command: hako zzz\n\nRun 'hako --help' for more information")
    }

    @Test(
        "name what was probably meant",
        arguments: [
            ("run --nmae x", "--name"), ("run --detahc", "--detach"), ("rmu", "'hako rm'"), ("verison", "'hako version'"),
            ("container renam", "'hako container rename'"), ("help verson", "version"), ("run --nmae=x y", "--name"),
            ("run --interact x", "--interactive"), ("run -interactive x", "--interactive"), ("run -nmae=x y", "--name"), ("rm -F x", "-f, --force"),
            ("rm --fource x", "--force"), ("cont ls", "'hako container'"), ("rm --timngs x", "--timings"), ("run --hlep", "--help"),
        ])
    func suggestion(line: String, expected: String) {
        #expect(Fixture.error(line)?.suggestion == expected)
    }

    @Test("don't guess wildly", arguments: ["run --xyzzy x", "frobnicate", "sekret"])
    func noSuggestion(line: String) { #expect(Fixture.error(line)?.suggestion == nil) }

    @Test("say why an option isn't there, and let pass what asks for nothing")
    func unsupported() throws {
        let error = Fixture.error("run --gpus all x")
        #expect(error?.message == "--gpus is not supported: there is no GPU support")
        #expect(error?.exitCode == 125)
        #expect(Fixture.error("run --disable-content-trust=false x") != nil)
        #expect(try Fixture.parse("run --disable-content-trust x").1.flag("disable-content-trust"))
    }

    @Test("can be made by a command about a value of its own")
    func invalid() throws {
        let arguments = try Fixture.parse("run -e x y").1
        let error = arguments.invalid("x", for: "env", because: "no name")
        #expect(error.message == "invalid argument \"x\" for \"-e, --env\" flag: no name")
    }
}

@Suite("Values of options")
struct OptionValueTests {
    @Test(
        "sizes", arguments: [("512", 512), ("1b", 1), ("32k", 32768), ("32 KB", 32768), ("2GiB", 2_147_483_648), ("0.5m", 524_288), ("1p", 1 << 50)])
    func sizes(text: String, bytes: Int64) throws { #expect(try OptionValue.bytes(text) == bytes) }

    @Test("sizes that are none", arguments: ["", "k", "-1", "1x", "1kk", "99999999p", "1.2.3", "١", "1e3", "0x10"])
    func noSizes(text: String) { #expect(throws: OptionValueError.self) { try OptionValue.bytes(text) } }

    @Test(
        "fractions", arguments: [("1", 1_000_000_000), ("1.5", 1_500_000_000), (".000000001", 1), ("-2.", -2_000_000_000), ("0", 0)])
    func fractions(text: String, billionths: Int64) throws { #expect(try OptionValue.billionths(text) == billionths) }

    @Test("fractions that are none", arguments: ["", ".", "-", "1.0000000001", "1e3", "99999999999", "NaN", "1/2"])
    func noFractions(text: String) { #expect(throws: OptionValueError.self) { try OptionValue.billionths(text) } }

    @Test(
        "times",
        arguments: [
            ("0", 0), ("1h", 3_600_000_000_000), ("1h1m1s", 3_661_000_000_000), ("1.5s", 1_500_000_000), ("-200ms", -200_000_000),
            ("2us", 2_000), ("2µs", 2_000), ("7ns", 7), ("10m0s", 600_000_000_000),
        ])
    func times(text: String, nanoseconds: Int64) throws { #expect(try OptionValue.nanoseconds(text) == nanoseconds) }

    @Test("times that are none", arguments: ["", "5", "s", "1x", "1.2.3s", "99999999999h", ".s", "-", "1h 1m"])
    func noTimes(text: String) { #expect(throws: OptionValueError.self) { try OptionValue.nanoseconds(text) } }
}
