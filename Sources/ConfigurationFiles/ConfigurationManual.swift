import CommandLineTables

/// `hako-config.json(5)`, made of the table of keys.
public enum ConfigurationManual {
    public static let name = "hako-config.json"

    public static func page(_ details: ManualDetails) -> ManPage {
        ManPage.ofFile(
            name, "what holds for all containers of a host", [synopsis, description] + keys + [without, client, example],
            commands: [["hako"], ["hako", "config"], ["hako", "info"]], details)
    }

    private static let synopsis = ManualSection(
        "SYNOPSIS", lines: [EngineConfiguration.defaultPath, "~/.docker/config.json"])

    private static let description = ManualSection(
        "DESCRIPTION",
        paragraphs: [
            "The first of these files says what the machine's owner wants of all containers, and where the store is. It need not be there. Another one is named by --config-file or by the variable HAKO_CONFIG.",
            "It holds one JSON object; comments (// to the end of the line, /* */) and a comma after the last member may stand in it. Each command reads it anew: there is no daemon to tell. Where it has a mistake, every command that needs it ends with an error that names line and key; hako config check shows all of them.",
            "Keys that Docker's daemon.json has as well mean the same, unless it is said here. hako config import-docker takes such a file over.",
        ])

    private static var keys: [ManualSection] {
        ConfigurationSection.allCases.map { section in
            ManualSection(
                section.rawValue,
                entries: ConfigurationKey.all.filter { $0.section == section }.map { key in
                    (term: key.name, text: "\(key.meaning) It is \(key.shape.words). Default: \(key.defaultText).")
                })
        }
    }

    private static var without: ManualSection {
        ManualSection(
            "KEYS OF DOCKER THAT HAKO HAS NOT",
            paragraphs: ["Those that ask for what a container would be without are errors, unless their value is what Hako does anyway. The others mean nothing, and hako config check says so."],
            entries: DockerKey.all.map { key in (term: key.name, text: "\(key.isRefused ? "An error" : "Nothing"): \(key.reason).") })
    }

    private static let client = ManualSection(
        "THE USER'S FILE",
        paragraphs: [
            "~/.docker/config.json, or config.json in the directory that --config or the variable DOCKER_CONFIG names, is Docker's own; Hako never writes it. One that is no JSON is passed over with a warning, as Docker's client does. Hako reads in it:"
        ],
        entries: [
            ("psFormat, imagesFormat, volumesFormat, statsFormat, networksFormat", "The format of those lists, where --format says nothing else."),
            ("detachKeys", "The keys that leave a container, where --detach-keys says nothing else."),
            ("proxies", "Proxy variables of new containers, by the address of a daemon (unix:///var/run/docker.sock, or what DOCKER_HOST says) or default: httpProxy, httpsProxy, ftpProxy, noProxy, allProxy. Each is set in upper and in lower case, unless -e or --env-file names it."),
            ("auths, credHelpers, credsStore", "Logins of registries, and programs that keep them."),
        ])

    private static let example = ManualSection(
        "EXAMPLE",
        lines: [
            "{", "  // Logs of at most 250 MiB for each container", "  \"log-opts\": {\"max-size\": \"50m\", \"max-file\": \"5\"},",
            "  \"default-ulimits\": {\"nofile\": {\"Soft\": 65536, \"Hard\": 65536}},", "  \"dns\": [\"192.0.2.53\"],",
            "  \"bip\": \"10.9.0.1/24\",", "  \"registry-mirrors\": [\"https://mirror.example.com\"],", "}",
        ])
}
