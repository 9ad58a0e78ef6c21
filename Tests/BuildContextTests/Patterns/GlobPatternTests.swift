import BuildContext
import Linux
import Testing

@Suite("A pattern for one path")
struct GlobPatternTests {
    /// The table of Go's own tests (path/filepath/match_test.go).
    static let table: [(String, String, Bool)] = [
        ("abc", "abc", true), ("*", "abc", true), ("*c", "abc", true), ("a*", "a", true), ("a*", "abc", true),
        ("a*", "ab/c", false), ("a*/b", "abc/b", true), ("a*/b", "a/c/b", false),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", true), ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
        ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false), ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
        ("a*b?c*x", "abxbbxdbxebxczzx", true), ("a*b?c*x", "abxbbxdbxebxczzy", false), ("ab[c]", "abc", true),
        ("ab[b-d]", "abc", true), ("ab[e-g]", "abc", false), ("ab[^c]", "abc", false), ("ab[^b-d]", "abc", false),
        ("ab[^e-g]", "abc", true), ("a\\*b", "a*b", true), ("a\\*b", "ab", false), ("a?b", "a☺b", true),
        ("a[^a]b", "a☺b", true), ("a???b", "a☺b", false), ("a[^a][^a][^a]b", "a☺b", false), ("[a-ζ]*", "α", true),
        ("*[a-ζ]", "A", false), ("a?b", "a/b", false), ("a*b", "a/b", false), ("[\\]a]", "]", true),
        ("[\\-]", "-", true), ("[x\\-]", "x", true), ("[x\\-]", "-", true), ("[x\\-]", "z", false),
        ("[\\-x]", "x", true), ("[\\-x]", "-", true), ("[\\-x]", "a", false), ("*x", "xxx", true),
        ("", "", true), ("", "a", false), ("**", "a", true), ("a**b", "axb", true), ("[[]x]", "[x]", true),
        ("\\[x\\]", "[x]", true), ("[x]", "x", true), (".*", ".a", true), ("*", ".a", true),
        ("[z-a]", "m", false), ("[^z-a]", "m", true),
    ]

    @Test("matches what Go's filepath.Match does", arguments: table)
    func matches(pattern: String, path: String, expected: Bool) throws {
        #expect(try GlobPattern(PathBytes(path: pattern)).matches(PathBytes(path: path)) == expected)
    }

    @Test(
        "with a mistake is refused, whatever it is asked for",
        arguments: [
            "[]a]", "[-]", "[x-]", "[-x]", "\\", "[a-b-c]", "[", "[^", "[^bc", "a[", "abc\\", "[\\", "a*[b", "[a-",
            "[]",
        ])
    func refuses(pattern: String) {
        let error = #expect(throws: PatternError.self) { try GlobPattern(PathBytes(path: pattern)) }
        #expect(error?.description == "syntax error in pattern")
    }

    @Test("takes a byte that is no character for one")
    func invalidCharacters() throws {
        let name = try #require(PathBytes([0x61, 0xFF, 0xC3, 0x62]))
        #expect(try GlobPattern("a??b").matches(name))
        #expect(try !GlobPattern("a?b").matches(name))
        #expect(try GlobPattern("a[^x]*b").matches(name))
        let same = try GlobPattern(#require(PathBytes([0x61, 0xFF, 0x2A])))
        #expect(same.matches(name))
        #expect(try !same.matches(#require(PathBytes([0x61, 0xFE, 0xC3, 0x62]))))
    }

    @Test(
        "is a plain name without wildcards, its escapes taken away",
        arguments: [
            ("a", "a"), ("a\\*b", "a*b"), ("\\\\", "\\"), ("\\a\\b", "ab"),
        ])
    func literals(pattern: String, name: String) throws {
        #expect(try GlobPattern(PathBytes(path: pattern)).literal == PathBytes(path: name))
    }

    @Test("is none with them", arguments: ["a*", "?", "[a]", "a\\**"])
    func wildcards(pattern: String) throws { #expect(try GlobPattern(PathBytes(path: pattern)).literal == nil) }

    @Test("takes no more than a moment, whatever it is", .timeLimit(.minutes(10)))
    func hostile() throws {
        let stars = String(repeating: "a*", count: 200) + "b"
        #expect(try !GlobPattern(PathBytes(path: stars)).matches(PathBytes(path: String(repeating: "a", count: 500))))
        let questions = String(repeating: "*?", count: 200)
        #expect(
            try GlobPattern(PathBytes(path: questions)).matches(PathBytes(path: String(repeating: "a", count: 500))))
    }
}
