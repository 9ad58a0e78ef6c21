import OCI
import Testing

@Suite("JSON")
struct JSONTests {
    @Test(
        "comes out as it went in: order, digits and unknown members",
        arguments: [
            #"{"b":1,"a":[true,null,-0.50,1e+2],"n":18446744073709551615,"t":"x"}"#, "[]", #""""#, "{}", "-9223372036854775808",
        ])
    func roundTrip(text: String) throws {
        #expect(try JSON(parsing: text).text() == text)
    }

    @Test("understands escapes and surrogate pairs")
    func escapes() throws {
        #expect(try JSON(parsing: #""a\n\"\\\/\u00e9\ud83d\ude00\ud83dx""#) == .string("a\n\"\\/é😀\u{FFFD}x"))
        #expect(JSON.string("a\u{1}\n\"\\").text() == #""a\u0001\n\"\\""#)
    }

    @Test(
        "refuses what is not JSON, and says where",
        arguments: [
            ("{\"a\":1,}", 1, 8), ("[1 2]", 1, 4), ("{\"a\":1,\"a\":2}", 1, 8), ("\"a\nb\"", 1, 3), ("[\n  01]", 2, 4), ("", 1, 1),
            ("nul", 1, 1), ("\"", 1, 1), ("[1] x", 1, 5), ("-", 1, 2), ("1.", 1, 3),
        ])
    func refuses(text: String, line: Int, column: Int) {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test("ends at its depth limit instead of the stack's end")
    func depth() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test("finds a repeated member among many, in time that does not grow with their square")
    func manyMembers() {
        let members = (0..<50_000).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(throws: Never.self) { try JSON(parsing: "{\(members)}") }
        #expect(throws: JSONError.self) { try JSON(parsing: "{\(members),\"k7\":1}") }
    }

    @Test("takes comments and a last comma where people write it")
    func comments() throws {
        let text = "{ // one\n \"a\": [1, 2,], /* two */ }"
        #expect(try JSON(parsing: text, limits: .commented) == ["a": [1, 2]])
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test("says where a value or a name stands")
    func locations() {
        let text = Array("{ // one\n  \"a\": [1, {\"b\" : \"x\"}],\n  \"é\": 2, \"c\": 3 }".utf8)
        func place(_ steps: JSONStep..., ofName: Bool = false) -> [Int]? {
            JSON.location(of: steps, ofName: ofName, in: text, limits: .commented).map { [$0.line, $0.column] }
        }
        #expect(place() == [1, 1])
        #expect(place(.member("a"), ofName: true) == [2, 3])
        #expect(place(.member("a"), .element(1), .member("b")) == [2, 19])
        #expect(place(.member("a"), .element(1), .member("b"), ofName: true) == [2, 13])
        #expect(place(.member("c")) == [3, 17])
        #expect(place(.member("a"), .element(2)) == nil)
        #expect(place(.member("b")) == nil)
        #expect(JSON.location(of: [.member("c")], in: text) == nil)
    }

    @Test("indents as Docker's inspect does")
    func indents() {
        let value: JSON = [["a": 1, "b": [], "c": ["x"]]]
        let expected = """
            [
                {
                    "a": 1,
                    "b": [],
                    "c": [
                        "x"
                    ]
                }
            ]
            """
        #expect(value.text(indent: 4) == expected)
    }
}
