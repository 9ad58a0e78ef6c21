import CommandLineTables

/// `hako builder …`, and the same by the name of Docker's plugin.
enum BuilderGroup {
    static let command = Command("builder", "Manage builds", subcommands: [BuildCommand.command, BuilderUsageCommand.command, BuilderPruneCommand.command])
    static let buildx = Command("buildx", "Docker Buildx's commands", isHidden: true,
        subcommands: [BuildCommand.command.renamed("build", aliases: ["b"]), BuilderUsageCommand.command, BuilderPruneCommand.command])
}
