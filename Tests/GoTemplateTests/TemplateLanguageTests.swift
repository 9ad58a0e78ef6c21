import GoTemplate
import Testing

@Suite("The template language")
struct TemplateLanguageTests {
    static let data: TemplateValue = [
        "Name": "web", "Count": 3, "Zero": 0, "Ratio": 1.5, "On": true, "Off": false, "Empty": "", "Nothing": .null,
        "List": ["a", "b", "c"], "None": [], "Map": ["b": 2, "a": 1], "Deep": ["Er": ["X": 7]], "Html": "<a href='x'>&\"",
    ]

    static func render(_ text: String, _ value: TemplateValue = data) throws -> String { try Template(text).render(value) }

    @Test(
        "prints values as Go does",
        arguments: [
            ("{{.Name}}", "web"), ("{{.Count}}", "3"), ("{{.Ratio}}", "1.5"), ("{{.On}}", "true"), ("{{.List}}", "[a b c]"),
            ("{{.Map}}", "map[a:1 b:2]"), ("{{.Nothing}}", "<no value>"), ("{{.Missing}}", "<no value>"),
            ("{{.Missing.More}}", "<no value>"), ("{{.None}}", "[]"), ("{{.Deep.Er.X}}", "7"), ("{{$.Name}}", "web"),
            ("{{\"q\\u00e9\\n\"}}", "qé\n"), ("{{`a\\n`}}", "a\\n"), ("{{'x'}}", "120"), ("{{1e6}}", "1e+06"), ("{{0x1F}}", "31"),
            ("{{1_000}}", "1000"), ("{{-7}}", "-7"), ("{{1.0}}", "1"), ("{{true}}", "true"), ("a {{/* no */}}b", "a b"),
            ("{{0.000001}}", "1e-06"), ("{{print nil}}", "<nil>"), ("{{(.Deep).Er}}", "map[X:7]"), ("{{.}}x", nil),
        ])
    func printing(template: String, expected: String?) throws {
        let text = try Self.render(template)
        if let expected { #expect(text == expected) }
    }

    @Test(
        "takes space away where it is told to",
        arguments: [
            ("a \n {{- .Count}}", "a3"), ("{{.Count -}} \n b", "3b"), ("a {{- /* x */ -}} b", "ab"), ("{{- 3 -}}", "3"),
            ("{{3 -}}\n\t{{- 4}}", "34"), ("{{-3}}", "-3"), ("{{.Count}} - ", "3 - "),
        ])
    func trimming(template: String, expected: String) throws { #expect(try Self.render(template) == expected) }

    @Test(
        "decides",
        arguments: [
            ("{{if .On}}y{{end}}", "y"), ("{{if .Zero}}y{{else}}n{{end}}", "n"), ("{{if .Empty}}y{{end}}", ""),
            ("{{if .Missing}}y{{else if .Off}}z{{else if .On}}w{{else}}n{{end}}", "w"), ("{{if .None}}y{{else}}n{{end}}", "n"),
            ("{{with .Deep.Er}}{{.X}}{{end}}", "7"), ("{{with .Nothing}}y{{else}}{{.Name}}{{end}}", "web"),
            ("{{with $x := .Count}}{{$x}}{{.}}{{end}}", "33"), ("{{with .Off}}a{{else with .Count}}{{.}}{{end}}", "3"),
            ("{{if $x := .Name}}{{$x}}{{end}}", "web"), ("{{if and .On .Name}}y{{end}}", "y"), ("{{if not .Off}}y{{end}}", "y"),
        ])
    func conditions(template: String, expected: String) throws { #expect(try Self.render(template) == expected) }

    @Test(
        "repeats",
        arguments: [
            ("{{range .List}}<{{.}}>{{end}}", "<a><b><c>"), ("{{range .None}}x{{else}}none{{end}}", "none"),
            ("{{range $i, $x := .List}}{{$i}}{{$x}} {{end}}", "0a 1b 2c "), ("{{range $k, $v := .Map}}{{$k}}={{$v}};{{end}}", "a=1;b=2;"),
            ("{{range $x := .List}}{{$x}}{{$.Count}}{{end}}", "a3b3c3"), ("{{range .Map}}{{.}}{{end}}", "12"),
            ("{{range 3}}{{.}}{{end}}", "012"), ("{{range .Missing}}x{{else}}e{{end}}", "e"),
            ("{{range .List}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac"),
            ("{{range .List}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a"),
            ("{{$n := 0}}{{range .List}}{{$n = .}}{{end}}{{$n}}", "c"),
            ("{{range $i, $_ := .List}}{{range $j, $_ := $.List}}{{if eq $j 1}}{{break}}{{end}}{{$i}}{{$j}} {{end}}{{end}}", "00 10 20 "),
        ])
    func ranges(template: String, expected: String) throws { #expect(try Self.render(template) == expected) }

    @Test(
        "has templates in templates",
        arguments: [
            ("{{define \"x\"}}[{{.}}]{{end}}{{template \"x\" .Name}}{{template \"x\" .Count}}", "[web][3]"),
            ("{{block \"y\" .Name}}({{.}}){{end}}{{template \"y\" 1}}", "(web)(1)"),
            ("{{define `t`}}{{if .}}{{index . 0}}{{template `t` slice . 1}}{{end}}{{end}}{{template `t` .List}}", "abc"),
            ("{{$x := 1}}{{define `v`}}{{$}}{{end}}{{template `v` 2}}{{$x}}", "21"), ("{{define `e`}}{{.}}{{end}}{{template `e`}}", "<no value>"),
        ])
    func templates(template: String, expected: String) throws { #expect(try Self.render(template) == expected) }

    @Test(
        "keeps a variable to its block",
        arguments: [
            ("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"), ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
            ("{{$x := .Deep}}{{$x.Er.X}}", "7"),
        ])
    func variables(template: String, expected: String) throws { #expect(try Self.render(template) == expected) }

    @Test(
        "calls functions, through pipes too",
        arguments: [
            ("{{len .List}}{{len .Name}}{{len .Map}}", "332"), ("{{index .List 1}}", "b"), ("{{index .Map \"b\"}}", "2"),
            ("{{index .Map \"zz\"}}", "<no value>"), ("{{index .Deep \"Er\" \"X\"}}", "7"), ("{{slice .Name 1}}{{slice .Name 0 1}}", "ebw"),
            ("{{slice .List 1 2}}", "[b]"), ("{{.Name | printf \"%s-%s\" \"a\"}}", "a-web"), ("{{html .Html}}", "&lt;a href=&#39;x&#39;&gt;&amp;&#34;"),
            ("{{js .Html}}", "\\u003Ca href\\u003D\\'x\\'\\u003E\\u0026\\\""), ("{{urlquery \"a b&c/é\"}}", "a+b%26c%2F%C3%A9"),
            ("{{print 1 2 \"x\" 3}}", "1 2x3"), ("{{print 1 true}}", "1 true"), ("{{println 1 \"x\"}}", "1 x\n"),
            ("{{and 1 0 2}}{{or 0 .Empty \"z\"}}", "0z"), ("{{or .On (index .List 99)}}", "true"), ("{{and .Off (index .List 99)}}", "false"),
            ("{{(index .List 0) | upper | printf \"%q\"}}", "\"A\""), ("{{.Count | eq 3}}", "true"),
            ("{{index (index .List 1) 0}}", "98"), ("{{not 0}}", "true"), ("{{index .List}}", "[a b c]"),
        ])
    func functions(template: String, expected: String) throws { #expect(try Self.render(template) == expected) }

    @Test(
        "compares",
        arguments: [
            ("{{eq 1 1}}", "true"), ("{{eq \"a\" \"b\" \"a\"}}", "true"), ("{{ne 1 2}}", "true"), ("{{lt 1 2}}{{lt \"b\" \"a\"}}", "truefalse"),
            ("{{le 2 2}}{{gt 2 2}}{{ge 2 2}}", "truefalsetrue"), ("{{eq .Missing nil}}", "true"), ("{{eq .Name nil}}", "false"),
            ("{{lt 1.5 2.5}}", "true"), ("{{eq true false}}", "false"),
        ])
    func comparisons(template: String, expected: String) throws { #expect(try Self.render(template) == expected) }

    @Test(
        "has the functions of Docker's client",
        arguments: [
            ("{{json .Map}}", #"{"a":1,"b":2}"#), ("{{json .Html}}", #""<a href='x'>&\"""#), ("{{json .List}}", #"["a","b","c"]"#),
            ("{{json .Nothing}}{{json 1.5}}{{json 1e21}}{{json 0.0000001}}{{json 100000000.0}}", "null1.51e+211e-7100000000"),
            ("{{join .List \", \"}}", "a, b, c"), ("{{join (split \"x:y\" \":\") \"-\"}}", "x-y"), ("{{lower \"AbÉ\"}}{{upper \"abé\"}}", "abéABÉ"),
            ("{{title \"one two-three\"}}", "One Two-Three"), ("[{{pad .Name 1 2}}][{{pad .Empty 1 2}}]", "[ web  ][]"),
            ("{{truncate .Name 2}}{{truncate .Name 9}}", "weweb"), ("{{join .Map \",\"}}", "1,2"), ("{{len (split \"abc\" \"\")}}", "3"),
        ])
    func dockersFunctions(template: String, expected: String) throws { #expect(try Self.render(template) == expected) }
}
