import OCI

/// What a container runs: the portable half of Docker's create request ("Config"). After `create` it holds the image's
/// configuration with the request's on top, so that a start needs no image configuration.
public struct ContainerConfig: Hashable, Sendable {
    public var hostname = ""
    public var domainname = ""
    /// `user[:group]` by name or id; empty is root.
    public var user = ""
    public var attachStdin = false
    public var attachStdout = false
    public var attachStderr = false
    /// `80/tcp`, sorted.
    public var exposedPorts: [String] = []
    /// `02:42:ac:11:00:02`; empty takes the one that goes with the address.
    public var macAddress = ""
    public var tty = false
    public var openStdin = false
    public var stdinOnce = false
    /// `NAME=value`; in a request, a name alone removes the image's variable.
    public var environment: [String] = []
    /// Nil takes the image's; in a request an entrypoint drops the image's command.
    public var command: [String]?
    /// As the user named it.
    public var image = ""
    /// Paths that the image or the request declares as volumes.
    public var volumes: [String] = []
    public var workingDirectory = ""
    /// Nil takes the image's; `[""]` or an empty list clears it.
    public var entrypoint: [String]?
    public var labels: [String: String] = [:]
    /// A name or number; nil is SIGTERM.
    public var stopSignal: String?
    /// In seconds; nil is ten.
    public var stopTimeout: Int64?
    /// As the image has it; not run.
    public var healthcheck: JSON?
    public var onBuild: [String]?
    public var shell: [String]?

    public init() {}
}

extension ContainerConfig {
    public init(json: JSON) {
        hostname = json["Hostname"]?.string ?? ""
        domainname = json["Domainname"]?.string ?? ""
        user = json["User"]?.string ?? ""
        attachStdin = json["AttachStdin"]?.bool ?? false
        attachStdout = json["AttachStdout"]?.bool ?? false
        attachStderr = json["AttachStderr"]?.bool ?? false
        exposedPorts = json["ExposedPorts"]?.names ?? []
        macAddress = json["MacAddress"]?.string ?? ""
        tty = json["Tty"]?.bool ?? false
        openStdin = json["OpenStdin"]?.bool ?? false
        stdinOnce = json["StdinOnce"]?.bool ?? false
        environment = json["Env"]?.strings ?? []
        command = json["Cmd"]?.strings
        image = json["Image"]?.string ?? ""
        volumes = json["Volumes"]?.names ?? []
        workingDirectory = json["WorkingDir"]?.string ?? ""
        entrypoint = json["Entrypoint"]?.strings
        labels = json["Labels"]?.stringMembers ?? [:]
        stopSignal = json["StopSignal"]?.string
        stopTimeout = json["StopTimeout"]?.integer
        healthcheck = json["Healthcheck"].flatMap { $0.isNull ? nil : $0 }
        onBuild = json["OnBuild"]?.strings
        shell = json["Shell"]?.strings
    }

    /// In the order and with the nulls of Docker's inspect.
    public var json: JSON {
        var object: JSONObject = [
            "Hostname": .string(hostname), "Domainname": .string(domainname), "User": .string(user),
            "AttachStdin": .bool(attachStdin), "AttachStdout": .bool(attachStdout), "AttachStderr": .bool(attachStderr),
        ]
        if !exposedPorts.isEmpty { object["ExposedPorts"] = JSON(names: exposedPorts) }
        object["Tty"] = .bool(tty)
        object["OpenStdin"] = .bool(openStdin)
        object["StdinOnce"] = .bool(stdinOnce)
        object["Env"] = JSON(environment)
        object["Cmd"] = JSON(command)
        if let healthcheck { object["Healthcheck"] = healthcheck }
        object["Image"] = .string(image)
        object["Volumes"] = volumes.isEmpty ? .null : JSON(names: volumes)
        object["WorkingDir"] = .string(workingDirectory)
        object["Entrypoint"] = JSON(entrypoint)
        if !macAddress.isEmpty { object["MacAddress"] = .string(macAddress) }
        object["OnBuild"] = JSON(onBuild)
        object["Labels"] = JSON(labels)
        if let stopSignal { object["StopSignal"] = .string(stopSignal) }
        if let stopTimeout { object["StopTimeout"] = .integer(stopTimeout) }
        if let shell { object["Shell"] = JSON(shell) }
        return .object(object)
    }
}

extension JSON {
    /// The strings of an array; a single string is a list of one, as old clients send it. Nil for anything else.
    var strings: [String]? {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.compactMap(\.string)
        default: nil
        }
    }
    /// The member names of a set written as an object: `{"80/tcp": {}}`.
    var names: [String]? { object.map { $0.members.map(\.name).sorted() } }
    var stringMembers: [String: String]? {
        object.map { $0.members.reduce(into: [:]) { $0[$1.name] = $1.value.string } }
    }

    init(names: [String]) { self = .object(JSONObject(names.map { ($0, [:]) })) }
}
