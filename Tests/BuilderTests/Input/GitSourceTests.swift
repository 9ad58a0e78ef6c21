import Testing

@testable import Builder

@Suite("An address of a git repository")
struct GitSourceTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let text: String
        let url: String
        var reference: String?
        var subdirectory: String?
        var testDescription: String { text }
    }

    @Test(
        "is told apart from its reference and subdirectory",
        arguments: [
            Example(text: "https://host/a/b.git", url: "https://host/a/b.git"),
            Example(text: "https://host:8443/b.git#main", url: "https://host:8443/b.git", reference: "main"),
            Example(text: "https://host/b.git#v1.2:sub/dir", url: "https://host/b.git", reference: "v1.2", subdirectory: "sub/dir"),
            Example(text: "http://host/b.git#:./sub//", url: "http://host/b.git", subdirectory: "sub"),
            Example(text: "https://host/b.git#feature%2Fx", url: "https://host/b.git", reference: "feature/x"),
            Example(text: "https://host/b.git?branch=main&subdir=x", url: "https://host/b.git", reference: "refs/heads/main", subdirectory: "x"),
            Example(text: "https://host/b.git?tag=v1", url: "https://host/b.git", reference: "refs/tags/v1"),
            Example(text: "git@host.example.com:team/b.git#main", url: "git@host.example.com:team/b.git", reference: "main"),
            Example(text: "ssh://git@host/b", url: "ssh://git@host/b"),
            Example(text: "git://host/b", url: "git://host/b"),
            Example(text: "github.com/moby/buildkit#v1", url: "https://github.com/moby/buildkit", reference: "v1"),
        ])
    func parsed(_ example: Example) throws {
        let source = try #require(try GitSource(example.text))
        #expect(source.url == example.url)
        #expect(source.reference == example.reference)
        #expect(source.subdirectory == example.subdirectory)
    }

    @Test("says what else is wanted of it")
    func options() throws {
        let source = try #require(try GitSource("https://h/b.git?keep-git-dir=1&submodules=false&checksum=ABCDEF0"))
        #expect(source.keepsGitDirectory == true && !source.fetchesSubmodules && source.checksum == "abcdef0")
        #expect(try source.with(keepsGitDirectory: false, checksum: nil).keepsGitDirectory == false)
        #expect(throws: GitSource.Failure.self) { try source.with(keepsGitDirectory: nil, checksum: "1234567") }
    }

    @Test("is none where it is a path, or a file of the web", arguments: ["dir", "./a.git", "../b.git", "https://host/a.tar.gz", "a:b", "@x:y", "/x@y:z"])
    func none(text: String) throws { #expect(try GitSource(text) == nil) }

    @Test(
        "is refused where git or ssh could take it for something else (T-B2)",
        arguments: [
            "https://host/b.git#--upload-pack=x", "https://host/b.git#a..b", "https://host/b.git#a b", "https://host/b.git#-x", "https://host/b.git#x/-y",
            "https://host/b.git#:../..", "https://host/b.git#main:a/../../b", "https://host/b.git#a%00b", "https://host/b.git#a:b%00c",
            "ssh://-oProxyCommand=x/b", "ssh://host/-x", "git@-oProxyCommand=x:b", "git@host:-x", "https:///b.git", "https://ho st/b.git",
            "file:///srv/b.git", "ext://x", "https://host/b.git?ref=a&ref=b", "https://host/b.git?ref=a#b", "https://host/b.git?upload-pack=x",
            "https://host/b.git?checksum=xyz", "https://host/b.git#@", "https://host/b.git#x.lock", "https://host/b.git#a^{}",
        ])
    func refused(text: String) { #expect(throws: GitSource.Failure.self) { try GitSource(text) } }

    @Test("shows no password")
    func redacted() throws {
        let source = try #require(try GitSource("https://me:secret@host/b.git#main"))
        #expect(source.redactedURL == "https://host/b.git" && source.url.contains("secret") && source.host == "host")
        #expect(source.origin == "https://host")
    }

    @Test("names a branch before a tag, and of an annotated tag the commit")
    func references() {
        let digits = { (digit: String) in String(repeating: digit, count: 40) }
        let listing = """
            \(digits("1"))\trefs/heads/v1
            \(digits("2"))\trefs/tags/v1
            \(digits("3"))\trefs/tags/v2
            \(digits("4"))\trefs/tags/v2^{}
            \(digits("5"))\trefs/heads/x/v3
            not a digest\trefs/heads/bad
            """
        #expect(GitCommit("v1", in: listing) == GitCommit(digest: digits("1"), name: "refs/heads/v1"))
        #expect(GitCommit("refs/tags/v1", in: listing) == GitCommit(digest: digits("2"), name: "refs/tags/v1"))
        #expect(GitCommit("v2", in: listing) == GitCommit(digest: digits("4"), name: "refs/tags/v2"))
        #expect(GitCommit("v3", in: listing) == nil)
        #expect(GitCommit("bad", in: listing) == nil)
    }
}

@Suite("What a build's context names")
struct ContextSourceTests {
    @Test("is told by its form, a directory that is there before all else")
    func kinds() throws {
        let source = { (text: String) in try ContextSource(text) { $0 == "dir" || $0 == "git@host:x" } }
        #expect(try source("-") == .standardInput)
        #expect(try source("dir") == .directory("dir"))
        #expect(try source("git@host:x") == .directory("git@host:x"))
        #expect(try source("gone") == .directory("gone"))
        #expect(try source("https://h/c.tar.gz") == .file("https://h/c.tar.gz"))
        #expect(try source("HTTP://h/Dockerfile") == .file("HTTP://h/Dockerfile"))
        #expect(try source("docker-image://alpine:3") == .image("alpine:3"))
        #expect(try source("oci-layout:///srv/layout:v1") == .layout("/srv/layout:v1"))
        guard case .repository(let git) = try source("git@other:x.git#main") else { throw BuildError("no repository") }
        #expect(git.reference == "main")
        #expect(throws: BuildError.self) { try source("file:///etc") }
    }

    @Test(
        "of a file's address is its last part, and no more",
        arguments: [
            ("https://h/a/b.txt", "b.txt"), ("https://h/a/b.txt?x=/y#z/w", "b.txt"), ("https://h/a%20b", "a b"), ("https://h", "__unnamed__"),
            ("https://h/", "__unnamed__"), ("https://h/a/", "a"), ("https://h/x%2f..%2fy", "y"),
        ])
    func names(url: String, name: String) throws { #expect(try RemoteFile.name(of: url).description == name) }

    @Test("is refused where it leads elsewhere (T-B9)", arguments: ["https://h/%2e%2e", "https://h/a/..", "https://h/%2e%2e%2f", "https://h/.", "https://h/a%00b"])
    func refusedNames(url: String) { #expect(throws: BuildError.self) { try RemoteFile.name(of: url) } }
}
