import CommandLineTables

/// `--call` and `--check`: what is asked for instead of a build.
struct BuildCall {
    enum Question: String { case check, outline, targets }

    let question: Question
    /// `format=json`
    let isJSON: Bool
    /// `ignorestatus=true`: warnings are no failure.
    let ignoresStatus: Bool

    /// Nil for a build.
    static func read(_ arguments: ParsedArguments) throws(BuildRefusal) -> BuildCall? {
        let text = arguments.flag("check") ? "check" : arguments.value("call") ?? ""
        var (name, format, ignoresStatus) = ("", "", false)
        for field in CommaSeparated.fields(text) ?? [text] where !field.isEmpty {
            guard let (key, value) = field.assignment() else {
                guard name.isEmpty else { throw BuildRefusal("invalid print value: \(text)") }
                name = field
                continue
            }
            switch key {
            case "format": format = value
            case "ignorestatus":
                guard let flag = OptionValue.bool(value) else {
                    throw BuildRefusal(
                        "invalid ignorestatus print value: \(value): strconv.ParseBool: parsing \(value.inQuotes): invalid syntax")
                }
                ignoresStatus = flag
            default: throw BuildRefusal("invalid print field: \(field)")
            }
        }
        if name.isEmpty || name == "build" { return nil }
        guard let question = Question(rawValue: name == "lint" ? "check" : name) else {
            throw .building(
                "failed to solve: unsupported request frontend.\(name)", hint: "There are check, outline and targets.")
        }
        return BuildCall(question: question, isJSON: format == "json", ignoresStatus: ignoresStatus)
    }
}
