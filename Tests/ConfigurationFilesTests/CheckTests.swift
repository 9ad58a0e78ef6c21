import ConfigurationFiles
import Testing
import TestSupport

/// A file that is gone with the test.
struct ConfigurationFixture: ~Copyable {
    let scratch: Scratch
    var path: String { scratch.path("config.json") }

    init(_ text: String) throws { scratch = try Scratch(["config.json": .file(Array(text.utf8))]) }

    /// What is wrong, as `LINE:COLUMN message`.
    borrowing func complaints() throws -> [String] {
        do throws(ConfigurationError) {
            let file = try ConfigurationFile(path: path)
            return file.findings().map(file.located).map(Self.line)
        } catch {
            guard case .wrong(let found) = error else { throw error }
            return [Self.line(found)]
        }
    }

    private static func line(_ found: LocatedFinding) -> String {
        "\(found.line):\(found.column) \(found.finding.isError ? "" : "warning: ")\(found.finding.message)"
    }
}

@Suite("A configuration")
struct CheckTests {
    @Test("without a mistake is read with comments and a last comma, and says what it says")
    func reads() throws {
        let fixture = try ConfigurationFixture(
            """
            // the machine's owner
            { "dns": ["192.0.2.53", "2001:db8::53",], /* two */
              "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 100, "Hard": -1}},
              "default-shm-size": "1g", "bip": "10.9.0.1/24", "init": true, "icc": true,
              "default-address-pools": [{"base": "10.64.0.0/12", "size": 24}],
              "runtimes": {"mine": {"path": "/opt/crun"}}, "log-opts": {"max-size": "5m"},
            }
            """)
        #expect(try fixture.complaints() == [])
        let configuration = try EngineConfiguration.read(path: fixture.path)
        #expect(configuration.dns == ["192.0.2.53", "2001:db8::53"])
        #expect(configuration.ulimits.map { "\($0.name) \($0.soft) \($0.hard)" } == ["nofile 100 -1"])
        #expect(configuration.shmSize == 1 << 30)
        #expect(configuration.bridgeSubnet.map { "\($0)" } == "10.9.0.0/24")
        #expect(configuration.usesInit)
        #expect(configuration.addressPools.map { "\($0.base) \($0.prefixLength)" } == ["10.64.0.0/12 24"])
        #expect(configuration.runtimes == ["mine": "/opt/crun"])
        #expect(configuration.logOptions == ["max-size": "5m"])
    }

    @Test("that isn't there is no mistake, unless it was named")
    func missing() throws {
        let scratch = try Scratch()
        #expect(throws: ConfigurationError.self) { try EngineConfiguration.read(path: scratch.path("none")) }
        #expect(EngineConfiguration().path == nil)
    }

    @Test(
        "with a mistake has it pointed at, with the key that was meant",
        arguments: [
            ("{\n  \"registry-mirror\": []\n}", "2:3 \"registry-mirror\" is no key of the configuration; did you mean \"registry-mirrors\"?"),
            ("{\"logDriver\": \"none\"}", "1:2 \"logDriver\" is no key of the configuration; did you mean \"log-driver\"?"),
            ("{\"insecure-registry\": 1}", "1:2 \"insecure-registry\" is no key of the configuration; did you mean \"insecure-registries\"?"),
            ("{\"zzzz\": 1}", "1:2 \"zzzz\" is no key of the configuration"),
            ("{\"dns\": \"1.1.1.1\"}", "1:9 \"dns\" must be an array of IP addresses, not \"1.1.1.1\""),
            ("{\"dns\": [\n \"1.1.1.1\", \"x\"]}", "2:13 \"dns[1]\" is \"x\": it is no IP address"),
            ("{\"init\": \"true\"}", "1:10 \"init\" must be true or false, not \"true\""),
            ("{\"mtu\": 70000}", "1:9 \"mtu\" must be a number of bytes from 1280 to 65535, not 70000"),
            ("{\"default-shm-size\": \"much\"}", "1:22 \"default-shm-size\" must be a size in bytes, as 67108864 or \"64m\", not \"much\""),
            ("{\"bip\": \"10.9.0.7/24\"}", "1:9 \"bip\" is \"10.9.0.7/24\": the bridge has the first address of its network: write 10.9.0.1/24"),
            ("{\"bip\": \"10.9.0.0/33\"}", "1:9 \"bip\" is \"10.9.0.0/33\": it is no IPv4 address with a prefix"),
            ("{\"default-ulimits\": {\"nofile\": {\"soft\": 1, \"Hard\": 2}}}",
             "1:33 \"soft\" is no member of \"default-ulimits.nofile\", which has Name, Soft, Hard; did you mean \"Soft\"?"),
            ("{\"default-address-pools\": [{\"base\": \"10.0.0.0/8\"}]}", "1:28 \"default-address-pools[0]\" has no \"size\""),
            ("{\"registry-mirrors\": [\"mirror\"]}", "1:23 \"registry-mirrors[0]\" is \"mirror\": it must begin with https:// or http://"),
            ("{\"registry-mirrors\": [\"https://a/b\"]}", "1:23 \"registry-mirrors[0]\" is \"https://a/b\": behind https:// stands HOST or HOST:PORT, and no more"),
            ("{\"icc\": false}", "1:2 \"icc\" is not supported: containers on one network can't be kept apart yet; --network none does"),
            ("{\"hosts\": [\"tcp://0.0.0.0\"]}", "1:2 warning: \"hosts\" means nothing here: nothing listens: there is no daemon"),
            ("{\"dns\": [1 2]}", "1:12 expected ',' or ']'"),
            ("{\"dns\": [], \"dns\": []}", "1:13 repeated member \"dns\""),
            ("[]", "1:1 the configuration must be an object"),
            ("", "1:1 unexpected end"),
        ])
    func mistakes(text: String, complaint: String) throws {
        let fixture = try ConfigurationFixture(text)
        let found = try fixture.complaints()
        #expect(found.contains(complaint), "\(found)")
        guard !complaint.contains("warning") else { return }
        #expect(throws: ConfigurationError.self) { try EngineConfiguration.read(path: fixture.path) }
    }

    @Test("shows the line and where on it")
    func excerpt() throws {
        let fixture = try ConfigurationFixture("{\n\t\"dnss\": []\n}")
        let file = try ConfigurationFile(path: fixture.path)
        #expect(file.findings().map(file.located).map(\.excerpt) == ["    \t\"dnss\": []\n    \t^\n"])
    }

    @Test("has no key twice, none that is also one that it has not, and a shape for each")
    func table() {
        let names = ConfigurationKey.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(ConfigurationKey.all.allSatisfy { !$0.shape.words.isEmpty && $0.meaning.hasSuffix(".") && !$0.defaultText.isEmpty })
    }
}
