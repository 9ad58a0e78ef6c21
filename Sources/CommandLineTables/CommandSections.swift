/// Commands under one heading of a list.
struct CommandSection {
    let title: String
    var commands: [Command]
}

extension Program {
    /// The commands that are shown, as a newcomer looks for them: the common ones, what is done with containers and with
    /// images, the groups that hold all that can be done, and the rest.
    ///
    /// A command that is in no group of its own stands where the tables say that it is found as well: `rm`, which is also
    /// `container rm`, among those of containers.
    func sections() -> [CommandSection] {
        let shown = commands.filter { !$0.isHidden }
        let gathered = shown.filter(\.isGroup).map { group in
            CommandSection(
                title: "\(group.name.capitalizedWord) Commands",
                commands: shown.filter { $0.group == .other && $0.isAlso(below: group) })
        }.filter { $0.commands.count > 1 }  // one alone under a heading is hard to find
        let names = Set(gathered.flatMap(\.commands).map(\.name))
        var sections = [CommandSection(title: CommandGroup.common.title, commands: [])] + gathered
        sections.append(CommandSection(title: CommandGroup.management.title, commands: []))
        for command in shown where !names.contains(command.name) {
            if let index = sections.firstIndex(where: { $0.title == command.group.title }) {
                sections[index].commands.append(command)
            } else {
                sections.append(CommandSection(title: command.group.title, commands: [command]))
            }
        }
        return sections.filter { !$0.commands.isEmpty }
    }
}

extension Command {
    fileprivate func isAlso(below group: Command) -> Bool {
        alsoAt.contains { $0.utf8.starts(with: "\(group.name) ".utf8) }
    }
}

extension String {
    fileprivate var capitalizedWord: String { prefix(1).uppercased() + dropFirst() }
}
