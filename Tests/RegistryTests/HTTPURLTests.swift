import Testing

@testable import Registry

@Suite("Addresses")
struct HTTPURLTests {
    @Test(
        "are read strictly",
        arguments: [
            ("https://Registry.Example.COM/v2/", "https://registry.example.com/v2/"),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000/"), ("https://h:443/a?b=c#d", "https://h/a?b=c"),
            ("HTTPS://[::1]:5000/", "https://[::1]:5000/"), ("https://h/a|b\"", "https://h/a%7Cb%22"),
        ])
    func reads(text: String, canonical: String) { #expect(HTTPURL(text)?.description == canonical) }

    @Test(
        "are refused where two readers could see two hosts",
        arguments: [
            "https://a@b/", "https://a:b@c/", "https://a\\@b/", "https://a b/", "https://a\r\nHost: b/",
            "https://a/x\r\ny",
            "file:///etc/passwd", "https:/a", "https:///x", "//a/b", "https://a:0/", "https://a:65536/",
            "https://a:+80/",
            "https://[::1/", "https://é/", "ftp://a/", "", "https://", "unix:///run/x",
        ])
    func refuses(text: String) { #expect(HTTPURL(text) == nil) }

    @Test(
        "are taken from a Location as RFC 3986 says",
        arguments: [
            ("/x?y", "https://a:1/x?y"), ("//b/x", "https://b/x"), ("http://b/", "http://b/"),
            ("z", "https://a:1/v2/z"),
            ("?q", "https://a:1/v2/p?q"), ("x/y:z", "https://a:1/v2/x/y:z"),
        ])
    func resolves(location: String, target: String) {
        #expect(HTTPURL("https://a:1/v2/p?old")?.resolving(location)?.description == target)
    }

    @Test("lead to no other scheme", arguments: ["file:///x", "javascript:x", "https://user@b/", "a:b"])
    func refusesLocation(location: String) { #expect(HTTPURL("https://a/")?.resolving(location) == nil) }

    @Test(
        "are this machine's by spelling alone",
        arguments: [
            ("localhost", true), ("127.0.0.1", true), ("127.9.9.9", true), ("[::1]", true), ("localhost.evil", false),
            ("127.0.0.1.evil", false), ("128.0.0.1", false), ("0.0.0.0", false), ("127.0.0.01", false),
        ])
    func loopback(host: String, isLoopback: Bool) { #expect(HostName.isLoopback(host) == isLoopback) }
}

@Suite("Proxies")
struct ProxySettingsTests {
    private func proxy(for url: String, _ environment: [String: String]) throws -> String? {
        let origin = try #require(HTTPURL(url)?.origin)
        return try ProxySettings(environment: environment).proxy(for: origin).map { "\($0.host):\($0.port)" }
    }

    @Test("are chosen by the scheme of the request")
    func scheme() throws {
        let environment = ["HTTPS_PROXY": "http://s:1", "http_proxy": "p:2"]
        #expect(try proxy(for: "https://a/", environment) == "s:1")
        #expect(try proxy(for: "http://a/", environment) == "p:2")
        #expect(try proxy(for: "https://127.0.0.1/", environment) == nil)
        #expect(try proxy(for: "https://a/", [:]) == nil)
    }

    @Test(
        "are not used for what NO_PROXY names",
        arguments: [
            ("example.com", "https://example.com/", true), ("example.com", "https://a.example.com/", true),
            (".example.com", "https://example.com/", false), (".example.com", "https://a.example.com/", true),
            ("example.com", "https://badexample.com/", false), ("*", "https://a/", true),
            ("10.0.0.0/8", "https://10.1.2.3/", true), ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("example.com:5000", "https://example.com/", false),
            ("example.com:5000", "https://example.com:5000/", true),
            ("2001:db8::/32", "https://[2001:db8::1]/", true), ("x, 10.0.0.1", "https://10.0.0.1/", true),
        ])
    func exceptions(list: String, url: String, isExcepted: Bool) throws {
        #expect((try proxy(for: url, ["HTTPS_PROXY": "http://s:1", "NO_PROXY": list]) == nil) == isExcepted)
    }

    @Test(
        "that can't be used are an error, without their password",
        arguments: ["ftp://u:secret@h", "http://u:secret@", "http://a b"])
    func invalid(text: String) {
        let error = #expect(throws: RegistryError.self) { try ProxySettings(environment: ["HTTPS_PROXY": text]) }
        #expect(error?.operand == "HTTPS_PROXY")
        #expect(error?.description.contains("secret") == false)
    }
}

@Suite("Challenges")
struct ChallengeTests {
    @Test("are read with all their parameters")
    func bearer() {
        let field =
            #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#
        #expect(
            Challenge.all(in: [field])
                == [
                    .bearer(
                        realm: "https://auth.docker.io/token", service: "registry.docker.io",
                        scope: "repository:a/b:pull,push")
                ])
    }

    @Test("may share a field, and unknown ones are passed over")
    func several() {
        #expect(
            Challenge.all(in: [#"Negotiate, Basic realm="a \" b", bearer realm=x , service = "y""#])
                == [.basic, .bearer(realm: "x", service: "y", scope: nil)])
    }

    @Test(
        "that make no sense are none",
        arguments: ["", ",,,", "=", "\"", "Bearer", "Bearer =\"x\"", "Bearer realm", "Basic\"\"="])
    func nonsense(field: String) {
        for challenge in Challenge.all(in: [field]) { #expect(challenge == .basic) }
    }
}
