import Builder
import Dockerfile
import OCI

/// Answers of `--check` and `--call`, as Docker's client shows them.
enum BuildCheckText {
    static func text(_ report: Dockerfile.LintReport, file: [UInt8], fileName: String) -> String {
        guard !report.findings.isEmpty else { return report.error == nil ? "Check complete, no warnings found.\n" : "" }
        let count = report.findings.count == 1 ? "1 warning has" : "\(report.findings.count) warnings have"
        var text = "Check complete, \(count) been found!\n"
        for finding in report.findings {
            text += "\nWARNING: \(finding.rule.name) - \(finding.rule.url)\n\(Terminal.escaped(finding.text))\n"
            text += Dockerfile.excerpt(of: file, marking: [finding.lines], fileName: fileName)
        }
        return text
    }

    static func text(_ outline: BuildOutline) -> String {
        var text = ""
        if !outline.name.isEmpty || !outline.description.isEmpty {
            var rows = [["TARGET:", outline.name.isEmpty ? "(default)" : outline.name]]
            if !outline.description.isEmpty { rows.append(["DESCRIPTION:", outline.description]) }
            text += columns(rows, gap: 1) + "\n"
        }
        if !outline.arguments.isEmpty {
            let rows = outline.arguments.map { [$0.name, $0.value, $0.description] }
            text += columns([["BUILD ARG", "VALUE", "DESCRIPTION"]] + rows, gap: 3) + "\n"
        }
        for (title, needs) in [("SECRET", outline.secrets), ("SSH", outline.agents)] where !needs.isEmpty {
            text += columns([[title, "REQUIRED"]] + needs.map { [$0.id, $0.isRequired ? "true" : ""] }, gap: 3) + "\n"
        }
        return text
    }

    static func text(_ targets: [BuildTarget]) -> String {
        let rows = targets.map { target in
            let mark = target.isDefault ? "(default)" : ""
            return [target.name.isEmpty || mark.isEmpty ? target.name + mark : "\(target.name) \(mark)", target.description]
        }
        return columns([["TARGET", "DESCRIPTION"]] + rows, gap: 1)
    }

    /// Go's tabwriter: every cell but the last of a row is as wide as the widest of its column, and the gap.
    private static func columns(_ rows: [[String]], gap: Int) -> String {
        let shown = rows.map { $0.map(Terminal.escaped) }
        let count = shown.first?.count ?? 0
        let widths = (0..<count).map { column in (shown.map { $0[column].unicodeScalars.count }.max() ?? 0) + gap }
        return shown.map { row in
            row.enumerated().map { column, cell in
                column == count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.unicodeScalars.count)
            }.joined() + "\n"
        }.joined()
    }
}

/// The same in BuildKit's JSON.
enum BuildCheckJSON {
    static func text(_ report: Dockerfile.LintReport, file: [UInt8], fileName: String) -> String {
        let warnings = report.findings.map { finding -> JSON in
            [
                "ruleName": .string(finding.rule.name), "description": .string(finding.rule.summary), "url": .string(finding.rule.url),
                "detail": .string(finding.text), "location": location(finding.lines),
            ]
        }
        let source: JSON = ["filename": .string(fileName), "data": base64(file), "language": "Dockerfile"]
        var object: JSONObject = ["warnings": .array(warnings), "sources": [source]]
        if let error = report.error {
            object["buildError"] = ["message": .string(error.message), "location": ["ranges": .array(error.lines.map(\.json))]]
        }
        return text(object)
    }

    static func text(_ outline: BuildOutline, file: [UInt8]) -> String {
        var object: JSONObject = [:]
        add("name", outline.name, to: &object)
        add("description", outline.description, to: &object)
        let arguments = outline.arguments.map { argument -> JSON in
            var object: JSONObject = ["name": .string(argument.name)]
            add("description", argument.description, to: &object)
            add("value", argument.value, to: &object)
            object["location"] = location(argument.lines)
            return .object(object)
        }
        for (name, values) in [("args", arguments), ("secrets", outline.secrets.map(need)), ("ssh", outline.agents.map(need))]
        where !values.isEmpty {
            object[name] = .array(values)
        }
        object["sources"] = [base64(file)]
        return text(object)
    }

    static func text(_ targets: [BuildTarget], file: [UInt8]) -> String {
        let values = targets.map { target -> JSON in
            var object: JSONObject = [:]
            add("name", target.name, to: &object)
            if target.isDefault { object["default"] = true }
            add("description", target.description, to: &object)
            add("base", target.base, to: &object)
            add("platform", target.platform, to: &object)
            object["location"] = location(target.lines)
            return .object(object)
        }
        return text(["targets": .array(values), "sources": [base64(file)]])
    }

    private static func need(_ need: BuildOutline.Need) -> JSON {
        var object: JSONObject = ["name": .string(need.id)]
        if need.isRequired { object["required"] = true }
        object["location"] = location(need.lines)
        return .object(object)
    }

    private static func text(_ object: JSONObject) -> String { JSON.object(object).text(indent: 2) + "\n" }
    private static func base64(_ bytes: [UInt8]) -> JSON { .string(Base64.encode(bytes[...])) }
    private static func location(_ lines: ClosedRange<Int>) -> JSON { ["ranges": [lines.json]] }

    private static func add(_ name: String, _ value: String, to object: inout JSONObject) {
        if !value.isEmpty { object[name] = .string(value) }
    }
}
