import CommandLineTables
import ConfigurationFiles
import Engine
import Linux

/// `hako man DIRECTORY`: writes the manual, for `make install`.
enum ManCommand {
    static let command = Command(
        "man", "Write the pages of the manual into man1 and man5 of a directory", usage: "DIRECTORY", isHidden: true,
        arity: .exactly(1), completion: .directories
    ) { arguments in
        let directory = arguments.positionals[0]
        let details = ManualDetails(
            version: "Hako \(HakoProgram.version)", date: HakoProgram.date, sections: [exitStatus, environment, files],
            files: [ConfigurationManual.name])
        for page in HakoProgram.program.manual(details) + [ConfigurationManual.page(details)] {
            let section = "\(directory)/man\(page.name.suffix(1))"
            let path = "\(section)/\(page.name)"
            do throws(SystemCallError) {
                try Directory.create(section, mode: 0o755)
                try FileDescriptor.replaceContents(of: path, with: Array(page.text.utf8), mode: 0o644)
            } catch { throw EngineError(.system, cannot: "write \(path)", because: "\(error)", cause: error) }
        }
        return 0
    }

    private static var exitStatus: ManualSection {
        ManualSection(
            "EXIT STATUS",
            entries: [
                ("0", "What was asked for is done. Of run, start -a and exec: the container's program ended with 0."),
                ("1", "It is not; standard error says why."),
                ("125", "Of run: Hako could not make or start the container, or an option can't be taken."),
                ("126", "Of run and exec: the program is there and can't be executed."),
                ("127", "Of run and exec: the program is not there."),
                ("other", "Of run, start -a and exec: what the container's program ended with; 128 and the signal that ended it."),
            ])
    }

    private static var environment: ManualSection {
        ManualSection(
            "ENVIRONMENT",
            entries: [
                ("HAKO_ROOT", "Directory of the store, where --root does not name one."),
                ("HAKO_RUN_ROOT", "Directory of what is gone after a reboot, where --run-root does not name one."),
                ("HAKO_CONFIG", "A configuration in place of /etc/hako/config.json, where --config-file does not name one."),
                ("DOCKER_CONFIG", "Directory of the user's config.json, where --config does not name one."),
                ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "How registries are reached."),
            ])
    }

    private static var files: ManualSection {
        ManualSection(
            "FILES",
            entries: [
                (StorePaths.defaultRoot, "The store: images, layers and what containers write."),
                (StorePaths.defaultRunRoot, "What is gone after a reboot: locks, sockets, the containers' bundles."),
                ("/etc/hako/config.json", "What holds for all containers of this host; hako-config.json(5)."),
                ("/etc/docker/certs.d/HOST/ca.crt", "Certificates of a registry's private authority."),
                ("~/.docker/config.json", "Logins of registries, formats of lists, detach keys and proxies; hako-config.json(5)."),
            ])
    }
}
