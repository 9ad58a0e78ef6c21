import OCI

extension MonitorSettings {
    public init(json: JSON) throws(FieldError) {
        self.init(
            id: try json.requiredString("id"), runtime: try json.requiredString("runtime"),
            runtimeRoot: try json.requiredString("runtimeRoot"), directory: try json.requiredString("directory"),
            journal: try json.requiredString("journal"), root: try json["root"].map(RootMount.init(json:)))
        slot = json["slot"]?.integer
        idMap = try json["idMap"].map(IDMap.init(json:))
        user = json["user"]?.string
        groupAdd = try json.strings("groupAdd")
        makesWorkingDirectory = try json.flag("makesWorkingDirectory")
        terminal = try json.flag("terminal")
        openStdin = try json.flag("openStdin")
        stdinOnce = try json.flag("stdinOnce")
        log = try json["log"].flatMap(LogDestination.parse)
        filter = json["filter"]?.string
        restart = try json["restart"].map(RestartPolicy.init(json:)) ?? RestartPolicy()
        health = try json["health"].map(HealthCheck.init(json:))
        exitCommand = try json.strings("exitCommand")
        endsWithEngine = try json.flag("endsWithEngine")
        running = try json["running"].map(RunningContainer.init(json:))
    }

    public var json: JSON {
        var object: JSONObject = [
            "id": .string(id), "runtime": .string(runtime), "runtimeRoot": .string(runtimeRoot),
            "directory": .string(directory), "journal": .string(journal),
        ]
        object["slot"] = slot.map(JSON.integer)
        object["root"] = root?.json
        object["idMap"] = idMap?.json
        object["user"] = user.map(JSON.string)
        if !groupAdd.isEmpty { object["groupAdd"] = JSON(groupAdd) }
        object["makesWorkingDirectory"] = .bool(makesWorkingDirectory)
        object["terminal"] = .bool(terminal)
        object["openStdin"] = .bool(openStdin)
        object["stdinOnce"] = .bool(stdinOnce)
        object["log"] = log?.json ?? ["driver": "none"]
        object["filter"] = filter.map(JSON.string)
        if restart.condition != .never { object["restart"] = restart.json }
        object["health"] = health?.json
        if !exitCommand.isEmpty { object["exitCommand"] = JSON(exitCommand) }
        if endsWithEngine { object["endsWithEngine"] = true }
        object["running"] = running?.json
        return .object(object)
    }
}

extension MonitorSettings.RunningContainer {
    init(json: JSON) throws(FieldError) {
        self.init(
            pid: try json.requiredInteger("pid"), startedAt: try json.requiredTime("startedAt"),
            restarts: try json.requiredInteger("restarts"), isLast: try json.flag("isLast"))
        guard pid > 0 else { throw FieldError("running.pid", "must be a process's") }
    }

    var json: JSON {
        [
            "pid": .integer(Int64(pid)), "startedAt": .string(startedAt.description), "restarts": .integer(restarts),
            "isLast": .bool(isLast),
        ]
    }
}

extension MonitorSettings.RootMount {
    init(json: JSON) throws(FieldError) {
        self.init(
            lowers: try json.strings("lowers"), upper: try json.requiredString("upper"),
            work: try json.requiredString("work"), volatile: try json.flag("volatile"))
        guard !lowers.isEmpty else { throw FieldError("root.lowers", "must not be empty") }
    }

    var json: JSON {
        ["lowers": JSON(lowers), "upper": .string(upper), "work": .string(work), "volatile": .bool(volatile)]
    }
}

extension MonitorSettings.IDMap {
    init(json: JSON) throws(FieldError) { self.init(uid: try Self.ranges(json, "uid"), gid: try Self.ranges(json, "gid")) }

    private static func ranges(_ json: JSON, _ name: String) throws(FieldError) -> [Range] {
        guard let array = json[name]?.array, !array.isEmpty else { throw FieldError("idMap.\(name)", "must list a range") }
        var ranges: [Range] = []
        for element in array {
            guard let inside = element["containerID"]?.integer.flatMap(UInt32.init(exactly:)),
                let host = element["hostID"]?.integer.flatMap(UInt32.init(exactly:)),
                let size = element["size"]?.integer.flatMap(UInt32.init(exactly:)), size > 0
            else { throw FieldError("idMap.\(name)", "must hold containerID, hostID and size") }
            ranges.append(Range(containerID: inside, hostID: host, size: size))
        }
        return ranges
    }

    var json: JSON { ["uid": .array(uid.map(\.json)), "gid": .array(gid.map(\.json))] }
}

extension MonitorSettings.IDMap.Range {
    var json: JSON {
        [
            "containerID": .integer(Int64(containerID)), "hostID": .integer(Int64(hostID)),
            "size": .integer(Int64(size)),
        ]
    }
}

extension JSON {
    func requiredString(_ name: String) throws(FieldError) -> String {
        guard let value = self[name]?.string else { throw FieldError(name, "must be a string") }
        return value
    }

    func flag(_ name: String) throws(FieldError) -> Bool {
        guard let value = self[name], !value.isNull else { return false }
        guard let flag = value.bool else { throw FieldError(name, "must be true or false") }
        return flag
    }

    func strings(_ name: String) throws(FieldError) -> [String] {
        guard let value = self[name], !value.isNull else { return [] }
        let strings = value.array?.compactMap(\.string) ?? []
        guard let count = value.array?.count, count == strings.count else {
            throw FieldError(name, "must be a list of strings")
        }
        return strings
    }

    /// Nil where it is missing or empty.
    func time(_ name: String) throws(FieldError) -> Timestamp? {
        guard let text = self[name]?.string, !text.isEmpty else { return nil }
        guard let time = Timestamp(parsing: text) else { throw FieldError(name, "must be an RFC 3339 time") }
        return time
    }

    func requiredTime(_ name: String) throws(FieldError) -> Timestamp {
        guard let time = try time(name) else { throw FieldError(name, "is missing") }
        return time
    }

    func requiredInteger<Number: FixedWidthInteger>(_ name: String) throws(FieldError) -> Number {
        guard let value = self[name]?.integer.flatMap(Number.init(exactly:)) else {
            throw FieldError(name, "must be a number")
        }
        return value
    }
}
