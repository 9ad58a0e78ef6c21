import Engine
import GoTemplate
import Metadata
import OCI

/// A container as `ps` shows it, and as its templates see it.
struct ContainerRow: Formattable {
    private let record: ContainerRecord
    private let isTruncated: Bool
    private let sizes: (written: Int64, total: Int64)?
    private let mounts: [String]
    /// See ``imageName(_:isTruncated:)``.
    let image: String

    /// - Parameters:
    ///   - image: What ``imageName(_:isTruncated:)`` makes of the record's; many containers have the same.
    ///   - mounts: What is mounted: the names of volumes, the sources of binds.
    init(
        _ record: ContainerRecord, isTruncated: Bool, image: String, sizes: (written: Int64, total: Int64)?, mounts: [String]
    ) {
        self.image = image
        self.mounts = mounts
        self.record = record
        self.isTruncated = isTruncated
        self.sizes = sizes
    }

    var id: String { isTruncated ? String(record.id.prefix(12)) : record.id }
    var name: String { record.name }
    /// As the user named it, in the short form of a name and without a digest.
    static func imageName(_ name: String, isTruncated: Bool) -> String {
        guard isTruncated else { return name }
        if name.hasPrefix("sha256:") { return String(name.dropFirst("sha256:".count).prefix(12)) }
        // What is no name is shown as it is.
        guard let reference = try? Reference(name) else { return name }
        return reference.familiarName + (reference.tag.map { ":" + $0 } ?? "")
    }

    /// In quotes, and cut to 20 characters. Line ends in it are escaped already: a template's own would not be told from them.
    var command: String {
        let scalars = record.command.unicodeScalars
        guard isTruncated, scalars.count > 20 else { return "\"\(Terminal.escaped(record.command))\"" }
        return "\"" + Terminal.escaped(String(String.UnicodeScalarView(scalars.prefix(19)))) + "…\""
    }

    var runningFor: String { Moment.ago(record.created) }

    var status: String {
        let state = record.state
        switch state.status {
        case .created: return "Created"
        case .running: return "Up " + Moment.since(state.started ?? record.created) + health
        case .paused: return "Up " + Moment.since(state.started ?? record.created) + " (Paused)"
        case .restarting: return "Restarting (\(state.exitCode)) " + Moment.ago(state.finished ?? record.created)
        case .removing: return "Removal In Progress"
        case .dead: return "Dead"
        case .exited: return "Exited (\(state.exitCode)) " + Moment.ago(state.finished ?? record.created)
        }
    }

    private var health: String {
        switch record.health {
        case "": ""
        case "starting": " (health: starting)"
        default: " (\(record.health))"
        }
    }

    /// Of a running container: `0.0.0.0:8080->80/tcp, [::]:8080->80/tcp`.
    var ports: String {
        guard record.state.isUp else { return "" }
        return PortText.list(PortList(text: record.ports).entries)
    }

    var size: String {
        guard let sizes else { return "0B" }
        return "\(Units.size(sizes.written, digits: 3)) (virtual \(Units.size(sizes.total, digits: 3)))"
    }

    /// Names cut to 15 characters, joined by commas.
    private var mountText: String {
        mounts.map { name in
            guard isTruncated, name.unicodeScalars.count > 15 else { return name }
            return String(String.UnicodeScalarView(name.unicodeScalars.prefix(14))) + "…"
        }.joined(separator: ",")
    }

    private var labels: [(name: String, value: JSON)] {
        (try? JSON(parsing: record.labels))?.object?.members.sorted { $0.name < $1.name } ?? []
    }

    // MARK: Templates

    static let headings: [(key: String, value: String)] = [
        ("ID", "CONTAINER ID"), ("Image", "IMAGE"), ("Command", "COMMAND"), ("CreatedAt", "CREATED AT"),
        ("RunningFor", "CREATED"), ("Ports", "PORTS"), ("State", "STATE"), ("Status", "STATUS"), ("Size", "SIZE"),
        ("Names", "NAMES"), ("Labels", "LABELS"), ("Label", "LABEL"), ("Mounts", "MOUNTS"), ("Networks", "NETWORKS"),
        ("LocalVolumes", "LOCAL VOLUMES"), ("Platform", "PLATFORM"),
    ]

    var template: TemplateRecord {
        let labels = self.labels.map { (key: $0.name, value: $0.value.string ?? "") }
        let labelText = labels.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        return TemplateRecord(
            "*formatter.ContainerContext",
            [
                .value("Command", .string(command)), .value("CreatedAt", .string(Moment.local(record.created))),
                .value("ID", .string(id)), .value("Image", .string(image)),
                // A template finds the first, which can't forge lines; JSON has the second, and escapes itself.
                .value("Labels", json: nil, .string(Terminal.escaped(labelText))), .value("Labels", .string(labelText)),
                .value("LocalVolumes", .string(String(mounts.count { !$0.hasPrefix("/") }))), .value("Mounts", .string(mountText)), .value("Names", .string(name)),
                .value("Networks", .string(record.networkMode)), .value("Platform", .null),
                .value("Ports", .string(ports)), .value("RunningFor", .string(runningFor)),
                .value("Size", .string(size)), .value("State", .string(record.state.status.rawValue)),
                .value("Status", .string(status)),
                .method("Label", arity: 1) { arguments in
                    guard case .string(let name)? = arguments.first else { return .string("") }
                    return .string(Terminal.escaped(labels.first { $0.key == name }?.value ?? ""))
                },
            ], escapesHTML: true)
    }
}
