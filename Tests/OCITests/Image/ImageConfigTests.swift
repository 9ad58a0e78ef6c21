import OCI
import Testing

@Suite("An image's config")
struct ImageConfigTests {
    static let text =
        #"{"architecture":"amd64","config":{"User":"www","ExposedPorts":{"80/tcp":{}},"Env":["PATH=/bin","A="],"Cmd":["nginx","-g"],"Entrypoint":null,"Volumes":{"/data":{}},"WorkingDir":"/","Labels":{"z":"1","a":"2"},"StopSignal":"SIGQUIT","Healthcheck":{"Test":["CMD","true"],"Interval":30000000000,"Other":1},"ArgsEscaped":true,"OnBuild":null},"created":"2024-01-02T03:04:05Z","docker_version":"","history":[{"created":"2024-01-02T03:04:05Z","created_by":"x","empty_layer":true}],"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:\#(ManifestTests.hex)"]},"variant":"v2"}"#

    @Test("comes out as it went in")
    func roundTrip() throws {
        let config = try ImageConfig(json: JSON(parsing: Self.text))
        #expect(config.json.text() == Self.text)
        #expect(config.platform.description == "linux/amd64/v2")
        #expect(config.config.command == ["nginx", "-g"] && config.config.entrypoint == nil)
        #expect(config.config.labels["z"] == "1" && config.history.first?.isEmptyLayer == true)
        #expect(config.diffIDs.map(\.hex) == [ManifestTests.hex])
        #expect(try config.config.ports() == [ExposedPort(80...80, .tcp)])
        #expect(try config.config.volumePaths() == ["/data"])
    }

    private func execution(_ text: String) throws -> ExecutionConfig { try ExecutionConfig(json: JSON(parsing: text)) }

    @Test("takes nothing from the host's environment: an entry without a value is left out")
    func environment() throws {
        let config = try execution(#"{"Env":["AWS_SECRET_KEY","A=1","=x","","B="]}"#)
        #expect(config.environment == ["A=1", "B="])
    }

    @Test(
        "holds no NUL where a system call would end a text", arguments: ["Env", "Cmd", "Entrypoint", "Shell", "User", "WorkingDir", "StopSignal"])
    func nul(field: String) {
        let isText = ["User", "WorkingDir", "StopSignal"].contains(field)
        #expect(throws: FormatError.self) { try execution(isText ? "{\"\(field)\":\"a\\u0000b\"}" : "{\"\(field)\":[\"a=\\u0000b\"]}") }
    }

    @Test(
        "has volumes that stay in the container",
        arguments: [("/../../canary", "/canary"), ("/a/./b//c/", "/a/b/c"), ("/a/../b", "/b"), ("/é", "/é")])
    func volumes(path: String, expected: String) throws {
        #expect(try execution("{\"Volumes\":{\"\(path)\":{}}}").volumePaths() == [expected])
    }

    @Test("has no volume at the root or at a relative path", arguments: ["/", "/..", "a", "", "../a"])
    func noVolumes(path: String) { #expect(throws: FormatError.self) { try execution("{\"Volumes\":{\"\(path)\":{}}}").volumePaths() } }

    @Test(
        "exposes ports and ranges",
        arguments: [("80", "80/tcp"), ("53/udp", "53/udp"), ("8000-8010/TCP", "8000-8010/tcp"), ("1-65535", "1-65535/tcp"), ("9/sctp", "9/sctp")])
    func ports(text: String, expected: String) throws { #expect(ExposedPort(text)?.description == expected) }

    @Test("exposes nothing else", arguments: ["", "0", "65536", "80/", "80/icmp", "80/tcp/udp", "-1", "1-2-3", "9-8", "+80", "$PORT/tcp", "٨٠", "80-"])
    func noPorts(text: String) { #expect(ExposedPort(text) == nil) }

    @Test("asks for no health probe in every nanosecond")
    func healthcheck() throws {
        #expect(throws: FormatError.self) { try Healthcheck(test: ["CMD", "x"], interval: 1).check() }
        #expect(throws: FormatError.self) { try Healthcheck(test: ["CMD", "x"], timeout: -1_000_000).check() }
        #expect(throws: FormatError.self) { try Healthcheck(test: ["CMD", "x"], retries: -1).check() }
        try Healthcheck(test: ["CMD", "x"], interval: 1_000_000, retries: 3).check()
    }

    @Test(
        "is refused where a field is of another kind",
        arguments: [
            #"{"os":"linux","architecture":"amd64"}"#, #"{"os":"linux","architecture":"amd64","rootfs":{"type":"x"}}"#,
            #"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["x"]}}"#,
            #"{"os":1,"architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}"#,
            #"{"os":"linux","architecture":"amd64","config":[],"rootfs":{"type":"layers","diff_ids":[]}}"#,
        ])
    func refused(text: String) { #expect(throws: FormatError.self) { try ImageConfig(json: JSON(parsing: text)) } }
}
