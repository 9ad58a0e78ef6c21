import OCI
import Testing

@Suite("Names of images")
struct ReferenceTests {
    static let hex = String(repeating: "a1", count: 32)

    @Test(
        "are made whole as Docker does, and short again",
        arguments: [
            ("nginx", "docker.io/library/nginx", "nginx"), ("nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25"),
            ("user/app", "docker.io/user/app", "user/app"), ("docker.io/nginx", "docker.io/library/nginx", "nginx"),
            ("index.docker.io/library/nginx", "docker.io/library/nginx", "nginx"), ("localhost/app:x", "localhost/app:x", "localhost/app:x"),
            ("localhost:5000/app", "localhost:5000/app", "localhost:5000/app"), ("ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1"),
            ("[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"), ("[fe80::1]/x", "[fe80::1]/x", "[fe80::1]/x"), ("127.0.0.1/x", "127.0.0.1/x", "127.0.0.1/x"),
            ("HOST/app", "HOST/app", "HOST/app"), ("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f", "a__b/c--d.e_f"),
            ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"), ("nginx:_T.-9", "docker.io/library/nginx:_T.-9", "nginx:_T.-9"),
            ("localhost", "docker.io/library/localhost", "localhost"),
        ])
    func wholeAndFamiliar(text: String, whole: String, familiar: String) throws {
        let reference = try Reference(text)
        #expect(reference.description == whole)
        #expect(reference.familiar == familiar)
        #expect(try Reference(whole) == reference)
        #expect(try Reference(familiar) == reference)
    }

    @Test("may have a digest, and get a tag only where there is none")
    func digests() throws {
        let both = try Reference("nginx:1@sha256:\(Self.hex)")
        #expect(both.tag == "1" && both.digest?.hex == Self.hex)
        #expect(both.withDefaultTag == both)
        #expect(try Reference("x@sha256:\(Self.hex)").withDefaultTag.tag == nil)
        #expect(try Reference("x").withDefaultTag.familiar == "x:latest")
        #expect(try Reference("x:1").tagged("2").familiar == "x:2")
        #expect(throws: ReferenceError.format) { try Reference("x").tagged("-2") }
    }

    @Test(
        "are refused in Docker's words",
        arguments: [
            ("", "invalid reference format"), ("a b", "invalid reference format"), ("a//b", "invalid reference format"), ("/a", "invalid reference format"),
            ("a/", "invalid reference format"), ("a:", "invalid reference format"), ("a@", "invalid reference format"), ("-a", "invalid reference format"),
            ("a..b", "invalid reference format"), ("a___b", "invalid reference format"), ("a:b:c", "invalid reference format"),
            ("a:" + String(repeating: "x", count: 129), "invalid reference format"), ("host:port/a", "invalid reference format"),
            ("../etc/passwd", "invalid reference format"), ("a/../b", "invalid reference format"), ("é", "invalid reference format"),
            ("a\n", "invalid reference format"), ("a\r\n", "invalid reference format"), ("a\u{0}", "invalid reference format"), ("[::1/x", "invalid reference format"),
            ("Nginx", "invalid reference format: repository name (library/Nginx) must be lowercase"),
            ("localhost:5000/Foo:v", "invalid reference format: repository name (Foo) must be lowercase"),
            (hex, "invalid repository name (\(hex)), cannot specify 64-byte hexadecimal strings"),
            (String(repeating: "a", count: 300), "repository name must not be more than 255 characters"),
            ("a@sha256:abc", "invalid checksum digest length"), ("a@sha1:\(hex)", "unsupported digest algorithm"),
            ("a@sha256:\(hex.uppercased())", "invalid checksum digest format"), ("a@sha256", "invalid reference format"),
        ])
    func refused(text: String, message: String) {
        let error = #expect(throws: ReferenceError.self) { try Reference(text) }
        #expect(error?.description == message)
    }
}

@Suite("Digests")
struct DigestTests {
    @Test("are an algorithm and its number of lower-case digits")
    func grammar() throws {
        let digest = try Digest("sha256:" + ReferenceTests.hex)
        #expect(digest.algorithm == .sha256 && digest.short == "a1a1a1a1a1a1" && digest.description == "sha256:" + ReferenceTests.hex)
        #expect(try Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0xA1, count: 32)) == digest)
        #expect(try Digest("sha512:" + ReferenceTests.hex + ReferenceTests.hex).algorithm == .sha512)
        #expect(throws: DigestError.length) { try Digest(algorithm: .sha256, bytes: [1]) }
    }

    @Test(
        "are nothing that could be a path or another spelling",
        arguments: [
            "", "sha256", "sha256:", ":", "sha256:../../x", "SHA256:\(ReferenceTests.hex)", "sha256:\(ReferenceTests.hex.uppercased())",
            "sha256:\(ReferenceTests.hex)0", "sha256:\(ReferenceTests.hex)\n", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha512:\(ReferenceTests.hex)",
            "../x:\(ReferenceTests.hex)", "sha256:" + String(repeating: "é", count: 32), " sha256:\(ReferenceTests.hex)",
        ])
    func refused(text: String) { #expect(throws: DigestError.self) { try Digest(text) } }
}

@Suite("Platforms")
struct PlatformTests {
    @Test(
        "are read in any of their names",
        arguments: [
            ("linux/arm64/v8", "linux/arm64"), ("linux/x86_64", "linux/amd64"), ("Linux/AArch64", "linux/arm64"), ("linux/armhf", "linux/arm/v7"),
            ("linux/arm", "linux/arm/v7"), ("linux/arm/6", "linux/arm/v6"), ("linux/amd64/v1", "linux/amd64"), ("linux/amd64/v3", "linux/amd64/v3"),
            ("arm64", "linux/arm64"), ("i386", "linux/386"), ("macos/arm64", "darwin/arm64"), ("linux/riscv64", "linux/riscv64"), ("linux/armel", "linux/arm/v6"),
        ])
    func names(text: String, expected: String) throws { #expect(try Platform(text).description == expected) }

    @Test("are refused where they say nothing", arguments: ["", "/", "linux/", "foo", "a/b/c/d", "linux/a b", "linux//v8", "é"])
    func refused(text: String) { #expect(throws: PlatformError.self) { try Platform(text) } }

    @Test("run what is older or narrower, the best first")
    func ranks() throws {
        func rank(_ host: String, _ image: String) throws -> Int? { try Platform(host).rank(of: Platform(image)) }
        #expect(try rank("linux/amd64", "linux/amd64") == 0)
        #expect(try rank("linux/amd64", "linux/386") == 1)
        #expect(try rank("linux/amd64", "linux/amd64/v2") == nil)
        #expect(try rank("linux/amd64/v3", "linux/amd64/v2") == 1)
        #expect(try rank("linux/arm64", "linux/arm64/v8") == 0)
        #expect(try rank("linux/arm64", "linux/arm/v7") == 2)
        #expect(try rank("linux/arm/v6", "linux/arm/v7") == nil)
        #expect(try rank("linux/arm/v7", "linux/arm/v6") == 1)
        #expect(try rank("linux/amd64", "windows/amd64") == nil)
    }
}
