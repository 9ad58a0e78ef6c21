import GoTemplate
import Testing

@Suite("Mistakes in templates")
struct TemplateErrorTests {
    static let record = TemplateValue.record(
        TemplateRecord(
            "*formatter.ContainerContext",
            [
                .value("ID", "abc"), .value("Count", 3), .value("State", .nilPointer("*container.State")), .value("Any", .null),
                .method("Label", arity: 1) { values throws(TemplateFunctionError) in
                    guard case .string(let name) = values[0] else { throw TemplateFunctionError("no name") }
                    return .string("<\(name)>")
                },
            ]))

    private func message(_ text: String, missingKey: Template.MissingKey = .noValue) -> String {
        do throws(TemplateError) {
            return "no error: " + (try Template(text).render(Self.record, missingKey: missingKey))
        } catch { return error.description }
    }

    @Test(
        "at work are told in Go's words, with their place",
        arguments: [
            ("{{.Foo}}", "template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext"),
            ("x\n {{.ID.Foo}}", "template: :2:6: executing \"\" at <.ID.Foo>: can't evaluate field Foo in type string"),
            ("{{.State.Up}}", "template: :1:8: executing \"\" at <.State.Up>: nil pointer evaluating *container.State.Up"),
            ("{{.Any.Up}}", "template: :1:6: executing \"\" at <.Any.Up>: nil pointer evaluating interface {}.Up"),
            ("{{index .Any 1}}", "template: :1:2: executing \"\" at <index .Any 1>: error calling index: index of untyped nil"),
            ("{{index .ID 9}}", "template: :1:2: executing \"\" at <index .ID 9>: error calling index: index out of range: 9"),
            ("{{index . 0}}", "template: :1:2: executing \"\" at <index . 0>: error calling index: can't index item of type *formatter.ContainerContext"),
            ("{{lower .Count}}", "template: :1:2: executing \"\" at <lower .Count>: wrong type for value; expected string; got int"),
            ("{{lower}}", "template: :1:2: executing \"\" at <lower>: wrong number of args for lower: want 1 got 0"),
            ("{{.Label}}", "template: :1:2: executing \"\" at <.Label>: wrong number of args for Label: want 1 got 0"),
            ("{{.Label 1}}", "template: :1:2: executing \"\" at <.Label 1>: error calling Label: no name"),
            ("{{.ID 1}}", "template: :1:2: executing \"\" at <.ID>: ID has arguments but cannot be invoked as function"),
            ("{{eq 1 \"a\"}}", "template: :1:2: executing \"\" at <eq 1 \"a\">: error calling eq: incompatible types for comparison"),
            ("{{lt true false}}", "template: :1:2: executing \"\" at <lt true false>: error calling lt: invalid type for comparison"),
            ("{{range .ID}}{{end}}", "template: :1:8: executing \"\" at <.ID>: range can't iterate over abc"),
            ("{{template \"x\"}}", "template: :1:2: executing \"\" at <{{template \"x\"}}>: template \"x\" not defined"),
            ("{{nil}}", "template: :1:2: executing \"\" at <nil>: nil is not a command"),
            ("{{1 2}}", "template: :1:2: executing \"\" at <1>: can't give argument to non-function 1"),
        ])
    func executing(template: String, expected: String) { #expect(message(template) == expected) }

    @Test("call a method where there are arguments")
    func method() { #expect(message("{{.Label \"a\"}}{{\"b\" | .Label}}") == "no error: <a><b>") }

    @Test("at a key that isn't there are told where that is asked for")
    func missingKey() throws {
        let template = try Template("{{.State.Health}}")
        let error = #expect(throws: TemplateError.self) { try template.render(["State": ["Up": 1]], missingKey: .error) }
        #expect(error?.description == "template: :1:8: executing \"\" at <.State.Health>: map has no entry for key \"Health\"")
    }

    @Test(
        "of writing are told in Go's words, with their line",
        arguments: [
            ("{{.Foo", "unclosed action"), ("{{\"x}}", "unterminated quoted string"), ("{{`x}}", "unterminated raw quoted string"),
            ("{{'x}}", "unterminated character constant"), ("{{/* x}}", "unclosed comment"),
            ("{{/* x */ y}}", "comment ends before closing delimiter"), ("{{@}}", "unrecognized character in action: U+0040 '@'"),
            ("{{(.x}}", "unclosed left paren"), ("{{.x)}}", "unexpected right paren"), ("{{foo}}", "function \"foo\" not defined"),
            ("{{$x}}", "undefined variable \"$x\""), ("{{if}}x{{end}}", "missing value for if"), ("{{}}", "missing value for command"),
            ("{{if .x}}", "unexpected EOF"), ("{{end}}", "unexpected {{end}}"), ("{{else}}", "unexpected {{else}}"),
            ("{{if .x}}{{else}}{{else}}{{end}}", "expected end; found {{else}}"), ("{{break}}", "{{break}} outside {{range}}"),
            ("{{1a}}", "bad number syntax: \"1a\""), ("{{.x | 3}}", "non executable command in pipeline stage 2"),
            ("{{.x | | .y}}", nil), ("{{define \"a\"}}", "unexpected EOF"), ("{{template}}", nil), ("{{99999999999999999999}}", nil),
            ("{{$x = 1}}", "undefined variable \"$x\""), ("{{.x!}}", "bad character U+0021 '!'"), ("{{range $x, 1 := .y}}{{end}}", nil),
            ("{{1.x}}", nil), ("{{range}}{{end}}", "missing value for range"), ("{{with .a}}{{else if .b}}{{end}}", nil),
        ])
    func writing(template: String, expected: String?) {
        let text = message(template)
        #expect(text.hasPrefix("template: :1: "))
        if let expected { #expect(text == "template: :1: \(expected)") }
    }

    @Test(
        "end at a limit instead of the machine's",
        arguments: [
            String(repeating: "{{if 1}}", count: 20_000), "{{" + String(repeating: "(", count: 20_000),
            "{{define `a`}}{{template `a`}}{{end}}{{template `a`}}",
            "{{define `a`}}{{template `a`}}{{template `a`}}{{end}}{{template `a`}}", "{{range 9999999999}}x{{end}}",
            "{{$x := `0123456789`}}{{range 40}}{{$x = print $x $x}}{{end}}{{$x}}",
            "{{$x := `%[1]99999d`}}{{range 12}}{{$x = print $x $x}}{{end}}{{printf $x 1}}",
            "{{printf `%99999s` (split (printf `%1000s` ``) ``)}}",
            "{{$x := `0123456789`}}{{range 19}}{{$x = print $x $x}}{{end}}{{range 99}}{{$y := html $x}}{{end}}",
        ])
    func limits(template: String) { #expect(message(template).hasPrefix("template: ")) }

    @Test("never stop the program, whatever they are", arguments: 0..<10)
    func fuzz(seed: UInt64) throws {
        var state = (seed + 1) &* 0x9E37_79B9_7F4A_7C15
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let pieces = [
            "{{", "}}", "{{-", " -}}", "if ", "else", "end", "range ", "with ", "define ", "template ", "block ", "$x", ":=", "=", ",",
            ".ID", ".", "(", ")", "|", " ", "\"a\"", "`", "'", "1", "-1", "1e9", "nil", "true", "print ", "printf ", "\"%*d%[9]s%999999d\"",
            "index ", "slice ", "len ", "eq ", "and ", "json ", "pad ", "truncate ", "é", "\n", "/*", "*/", "break", "\\", "9223372036854775807",
        ]
        for _ in 0..<500 {
            let text = (0..<random(20)).map { _ in pieces[random(pieces.count)] }.joined()
            _ = try? Template(text).render(Self.record)
            _ = try? Template("{{" + text + "}}").render(Self.record)
        }
    }
}
