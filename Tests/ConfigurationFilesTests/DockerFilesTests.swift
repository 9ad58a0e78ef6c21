import ConfigurationFiles
import OCI
import Testing
import TestSupport

@Suite("Docker's files")
struct DockerFilesTests {
    @Test("are taken over key by key, and what is not says why")
    func daemonFile() throws {
        let fixture = try ConfigurationFixture(
            """
            {
              "dns": ["192.0.2.53"],
              "hosts": ["unix:///var/run/docker.sock"],
              "data-root": "/srv/docker",
              "bip": "10.9.0.9/24",
              "storage-driver": "overlay2",
              "runtimes": {"a": {"path": "/opt/a"}, "b": {"runtimeType": "io.containerd.kata.v2"}},
              "logdriver": "none"
            }
            """)
        let taken = try DaemonFileImport(path: fixture.path)
        let lines = taken.entries.map { "\($0.line) \($0.name): \($0.reason ?? "taken")" }
        #expect(lines.count == 8)
        #expect(lines.prefix(2) == ["2 dns: taken", "3 hosts: nothing listens: there is no daemon"])
        #expect(lines[2].hasPrefix("4 data-root: Docker's directory"))
        #expect(lines[3].contains("write 10.9.0.1/24"))
        #expect(lines[4] == "6 storage-driver: Hako does so anyway")
        #expect(lines[5] == "7 runtimes: taken")
        #expect(lines[6].hasSuffix("not b"))
        #expect(lines[7].contains("did you mean \"log-driver\"?"))
        let written = try ConfigurationFixture(taken.text)
        #expect(try written.complaints() == [])
        let configuration = try EngineConfiguration.read(path: written.path)
        #expect(configuration.document == ["dns": ["192.0.2.53"], "runtimes": ["a": ["path": "/opt/a"]]])
    }

    private func read(_ text: String) throws -> (configuration: ClientConfiguration, warnings: [String]) {
        let scratch = try Scratch(["config.json": .file(Array(text.utf8))])
        var warnings: [String] = []
        let configuration = ClientConfiguration.read(directory: scratch.root) { warnings.append($0.replacing(scratch.root, with: "D")) }
        return (configuration, warnings)
    }

    @Test("the user's says how lists look, and which keys detach")
    func client() throws {
        let (configuration, warnings) = try read(#"{"psFormat": "{{.ID}}", "detachKeys": "ctrl-x", "HttpHeaders": {"a": "b"}, "statsFormat": null}"#)
        #expect(warnings == [])
        #expect(configuration.formats == ["psFormat": "{{.ID}}"])
        #expect(configuration.detachKeys == "ctrl-x")
    }

    @Test("the user's that is broken is passed over with a warning", arguments: [
        ("{ x }", "Error parsing config file (D/config.json): expected a member's name at line 1, column 3"),
        (#"{"psFormat": 1}"#, "Error parsing config file (D/config.json): psFormat must be a text"),
    ])
    func broken(text: String, warning: String) throws {
        let (configuration, warnings) = try read(text)
        #expect(warnings == [warning])
        #expect(configuration.formats.isEmpty)
    }

    @Test("proxies are for the daemon or for all, in both spellings, below what is given")
    func proxies() throws {
        let (configuration, _) = try read(
            #"{"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "x"}, "tcp://far": {"httpsProxy": "http://q:2"}}}"#)
        #expect(configuration.proxyVariables(host: "unix:///x", beside: []) == ["HTTP_PROXY=http://p:1", "http_proxy=http://p:1", "NO_PROXY=x", "no_proxy=x"])
        #expect(configuration.proxyVariables(host: "unix:///x", beside: ["http_proxy=", "NO_PROXY"]) == ["HTTP_PROXY=http://p:1", "no_proxy=x"])
        #expect(configuration.proxyVariables(host: "tcp://far", beside: []) == ["HTTPS_PROXY=http://q:2", "https_proxy=http://q:2"])
        #expect(ClientConfiguration().proxyVariables(host: "x", beside: []) == [])
    }
}
