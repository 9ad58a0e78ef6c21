import Dockerfile
import Testing

@Suite("Expansion of words")
struct ExpansionTests {
    static let variables = [
        "e": "", "a": "abc", "S": "a.tar.gz", "P": "/usr/lib/x", "two": "x  y", "star": "a*b", "u8": "aéñb", "n": "1",
        "_x1": "under",
    ]

    @Test(
        "follows BuildKit's forms",
        arguments: [
            ("$a", "abc"), ("${a}", "abc"), ("x$a-y", "xabc-y"), ("$ab", ""), ("${a}b", "abcb"), ("$", "$"),
            ("a$", "a$"), ("$.", "$."),
            ("$1 $$ $@ $? $# $!", "     "), ("$11x", "x"), ("$_x1.", "under."), ("${n}0", "10"), ("$é", "$é"),
            ("${e:-d}", "d"), ("${e-d}", ""), ("${u:-d}", "d"), ("${u-d}", "d"), ("${a:-d}", "abc"), ("${u:-}", ""),
            ("${e:+w}", ""), ("${e+w}", "w"), ("${a:+w}", "w"), ("${u+w}", ""), ("${a:?m}", "abc"), ("${e?m}", ""),
            ("${u:-${a}${u:-x}}", "abcx"), ("${u:-\"q }\"}", "q }"), ("${u:-a\\}b}", "a}b"), ("${u:-x y}", "x y"),
            ("${S##*.}", "gz"), ("${S#*.}", "tar.gz"), ("${S%.*}", "a.tar"), ("${S%%.*}", "a"), ("${S#x}", "a.tar.gz"),
            ("${P##*/}", "x"), ("${P%/*}", "/usr/lib"), ("${P#/???/}", "lib/x"), ("${u8#a?}", "ñb"), ("${u8%?b}", "aé"),
            ("${u#x}", ""),
            ("${S//./_}", "a_tar_gz"), ("${S/./_}", "a_tar.gz"), ("${P//\\//-}", "-usr-lib-x"),
            ("${S/t*r/X}", "a.X.gz"),
            ("${S/*./}", "gz"), ("${star/\\*/+}", "a+b"), ("${S//[a]/x}", "a.tar.gz"), ("${S/x/y}", "a.tar.gz"),
            ("${u/a/b}", ""),
            ("${a/b/$S}", "aa.tar.gzc"), ("${a/?/x}", "xbc"), ("${a//?/x}", "xxx"), ("${S/.*/}", "a"),
            ("${a/%/x}", "abc"),
            ("'$a'", "$a"), ("\"$a\"", "abc"), ("\"a\\\"b\\$a\\\\c\\d\"", "a\"b$a\\c\\d"), ("\\$a", "$a"),
            ("a\\b", "ab"), ("a\\", "a"),
            ("\\\\", "\\"), ("'a\\b'", "a\\b"), ("\"'\"", "'"), ("a''b\"\"", "ab"), ("é'ü'", "éü"), ("", ""),
        ])
    func forms(word: String, expected: String) throws {
        #expect(try Sample.expand(word, Self.variables).text == expected)
    }

    @Test(
        "tells what it can't do, in BuildKit's words",
        arguments: [
            ("${u:?}", "u: is not allowed to be unset"), ("${u?}", "u: is not allowed to be unset"),
            ("${e:?}", "e: is not allowed to be empty"),
            ("${u:?own $a}", "u: own abc"), ("${", "syntax error: missing '}'"), ("${a", "syntax error: missing '}'"),
            ("${a:", "syntax error: missing '}'"), ("${a:-x", "syntax error: missing '}'"),
            ("${a:-\"x", "syntax error: missing '}'"),
            ("${}", "syntax error: bad substitution"), ("${:x}", "syntax error: bad substitution"),
            ("${{a}}", "syntax error: bad substitution"),
            ("${a^}", "unsupported modifier (^) in substitution"),
            ("${a@Q}", "unsupported modifier (@) in substitution"),
            ("${a:1:2}", "unsupported modifier (:1) in substitution"),
            ("${a:#x}", "unsupported modifier (:#) in substitution"),
            ("${#a}", "unsupported modifier (a) in substitution"),
            ("${aé}", "unsupported modifier (é) in substitution"),
            ("${a/b}", "syntax error: missing '/' in ${}"), ("${a/b/c", "syntax error: missing '}'"),
            ("${a#\\b}", "invalid pattern (\\b) in substitution: invalid escape '\\b'"),
            ("'a", "unexpected end of statement while looking for matching single-quote"),
            ("\"a", "unexpected end of statement while looking for matching double-quote"),
        ])
    func mistakes(word: String, message: String) {
        let error = #expect(throws: ExpansionError.self) { try Sample.expand(word, Self.variables) }
        var quoted = ""
        for character in word { quoted += character == "\"" || character == "\\" ? "\\\(character)" : "\(character)" }
        #expect(error?.message == "failed to process \"\(quoted)\": \(message)")
        #expect(error?.word == word)
    }

    @Test("escapes with the directive's character")
    func escape() throws {
        #expect(try Sample.expand("c:\\a\\`$a`\\", escape: "`", Self.variables).text == "c:\\a\\$a\\")
        #expect(try Sample.expand("\"`\"\\n\"", escape: "`", Self.variables).text == "\"\\n")
    }

    @Test("splits at spaces that are neither quoted nor escaped; a variable's split, too")
    func words() throws {
        #expect(
            try Sample.expand("a  $two 'p q' r\\ s \"$two\" ''", Self.variables).words == [
                "a", "x", "y", "p q", "r s", "x  y",
            ])
        #expect(try Sample.expand("$two", Self.variables).text == "x  y")
        #expect(try Sample.expand("$u", Self.variables).words.isEmpty)
    }

    @Test("tells which variables it used and which nobody set, but not those that their author guards")
    func names() throws {
        let expansion = try Sample.expand("$a $a $u ${v#x} ${w:-$y} ${z+1} ${n}", Self.variables)
        #expect(expansion.usedNames == ["a", "n"])
        #expect(expansion.unsetNames == ["u", "v", "y"])
    }

    @Test("has limits that say so")
    func limits() throws {
        let big = ["big": String(repeating: "a", count: 600_000)]
        #expect(throws: ExpansionError.self) { try Sample.expand("$big$big", big) }
        #expect(throws: ExpansionError.self) { try Sample.expand("${big//a/0123456789}", big) }
        let nested = String(repeating: "${a:-", count: 1_000) + String(repeating: "}", count: 1_000)
        let error = #expect(throws: ExpansionError.self) { try Sample.expand(nested) }
        #expect(error?.message.hasSuffix("substitutions are nested too deeply") == true)
    }

    @Test("ends on patterns that are made to take long", .timeLimit(.minutes(10)))
    func hostilePatterns() throws {
        let text = ["x": String(repeating: "a", count: 100_000)]
        let pattern = String(repeating: "*a", count: 1_000) + "b"
        for word in [
            "${x#\(pattern)}", "${x%%\(pattern)}", "${x//\(pattern)/}",
            "${x//\(String(repeating: "a", count: 30_000))b/}",
        ] {
            // Both an answer and the words that there is none in time will do.
            _ = try? Sample.expand(word, text)
        }
    }
}
