import GoTemplate
import Testing

@Suite("Formats as Docker's users write them")
struct DockerUsageTests {
    static let inspect: TemplateValue = [
        "Id": "4f5e", "Name": "/web", "State": ["Running": true, "Status": "running", "ExitCode": 0, "Pid": 4711],
        "Config": ["Image": "nginx", "Labels": .map(TemplateMap(strings: [("b", "2"), ("a", "1")])), "Env": ["A=1", "B=2"]],
        "NetworkSettings": [
            "Networks": ["bridge": ["IPAddress": "172.17.0.2"], "back": ["IPAddress": "10.0.0.2"]],
            "Ports": ["80/tcp": [["HostIp": "0.0.0.0", "HostPort": "8080"]], "443/tcp": .null],
        ],
        "Mounts": [["Source": "/a", "Destination": "/b"], ["Source": "/c", "Destination": "/d"]],
    ]

    @Test(
        "inspect",
        arguments: [
            ("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "10.0.0.2172.17.0.2"),
            ("{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}", "8080"),
            ("{{range $k,$v := .Config.Labels}}{{$k}}={{$v}}{{println}}{{end}}", "a=1\nb=2\n"),
            ("{{if .State.Running}}up{{else}}down{{end}}", "up"), ("{{.State.Status}} {{.State.Pid}}", "running 4711"),
            ("{{index .Config.Labels \"a\"}}{{index .Config.Labels \"zz\"}}", "1"), ("{{.Config.Labels.zz}}", "<no value>"),
            ("{{range $p, $conf := .NetworkSettings.Ports}}{{$p}} -> {{if $conf}}{{(index $conf 0).HostPort}}{{end}}\n{{end}}", "443/tcp -> \n80/tcp -> 8080\n"),
            ("{{range .Mounts}}{{.Source}}:{{.Destination}} {{end}}", "/a:/b /c:/d "), ("{{json .State}}", #"{"ExitCode":0,"Pid":4711,"Running":true,"Status":"running"}"#),
            ("{{range .Config.Env}}{{println .}}{{end}}", "A=1\nB=2\n"), ("{{join .Config.Env \",\"}}", "A=1,B=2"), ("{{slice .Name 1}}", "web"),
            ("{{.NetworkSettings.Networks.bridge.IPAddress}}", "172.17.0.2"), ("{{len .Mounts}}", "2"), ("{{json .NetworkSettings.Ports}}", #"{"443/tcp":null,"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]}"#),
            ("{{with index .Mounts 0}}{{.Source}}{{end}}", "/a"), ("{{eq .State.ExitCode 0}}", "true"), ("{{.Name | printf \"%-6s|\"}}", "/web  |"),
        ])
    func inspecting(template: String, expected: String) throws { #expect(try Template(template).render(Self.inspect) == expected) }

    static func row(_ id: String, _ names: String) -> TemplateValue {
        .record(
            TemplateRecord(
                "*formatter.ContainerContext",
                [
                    .value("Command", "\"sh -c 'a && b'\""), .value("ID", .string(id)), .computed("Names") { .string(names) },
                    .method("Label", arity: 1) { values throws(TemplateFunctionError) in values[0] },
                ], escapesHTML: true))
    }

    static let rows = [row("aaaaaaaaaaaa", "web"), row("bbbbbbbbbbbb", "database-server")]
    static let headings = [(key: "ID", value: "CONTAINER ID"), (key: "Names", value: "NAMES"), (key: "Command", value: "COMMAND")]

    @Test("ps, as lines, a table and JSON")
    func listing() throws {
        func text(_ format: String) throws -> String { try TableFormat(format).text(rows: Self.rows, headings: Self.headings) }
        #expect(try text("{{.Names}}") == "web\ndatabase-server\n")
        #expect(
            try text("table {{.Names}}\\t{{.ID}}") == """
                NAMES             CONTAINER ID
                web               aaaaaaaaaaaa
                database-server   bbbbbbbbbbbb

                """)
        #expect(try text("table {{lower .Names}}\t{{truncate .ID 3}}") == "NAMES             CONTAINER ID\nweb               aaa\ndatabase-server   bbb\n")
        #expect(try text("json").hasPrefix(#"{"Command":"\"sh -c 'a \u0026\u0026 b'\"","ID":"aaaaaaaaaaaa","Names":"web"}"# + "\n"))
        #expect(try text("{{.ID}}\\t{{.Label \"x\"}}") == "aaaaaaaaaaaa\tx\nbbbbbbbbbbbb\tx\n")
        #expect(try TableFormat("table {{.ID}}").text(rows: [], headings: Self.headings) == "CONTAINER ID\n")
    }

    @Test("a wrong field is told as Docker's client tells it")
    func wrong() throws {
        let format = try TableFormat("{{.Nmae}}")
        let error = #expect(throws: TemplateError.self) { try format.text(rows: Self.rows, headings: []) }
        #expect(
            error?.description
                == "template parsing error: template: :1:2: executing \"\" at <.Nmae>: can't evaluate field Nmae in type *formatter.ContainerContext")
        #expect(throws: TemplateError.self) { try TableFormat("{{.ID") }
    }

    @Test("columns are as wide as their widest cell, and end where a line has no such cell")
    func columns() {
        #expect(Columns.aligned(["a\tb\tc", "aaaaaaaaaaaa\tb\tc"]) == "a              b         c\naaaaaaaaaaaa   b         c\n")
        #expect(Columns.aligned(["x", "é\ty", ""]) == "x\né         y\n\n")
        #expect(Columns.aligned([]) == "")
    }
}
