import CommandLineTables
import Engine

/// `hako commit`
enum CommitCommand {
    static let command = Command(
        "commit", "Create a new image from a container's changes", usage: "CONTAINER [REPOSITORY[:TAG]]",
        examples: ["commit -c 'CMD [\"nginx\"]' box web:v2"], alsoAt: ["container commit"], arity: .range(1, 2),
        order: .beforeArguments, completion: .containers,
        options: [
            .text("author", short: "a", "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"),
            .list("change", short: "c", "Apply Dockerfile instruction to the created image"),
            .text("message", short: "m", "Commit message"),
            .flag("pause", short: "p", "Pause container during commit", isOn: true),
        ]
    ) { arguments in
        let engine = try arguments.engine()
        defer { engine.finish() }
        var request = CommitRequest()
        request.reference = arguments.positionals.count > 1 ? arguments.positionals[1] : nil
        request.author = arguments.value("author") ?? ""
        request.comment = arguments.value("message") ?? ""
        request.changes = arguments.values("change")
        request.pauses = arguments.flag("pause")
        Terminal.print("\(try engine.commit(arguments.positionals[0], request))\n")
        engine.printWarnings()
        return 0
    }
}
