import CommandLineTables
import Engine
import OCI

/// `hako why`
enum WhyCommand {
    static let command = Command(
        "why", "Tell why a container is not running, or not well, and what to try",
        details: """
            Tell why a container is not running, or not well, and what to try: who ended it, what the kernel killed, what its program
            lacks, what its health check said, the last lines of its log, and the last minute of what it used
            """,
        usage: "CONTAINER", examples: ["hako why web", "hako why --format '{{range .Findings}}{{.Kind}} {{end}}' web"],
        alsoAt: ["container why"], arity: .exactly(1), completion: .containers,
        options: [.text("format", short: "f", "Format output using a Go template, or 'json'")]
    ) { arguments in
        let engine = try arguments.engine()
        defer { engine.finish() }
        let diagnosis = try engine.why(arguments.positionals[0])
        if let format = arguments.value("format") {
            try Formatted.print(diagnosis.json, format)
        } else {
            Terminal.print(WhyText.text(diagnosis))
        }
        engine.printWarnings()
        return 0
    }
}
