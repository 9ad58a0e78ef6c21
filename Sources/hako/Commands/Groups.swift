import Builder
import CommandLineTables
import ConfigurationFiles
import Engine
import ImageStore
import Linux

/// `hako container …`
enum ContainerGroup {
    static let command = Command(
        "container", "Manage containers",
        subcommands: [
            AttachCommand.command, CommitCommand.command, CpCommand.command, CreateCommand.command, DiffCommand.command,
            ExecCommand.command, ExportCommand.command, inspect, KillCommand.command, LogsCommand.command,
            PauseCommand.pause, PauseCommand.unpause, PsCommand.command.renamed("ls", aliases: ["ps", "list"]), PortCommand.command, prune, RenameCommand.command,
            RestartCommand.command, RmCommand.command.renamed("rm", aliases: ["remove"]), RunCommand.command,
            StartCommand.command, StatsCommand.command, StopCommand.command, TopCommand.command, UpdateCommand.command,
            WaitCommand.command, WhyCommand.command, cleanup, compressLog,
        ])

    private static let inspect = Command(
        "inspect", "Display detailed information on one or more containers", usage: "CONTAINER [CONTAINER...]",
        arity: .atLeast(1), completion: .containers,
        options: [
            .text("format", short: "f", "Format output using a Go template, or 'json'"),
            .flag("size", short: "s", "Display total file sizes"), InspectCommand.asOption,
        ]
    ) { arguments in
        if let form = arguments.value("as") { return try InspectCommand.recipes(arguments, as: form) }
        return try InspectCommand.inspect(arguments) { engine, name in
            try engine.inspectContainer(name, withSize: arguments.flag("size"))
        }
    }

    private static let prune = Command(
        "prune", "Remove all stopped containers", arity: .none,
        options: [
            PruneFilters.option, .flag("force", short: "f", "Do not prompt for confirmation"),
        ]
    ) { arguments in
        let filters = try PruneFilters(arguments)
        let engine = try arguments.engine()
        defer { engine.finish() }
        if !arguments.flag("force"), !SystemGroup.confirms(" all stopped containers.") { return 0 }
        SystemGroup.show(try engine.pruneContainers(where: filters.match))
        engine.printWarnings()
        return 0
    }

    /// Started by a container's monitor after its end.
    private static let cleanup = Command(
        "cleanup", "Clean up after a container that has ended", usage: "CONTAINER", isHidden: true, arity: .exactly(1)
    ) { arguments in
        // A mistake in the configuration must not keep what has ended from going.
        let engine = try arguments.engine((try? arguments.configuration()) ?? EngineConfiguration())
        try engine.cleanUp(arguments.positionals[0])
        engine.finish()
        return 0
    }

    /// Started by a container's monitor for each older file of its log.
    private static let compressLog = Command(
        "compress-log", "Compress standard input, a log whose inode has that number", usage: "NUMBER", isHidden: true,
        arity: .exactly(1)
    ) { arguments in
        try LogCompression.run(label: arguments.positionals[0])
        return 0
    }
}

/// `hako image …`
enum ImageGroup {
    static let command = Command(
        "image", "Manage images",
        subcommands: [
            BuildCommand.command, HistoryCommand.command, ImportCommand.command, inspect, LoadCommand.command,
            ImagesCommand.command.renamed("ls", aliases: ["list"]), ImagePruneCommand.command, PullCommand.command,
            PushCommand.command, RmiCommand.command.renamed("rm", aliases: ["remove"]), SaveCommand.command, TagCommand.command,
            ImageTreeCommand.command,
        ])

    private static let inspect = Command(
        "inspect", "Display detailed information on one or more images", usage: "IMAGE [IMAGE...]", arity: .atLeast(1),
        completion: .images,
        options: [
            .text("format", short: "f", "Format output using a Go template, or 'json'"),
            .text("platform", "Inspect a specific platform of the multi-platform image"),
        ]
    ) { arguments in
        try InspectCommand.inspect(arguments) { engine, name in
            try engine.inspectImage(name, platform: arguments.value("platform"))
        }
    }
}

/// `hako system …`
enum SystemGroup {
    static let command = Command(
        "system", "Manage Hako",
        subcommands: [
            DiskUsageCommand.command, EventsCommand.command, InfoCommand.command, prune, check, reset, synchronize,
        ])

    /// Left behind by whoever has stored something, after the answer.
    private static let synchronize = Command(
        "synchronize", "Write to the disk what was stored lately", isHidden: true, arity: .none
    ) { arguments in
        // The store is on the command line, whatever the configuration says.
        try ImageStore.synchronize(root: arguments.global.storePaths(EngineConfiguration()).root)
        return 0
    }

    private static let prune = Command(
        "prune", "Remove unused data", arity: .none,
        options: [
            .flag("all", short: "a", "Remove all unused images not just dangling ones"),
            PruneFilters.option, .flag("force", short: "f", "Do not prompt for confirmation"),
            .flag("volumes", "Prune anonymous volumes"),
        ], run: runPrune)

    private static func runPrune(_ arguments: ParsedArguments) throws -> Int32 {
        let filters = try PruneFilters(arguments)
        guard !filters.hasUntil || !arguments.flag("volumes") else {
            throw EngineError(.invalidArgument, "ERROR: The \"until\" filter is not supported with \"--volumes\"")
        }
        let engine = try arguments.engine()
        defer { engine.finish() }
        let cache = cacheSelection(filters, all: arguments.flag("all"))
        let images = arguments.flag("all") ? "all images without at least one container associated to them" : "all dangling images"
        let volumes = arguments.flag("volumes") ? "  - all anonymous volumes not used by at least one container\n" : ""
        if !arguments.flag("force") {
            var plan = try engine.planned(
                allImages: arguments.flag("all"), volumes: arguments.flag("volumes"), where: filters.match)
            if let cache {
                let planned = try BuildCacheContents(engine).plan(cache, without: Set(plan.images.map(\.id)))
                plan.buildCache = planned.entries.count
                plan.reclaimed += planned.reclaimed
            }
            let caches = cache == nil ? "" : "\n  - \(arguments.flag("all") ? "all" : "unused") build cache"
            let what = ":\n  - all stopped containers\n\(volumes)  - \(images)\(caches)\(filters.shown)\n"
            guard confirms("\(what)\n\(ImagePruneCommand.text(of: plan))") else { return 0 }
        }
        var report = try engine.prune(allImages: arguments.flag("all"), volumes: arguments.flag("volumes"), where: filters.match)
        if let cache {
            let pruned = try BuildCacheContents(engine).prune(cache)
            report.buildCache = pruned.entries.map(\.id)
            report.reclaimed += pruned.reclaimed
            engine.notePrune("builder", pruned.reclaimed)
        }
        show(report)
        engine.printWarnings()
        return 0
    }

    /// What goes of the build cache; nil where a filter asks for labels, which nothing there has.
    private static func cacheSelection(_ filters: PruneFilters, all: Bool) -> BuildCacheSelection? {
        guard !filters.hasLabels else { return nil }
        var selection = BuildCacheSelection()
        selection.takesShared = all
        selection.unusedSince = filters.until?.nanoseconds
        return selection
    }

    static func show(_ report: SystemPruneReport) {
        if !report.containers.isEmpty {
            Terminal.print("Deleted Containers:\n" + report.containers.map { $0 + "\n" }.joined() + "\n")
        }
        if !report.volumes.isEmpty {
            Terminal.print("Deleted Volumes:\n" + report.volumes.map { $0 + "\n" }.joined() + "\n")
        }
        if !report.images.isEmpty {
            Terminal.print("Deleted Images:\n" + report.images.map(RmiCommand.line).joined() + "\n")
        }
        if !report.buildCache.isEmpty {
            Terminal.print("Deleted build cache objects:\n" + report.buildCache.map { $0 + "\n" }.joined() + "\n")
        }
        Terminal.print("Total reclaimed space: \(Units.size(report.reclaimed))\n")
    }

    static func confirms(_ what: String) -> Bool {
        Terminal.print("WARNING! This will remove\(what)\nAre you sure you want to continue? [y/N] ")
        let answer = readLine()?.lowercased()
        return answer == "y" || answer == "yes"
    }

    private static let reset = Command(
        "reset", "Remove everything: containers, images, volumes, the network and the store", arity: .none,
        options: [.flag("force", short: "f", "Do not prompt for confirmation")]
    ) { arguments in
        let engine = try arguments.engine()
        if !arguments.flag("force"), !confirms(" all containers, all images, all volumes and the network of the store \(engine.paths.root).") {
            return 0
        }
        try engine.reset()
        return 0
    }

    private static let check = Command(
        "check", "Verify the store: every blob, layer and container", arity: .none,
        options: [.flag("repair", "Drop what is damaged or belongs to nobody")], run: runCheck)

    private static func runCheck(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let findings = try engine.check(repair: arguments.flag("repair"))
        for finding in findings { Terminal.print(Terminal.escaped(finding) + "\n") }
        Terminal.print(findings.isEmpty ? "The store is whole.\n" : "\(findings.count) findings\n")
        engine.printWarnings()
        return findings.isEmpty || arguments.flag("repair") ? 0 : 1
    }
}
