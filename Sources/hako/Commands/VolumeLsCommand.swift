import CommandLineTables
import Engine
import GoTemplate
import Metadata

/// `hako volume ls`
enum VolumeLsCommand {
    static let command = Command(
        "ls", aliases: ["list"], "List volumes", arity: .none,
        options: [
            .list(
                "filter", short: "f", "Provide filter values: dangling=true, driver, label, name", placeholder: "filter"
            ),
            .text("format", "Format output: 'table', 'table TEMPLATE', 'json', or a Go template"),
            .flag("quiet", short: "q", "Only display volume names"),
            .flag("cluster", "").unsupported(because: "there is no Swarm"),
        ], run: run)

    private static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let filters = try VolumeFilters(arguments.values("filter"), known: ["dangling", "driver", "label", "name"])
        let isDangling = try filters.flag("dangling")
        let engine = try arguments.engine()
        defer { engine.finish() }
        let rows = try engine.volumes().filter { record, isUsed in
            filters.match(record) && isDangling != isUsed
        }.map { VolumeRow($0.record, mountPoint: engine.paths.volumeData($0.record.name)) }
        if arguments.flag("quiet"), !arguments.isGiven("format") {
            Terminal.print(rows.map { $0.name + "\n" }.joined())
            return 0
        }
        let format = ListFormat(arguments, "volumesFormat")
        guard !format.isPlainTable else {
            var table = Table(header: ["DRIVER", "VOLUME NAME"])
            for row in rows { table.add([row.driver, row.name]) }
            Terminal.print(table.text)
            return 0
        }
        try format.print(rows)
        return 0
    }
}

/// A volume as `volume ls` shows it, and as its templates see it.
struct VolumeRow: Formattable {
    private let record: VolumeRecord
    private let mountPoint: String

    init(_ record: VolumeRecord, mountPoint: String) {
        self.record = record
        self.mountPoint = mountPoint
    }

    var name: String { record.name }
    var driver: String { record.driver }

    static let headings: [(key: String, value: String)] = [
        ("Name", "VOLUME NAME"), ("Driver", "DRIVER"), ("Scope", "SCOPE"), ("Mountpoint", "MOUNTPOINT"),
        ("Labels", "LABELS"), ("Label", "LABEL"), ("Links", "LINKS"), ("Size", "SIZE"),
        ("Availability", "AVAILABILITY"),
        ("Group", "GROUP"), ("Status", "STATUS"),
    ]

    var template: TemplateRecord {
        let labels = record.labelMembers
        let labelText = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        return TemplateRecord(
            "*formatter.volumeContext",
            [
                .value("Availability", .string("N/A")), .value("Driver", .string(driver)),
                .value("Group", .string("N/A")),
                // A template finds the first, which can't forge lines; JSON has the second, and escapes itself.
                .value("Labels", json: nil, .string(Terminal.escaped(labelText))), .value("Labels", .string(labelText)),
                // Without a Swarm, and unless sizes are asked for, as in Docker.
                .value("Links", .string("N/A")), .value("Mountpoint", .string(mountPoint)),
                .value("Name", .string(name)),
                .value("Scope", .string("local")), .value("Size", .string("N/A")), .value("Status", .string("N/A")),
                .method("Label", arity: 1) { arguments in
                    guard case .string(let name)? = arguments.first else { return .string("") }
                    return .string(Terminal.escaped(labels[name] ?? ""))
                },
            ], escapesHTML: true)
    }
}

/// What `--filter` of volumes asks for: values of one key are alternatives, keys must all hold; labels must all hold.
struct VolumeFilters {
    private var values: [String: [String]] = [:]
    private var names: [NamePattern] = []

    init(_ texts: [String], known: [String]) throws {
        values = try FilterText.values(texts, known: known)
        names = try FilterText.names(values)
    }

    /// A filter that is true or false; nil where it isn't given.
    func flag(_ key: String) throws -> Bool? {
        guard let text = values[key]?.last else { return nil }
        guard let isOn = OptionValue.bool(text) else {
            throw EngineError(.invalidArgument, "invalid filter '\(key)=\(text)'", hint: "It is true or false.")
        }
        return isOn
    }

    /// But for what ``flag(_:)`` tells.
    func match(_ volume: VolumeRecord) -> Bool {
        (names.isEmpty || names.contains { $0.matches(volume.name) })
            && (values["driver"]?.contains(volume.driver) ?? true)
            && FilterText.match(values, volume.labelMembers)
    }
}
