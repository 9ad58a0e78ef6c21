import GoTemplate
import OCI

/// A JSON document as templates see it: in the shape of the Go structures that Docker's client decodes it into. There a
/// list without elements is `[]` and not nil, a label that isn't there is no error, and what the JSON leaves out is there.
enum DockerShape {
    static func value(_ document: JSON) -> TemplateValue { value(document, named: "", below: "") }

    private static func value(_ json: JSON, named name: String, below parent: String) -> TemplateValue {
        switch json {
        case .null: parent == "Ports" ? .nilPointer("[]nat.PortBinding") : nilValue(name)
        case .bool(let value): .bool(value)
        case .integer(let value): parent == "Healthcheck" && durations.contains(name) ? .duration(value) : .int(value)
        case .number(let digits): .float(Double(digits) ?? .nan)
        case .string(let text): .string(text)
        case .array(let elements): .list(elements.map { value($0, named: "", below: name) })
        case .object(let object): map(object, named: name, below: parent)
        }
    }

    private static func map(_ object: JSONObject, named name: String, below parent: String) -> TemplateValue {
        // "Config" is a map of options below "LogConfig" alone.
        let isOpen = maps.contains(name) || (name == "Config" && parent == "LogConfig")
        let entries = object.members.map { (key: $0.name, value: value($0.value, named: $0.name, below: name)) }
        guard isOpen else { return .map(TemplateMap(entries, omitted: omitted(from: object, named: name, below: parent), isStructure: true)) }
        let areStrings = object.members.allSatisfy { $0.value.string != nil }
        return .map(TemplateMap(entries, missing: areStrings ? .string("") : .null, isOpen: true))
    }

    private static func nilValue(_ name: String) -> TemplateValue {
        if lists.contains(name) { return .nilPointer("[]string") }
        if maps.contains(name) { return .nilPointer("map[string]string") }
        return pointers.contains(name) ? .nilPointer("*" + name) : .null
    }

    private static func omitted(from object: JSONObject, named name: String, below parent: String) -> [String: TemplateValue] {
        var omitted: [String: TemplateValue] = [:]
        if name.isEmpty, object["Actor"] != nil { return eventFields(object) }
        // Where the document begins: a container has a host configuration, an image a root file system.
        let document = object["HostConfig"] != nil ? "Container" : object["Mountpoint"] != nil ? "Volume" : "Image"
        let key = !name.isEmpty ? name : parent == "Mounts" ? "Mount" : document
        for member in omittedMembers[key] ?? [] {
            omitted[member] = texts.contains(member) ? .string("") : nilValue(member)
        }
        return omitted
    }

    /// Those of an event whose names in JSON are others.
    private static func eventFields(_ object: JSONObject) -> [String: TemplateValue] {
        let names = [("Status", "status"), ("ID", "id"), ("From", "from"), ("Scope", "scope"), ("Time", "time"), ("TimeNano", "timeNano")]
        return Dictionary(uniqueKeysWithValues: names.map { ($0, object[$1].map { value($0, named: "", below: "") } ?? .string("")) })
    }

    // MARK: Docker Engine API 1.51: ContainerInspectResponse, HostConfig, ContainerConfig, ImageInspect

    private static let omittedMembers: [String: [String]] = [
        "Container": ["SizeRw", "SizeRootFs"],
        "Image": ["Variant", "OsVersion", "Comment", "Author"],
        "Config": [
            "ExposedPorts", "Healthcheck", "StopSignal", "StopTimeout", "Shell", "User", "Env", "Cmd", "Entrypoint", "Volumes",
            "WorkingDir", "Labels", "OnBuild",
        ],
        "HostConfig": ["Init", "Mounts", "Tmpfs", "Sysctls", "StorageOpt", "Annotations"],
        "State": ["Health"], "Mount": ["Name", "Driver", "Source"], "Volume": ["Status", "UsageData", "ClusterVolume"],
    ]
    private static let durations: Set<String> = ["Interval", "Timeout", "StartPeriod", "StartInterval"]
    private static let texts: Set<String> = [
        "Name", "Driver", "Source", "StopSignal", "User", "WorkingDir", "Variant", "OsVersion", "Comment", "Author",
    ]
    private static let pointers: Set<String> = [
        "Init", "Health", "UsageData", "ClusterVolume", "Healthcheck", "StopTimeout", "SizeRw", "SizeRootFs", "PidsLimit", "OomKillDisable",
        "MemorySwappiness", "IPAMConfig",
    ]
    private static let lists: Set<String> = [
        "Binds", "Mounts", "Entrypoint", "Cmd", "Env", "OnBuild", "Shell", "ExecIDs", "CapAdd", "CapDrop", "Dns",
        "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Links", "SecurityOpt", "VolumesFrom", "DeviceCgroupRules",
        "DeviceRequests", "Devices", "Ulimits", "MaskedPaths", "ReadonlyPaths", "Aliases", "DNSNames",
        "SecondaryIPAddresses", "SecondaryIPv6Addresses", "RepoTags", "RepoDigests", "BlkioWeightDevice",
        "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps",
    ]
    private static let maps: Set<String> = [
        "Labels", "Volumes", "ExposedPorts", "Ports", "PortBindings", "Networks", "Tmpfs", "Sysctls", "StorageOpt",
        "Annotations", "DriverOpts", "Options", "Data", "Attributes",
    ]
}
