import Glibc
import TestSupport
import Testing

@testable import Registry

@Suite("Logins")
struct CredentialStoreTests: ~Copyable {
    let scratch: Scratch

    init() throws { scratch = try Scratch(["bin": .directory]) }

    private func store(_ json: String) throws -> CredentialStore {
        try scratch.add("config.json", .file(Array(json.utf8)))
        return CredentialStore(environment: ["DOCKER_CONFIG": scratch.root, "PATH": "relative:\(scratch.path("bin"))"])
    }

    private func addHelper(_ name: String, _ script: String) throws {
        try scratch.add("bin/docker-credential-\(name)", .file(Array("#!/bin/sh\n\(script)\n".utf8)))
        #expect(chmod(scratch.path("bin/docker-credential-\(name)"), 0o755) == 0)
    }

    @Test(
        "stand under the registry's name, exactly",
        arguments: [
            ("registry.example.com", "registry.example.com", true),
            ("https://registry.example.com/v1/", "registry.example.com", true),
            ("registry.example.com", "registry.example.com:5000", false),
            ("registry.example.com:5000", "registry.example.com", false),
            ("example.com", "registry.example.com", false), ("https://index.docker.io/v1/", "docker.io", true),
            ("registry.example.com.evil", "registry.example.com", false),
            ("Registry.Example.com", "registry.example.com", true),
        ])
    func names(key: String, registry: String, isFound: Bool) throws {
        let credential = try store(logins(for: key)).credential(for: registry)
        #expect((credential?.basic == basic) == isFound)
    }

    @Test("may be tokens")
    func tokens() throws {
        let store = try store(#"{"auths": {"a": {"identitytoken": "i"}, "b": {"registrytoken": "r"}, "c": {}}}"#)
        if case .identityToken("i")? = try store.credential(for: "a")?.kind {
        } else {
            Issue.record("no identity token")
        }
        if case .registryToken("r")? = try store.credential(for: "b")?.kind {
        } else {
            Issue.record("no registry token")
        }
        #expect(try store.credential(for: "c") == nil)
    }

    @Test("are absent where there is no file")
    func none() throws {
        #expect(try CredentialStore(environment: ["HOME": scratch.path("nowhere")]).credential(for: "a") == nil)
        #expect(try CredentialStore(environment: [:]).credential(for: "a") == nil)
    }

    @Test("come from helpers, whose program gets the registry's name on its standard input")
    func helper() throws {
        try addHelper(
            "one", #"[ "$1" = get ] && read n && echo "{\"ServerURL\":\"$n\",\"Username\":\"$n\",\"Secret\":\"s\"}""#)
        let store = try store(#"{"credHelpers": {"a:5000": "one"}, "credsStore": "one"}"#)
        #expect(try store.credential(for: "a:5000")?.username == "a:5000")
        #expect(try store.credential(for: "docker.io")?.username == "https://index.docker.io/v1/")
    }

    @Test("are looked for in the file where a helper has none")
    func fallback() throws {
        try addHelper("empty", "cat >/dev/null; echo credentials not found in native keychain; exit 1")
        var json = logins(for: "a")
        json.removeLast()
        #expect(try store(json + #", "credsStore": "empty"}"#).credential(for: "a")?.basic == basic)
    }

    @Test("are an error where the helper fails, and its output stays unseen")
    func failing() throws {
        try addHelper("bad", "cat >/dev/null; echo secret-output; exit 3")
        let store = try store(#"{"credsStore": "bad"}"#)
        let error = #expect(throws: RegistryError.self) { try store.credential(for: "a") }
        #expect(error?.reason == .credentialHelper("it failed, with status 3"))
    }

    @Test("are had by no program that isn't a helper", arguments: ["../x", "a/b", "", "a b", "x;y", ".", "é"])
    func helperNames(name: String) throws {
        let error = #expect(throws: RegistryError.self) {
            try CredentialHelper(named: name, environment: ["PATH": scratch.path("bin")])
        }
        #expect(error?.reason == .invalidConfiguration("a helper's name has letters, digits, _ and - only"))
    }

    @Test("are never described")
    func hidden() throws {
        let credential = try #require(try store(logins(for: "a")).credential(for: "a"))
        var dumped = ""
        dump(credential, to: &dumped)
        #expect(!"\(credential) \(String(reflecting: credential)) \(dumped)".contains("secret"))
    }
}
