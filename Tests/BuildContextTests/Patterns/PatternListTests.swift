import Linux
import Testing

@testable import BuildContext

@Suite("A list of patterns")
struct PatternListTests {
    /// The table of moby/patternmatcher's own tests.
    static let table: [(String, String, Bool)] = [
        ("**", "file", true), ("**/", "file", true), ("**", "dir/file", true), ("**/", "dir/file", true),
        ("**/**", "dir/file", true), ("dir/**", "dir/file", true), ("dir/**", "dir/dir2/file", true),
        ("**/dir", "dir", true), ("**/dir", "dir/file", true), ("**/dir2/*", "dir/dir2/file", true),
        ("**/dir2/**", "dir/dir2/dir3/file", true), ("**file", "file", true), ("**file", "dir/file", true),
        ("**/file", "dir/file", true), ("**file", "dir/dir/file", true), ("**/file", "dir/dir/file", true),
        ("**/file*", "dir/dir/file", true), ("**/file*", "dir/dir/file.txt", true),
        ("**/file*txt", "dir/dir/file.txt", true), ("**/file*.txt", "dir/dir/file.txt", true),
        ("**/file*.txt*", "dir/dir/file.txt", true), ("**/**/*.txt", "dir/dir/file.txt", true),
        ("**/**/*.txt2", "dir/dir/file.txt", false), ("**/*.txt", "file.txt", true), ("**/**/*.txt", "file.txt", true),
        ("a**/*.txt", "a/file.txt", true), ("a**/*.txt", "a/dir/file.txt", true),
        ("a**/*.txt", "a/dir/dir/file.txt", true), ("a/*.txt", "a/dir/file.txt", false),
        ("a/*.txt", "a/file.txt", true),
        ("a/*.txt**", "a/file.txt", true), ("a[b-d]e", "ae", false), ("a[b-d]e", "ace", true),
        ("a[b-d]e", "aae", false),
        ("a[^b-d]e", "aze", true), (".*", ".foo", true), (".*", "foo", false), ("abc.def", "abcdef", false),
        ("abc.def", "abc.def", true), ("abc.def", "abcZdef", false), ("abc?def", "abcZdef", true),
        ("abc?def", "abcdef", false), ("a\\\\", "a\\", true), ("**/foo/bar", "foo/bar", true),
        ("**/foo/bar", "dir/foo/bar", true), ("**/foo/bar", "dir/dir2/foo/bar", true), ("abc/**", "abc", false),
        ("abc/**", "abc/def", true), ("abc/**", "abc/def/ghi", true), ("**/.foo", ".foo", true),
        ("**/.foo", "bar.foo", false), ("a(b)c/def", "a(b)c/def", true), ("a(b)c/def", "a(b)c/xyz", false),
        ("a.|)$(}+{bc", "a.|)$(}+{bc", true), ("dist/*.whl", "dist/p-2.4.0rc3.dev36+g08acad9.whl", true),
        ("a\\*b", "a*b", true), ("a*", "ab/c", true), ("*", "a/b", true), ("**foo", "xfoo", true),
        ("**/foo", "xfoo", false), ("**foo*", "xfoo", false), ("a?b", "a☺b", true), ("a?b", "a/b", false),
        ("[a-ζ]*", "α", true), ("**/**/**/x", "x", true), ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "a/xb", false), ("a**b", "ab", true), ("a**b", "axb", false), ("a**b", "ax/b", true),
    ]

    @Test("matches what moby/patternmatcher does", arguments: table)
    func matches(pattern: String, path: String, expected: Bool) throws {
        #expect(try PatternList([PathBytes(path: pattern)]).matches(PathBytes(path: path)) == expected)
    }

    static let lists: [([PathBytes], PathBytes, Bool)] = [
        (["**", "!util/docker/web"], "util/docker/web/foo", false),
        (["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", true),
        (["**", "!dist/*.whl"], "dist/p+g08.whl", false), (["!fileutils.go", "*.go"], "fileutils.go", true),
        (["docs", "!docs/README.md"], "docs/README.md", false),
        (["docs/", "!docs/README.md"], "docs/README.md", false),
        (["docs/*", "!docs/README.md"], "docs/README.md", false), (["*.go", "!fileutils.go"], "fileutils.go", false),
        ([], "any/path/there", false), (["docs", " !docs/README.md "], "docs/README.md", false),
        (["dir", "!dir/sub/k"], "dir/sub/k", false), (["dir", "!dir/sub/k"], "dir/sub/l", true),
        (["!dir/sub/k", "dir"], "dir/sub/k", true), (["*", "!dir/sub"], "dir/sub/a/b", false),
        (["!a", "a"], "a", true), (["*", "!a", "a/b"], "a/b", true), (["*", "!a", "a/b"], "a/c", false),
        // moby's surprise: a pattern that changes nothing for a directory isn't asked, and doesn't hold for what is below.
        (["**/*.md", "!docs"], "docs/a.md", true), (["**/*.md", "!docs/**"], "docs/a.md", false),
        (["dir", "!dir/sub/k", "dir"], "dir/sub/k", false), (["dir", "!dir/sub/k", "dir/**"], "dir/sub/k", true),
        (["/"], "a", false), (["."], "a", false), (["./a"], "a", true), (["a/../b"], "b", true),
        (["a//b/"], "a/b", true),
    ]

    @Test("is decided by the last one that matches the path or a parent", arguments: lists)
    func lastOneDecides(patterns: [PathBytes], path: PathBytes, expected: Bool) throws {
        #expect(try PatternList(patterns).matches(path) == expected)
    }

    @Test("is refused with a mistake in it", arguments: ["[", "a[", "[]a]", "**/[x", "!\\"])
    func refuses(pattern: String) {
        let error = #expect(throws: PatternError.self) { try PatternList([PathBytes(path: pattern)]) }
        #expect(error?.description == "syntax error in pattern")
    }

    @Test("is read from an ignore file: comments, blanks, a byte order mark, CR and a slash at the start mean nothing")
    func ignoreFile() throws {
        let lines = [
            "\u{FEFF}#comment\r", "test1\r", "/test2", "", "  spaced  ", "#c", " ! /inverted/x", " #hash", "\\#esc",
            "**/inverted", "! inverted/y",
        ]
        let list = try PatternList(ignoreFile: Array(lines.joined(separator: "\n").utf8))
        let same = try PatternList([
            "test1", "test2", "spaced", "!inverted/x", "#hash", "\\#esc", "**/inverted", "!inverted/y",
        ])
        #expect(list == same)
        #expect(list.matches("#hash") && list.matches("#esc") && list.matches("test2") && list.matches("inverted/x"))
        #expect(!list.matches("#comment") && !list.matches("#c") && !list.matches("inverted/y"))
        #expect(try PatternList(ignoreFile: []).isEmpty)
        #expect(try PatternList(ignoreFile: [0xEF, 0xBB, 0xBF, 0x0A]).isEmpty)
    }

    @Test("is refused for a line that only takes back", arguments: ["!", "a\n! \n", "!/"])
    func loneExclamationMark(file: String) {
        let error = #expect(throws: PatternError.self) { try PatternList(ignoreFile: Array(file.utf8)) }
        #expect(error?.description == "illegal exclusion pattern: \"!\"")
    }

    @Test(
        "tells whether anything below an ignored directory can come back",
        arguments: [
            (["node_modules"], false), (["node_modules", "!src/keep"], false),
            (["!node_modules/x", "node_modules"], false),
            (["node_modules", "!node_modules/x"], true), (["node_modules", "!**/keep"], true),
            (["*", "!n*s/a/b"], true),
            (["**", "!other/**"], false), (["**/node_modules", "!dir/node_modules/x"], false),
        ] as [([PathBytes], Bool)])
    func pruning(patterns: [PathBytes], mayComeBack: Bool) throws {
        let list = try PatternList(patterns)
        var scratch = StateSet()
        let (isMatched, below) = list.enter("node_modules", at: list.topLevel, &scratch)
        #expect(isMatched)
        #expect(list.mayTakeBack(below: below) == mayComeBack)
    }

    @Test("takes no more than a moment, whatever is in it", .timeLimit(.minutes(10)))
    func hostile() throws {
        let name = PathBytes(path: String(repeating: "a", count: 120))
        let path = PathBytes(joining: Array(repeating: name, count: 4))
        let patterns = [
            String(repeating: "**/", count: 1000) + "b", String(repeating: "a**", count: 300) + "b",
            String(repeating: "**/*a", count: 200) + "b", String(repeating: "*a", count: 300) + "b",
            String(repeating: "[a-z]", count: 1000) + "b",
        ]
        #expect(try !PatternList(patterns.map { PathBytes(path: $0) }).matches(path))
        let many = try PatternList((0..<500).map { PathBytes(path: "**/x\($0)*y") })
        #expect(!many.matches(path))
    }
}
