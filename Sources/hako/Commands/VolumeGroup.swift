import CommandLineTables
import Engine

/// `hako volume …`
enum VolumeGroup {
    static let command = Command(
        "volume", "Manage volumes",
        subcommands: [
            create, inspect, VolumeLsCommand.command, prune, remove,
        ])

    private static let create = Command(
        "create", "Create a volume", usage: "[VOLUME]",
        examples: [
            "volume create data", "volume create -o type=tmpfs -o device=tmpfs -o o=size=64m scratch",
        ],
        arity: .atMost(1),
        options: [
            .text("driver", short: "d", "Specify volume driver name", default: "local"),
            .list("label", "Set metadata for a volume"),
            .list(
                "opt", short: "o", "Set driver specific options: type, device and o, as mount(8) has them",
                placeholder: "map"),
        ] + swarm
    ) { arguments in
        let engine = try arguments.engine()
        defer { engine.finish() }
        let labels = try LabelOption.labels(files: [], values: arguments.values("label"))
        let volume = try engine.createVolume(
            arguments.positionals.first.flatMap { $0.isEmpty ? nil : $0 }, driver: arguments.value("driver") ?? "",
            options: try options(arguments), labels: labels)
        Terminal.print(volume.name + "\n")
        engine.printWarnings()
        return 0
    }

    /// Docker's for volumes of a Swarm.
    private static var swarm: [Option] {
        ["availability", "group", "limit-bytes", "required-bytes", "scope", "sharing", "type"].map {
            .text($0, "").unsupported(because: "it is for volumes of a Swarm")
        }
            + ["secret", "topology-preferred", "topology-required"].map {
                .list($0, "").unsupported(because: "it is for volumes of a Swarm")
            }
    }

    private static func options(_ arguments: ParsedArguments) throws -> [String: String] {
        var options: [String: String] = [:]
        for text in arguments.values("opt") {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard !parts[0].isEmpty else { throw arguments.invalid(text, for: "opt", because: "expected NAME=VALUE") }
            options[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return options
    }

    private static let inspect = Command(
        "inspect", "Display detailed information on one or more volumes", usage: "VOLUME [VOLUME...]",
        arity: .atLeast(1),
        completion: .volumes, options: [.text("format", short: "f", "Format output using a Go template, or 'json'")]
    ) { arguments in
        try InspectCommand.inspect(arguments) { engine, name in try engine.inspectVolume(name) }
    }

    private static let remove = Command(
        "rm", aliases: ["remove"], "Remove one or more volumes",
        details: "Remove one or more volumes. You cannot remove a volume that is in use by a container.", usage: "VOLUME [VOLUME...]",
        arity: .atLeast(1), completion: .volumes,
        options: [.flag("force", short: "f", "Be content with volumes that are not there")]
    ) { arguments in
        try Each.run(arguments) { engine, name in
            do throws(EngineError) { try engine.removeVolume(name) } catch {
                guard arguments.flag("force"), error.kind == .notFound else { throw error }
            }
        }
    }

    private static let prune = Command(
        "prune", "Remove unused local volumes", arity: .none,
        options: [
            .flag("all", short: "a", "Remove all volumes that no container uses, not just anonymous ones"),
            .list("filter", "Provide filter values: label=KEY, label!=KEY, label=KEY=VALUE", placeholder: "filter"),
            .flag("force", short: "f", "Do not prompt for confirmation"),
        ], run: runPrune)

    private static func runPrune(_ arguments: ParsedArguments) throws -> Int32 {
        let filters = try VolumeFilters(arguments.values("filter"), known: ["all", "label", "label!"])
        guard try !arguments.flag("all") || filters.flag("all") == nil else {
            throw EngineError(.invalidArgument, "conflicting options: cannot specify both --all and --filter all=1")
        }
        let engine = try arguments.engine()
        defer { engine.finish() }
        let all = try arguments.flag("all") || filters.flag("all") ?? false
        let which = all ? "all local volumes" : "anonymous local volumes"
        guard arguments.flag("force") || SystemGroup.confirms(" \(which) not used by at least one container.") else {
            return 0
        }
        SystemGroup.show(try engine.pruneVolumes(all: all) { filters.match($0) })
        engine.printWarnings()
        return 0
    }
}
