import OCI

extension SeccompProfile {
    /// Reads a profile of `--security-opt seccomp=FILE`: Docker's form, or the runtime's own section.
    ///
    /// - Throws: ``EngineError`` that names the field: a rule that was misread could allow what it should forbid.
    init(parsing text: String) throws(EngineError) {
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: text) } catch { throw Self.error(error.description) }
        guard let word = json["defaultAction"]?.string, let action = RuntimeSpec.SeccompAction(rawValue: word) else {
            throw Self.error("it has no defaultAction that is known")
        }
        self.init(defaultAction: action, rules: [])
        defaultErrnoRet = try Self.errno(json["defaultErrnoRet"])
        architectures = try Self.strings(json["architectures"], "architectures")
        for entry in json["archMap"]?.array ?? [] {
            guard let name = entry["architecture"]?.string else { throw Self.error("archMap needs an architecture") }
            architectureMap[name] = try Self.strings(entry["subArchitectures"], "subArchitectures")
        }
        guard architectures.isEmpty || architectureMap.isEmpty else {
            throw Self.error("it has both architectures and archMap")
        }
        flags = try Self.strings(json["flags"], "flags")
        listenerPath = json["listenerPath"]?.string
        listenerMetadata = json["listenerMetadata"]?.string
        for (index, entry) in try Self.array(json["syscalls"], "syscalls").enumerated() {
            rules.append(try Self.rule(entry, "syscalls[\(index)]"))
        }
    }

    private static func rule(_ json: JSON, _ field: String) throws(EngineError) -> Rule {
        guard var object = json.object else { throw error("\(field) must be an object") }
        // The form of old profiles: one name for each rule.
        if let name = object["name"]?.string, !name.isEmpty {
            guard object["names"]?.array?.isEmpty ?? true else { throw error("\(field) has both name and names") }
            object["names"] = [.string(name)]
        }
        do throws(FieldError) {
            var syscalls = try RuntimeSpec.SeccompRule(json: .object(object))
            syscalls.other = JSONObject()
            return Rule(
                syscalls: syscalls, includes: try condition(object["includes"]),
                excludes: try condition(object["excludes"]))
        } catch {
            throw self.error("\(field) \(error)")
        }
    }

    private static func condition(_ json: JSON?) throws(FieldError) -> Condition? {
        guard let json, !json.isNull else { return nil }
        guard let object = json.object else { throw FieldError("", "has a condition that is no object") }
        var condition = Condition()
        for (name, value) in object.members where !value.isNull {
            let list = value.array?.compactMap(\.string)
            switch (name, list, value.string) {
            case ("caps", let list?, _) where list.count == value.array?.count: condition.capabilities = list
            case ("arches", let list?, _) where list.count == value.array?.count: condition.architectures = list
            case ("minKernel", _, let version?): condition.minimumKernel = version
            // A condition that isn't understood can't be taken for met.
            default: throw FieldError("", "has the condition \"\(name)\", which is not understood")
            }
        }
        return condition
    }

    private static func array(_ json: JSON?, _ field: String) throws(EngineError) -> [JSON] {
        guard let json, !json.isNull else { return [] }
        guard let array = json.array else { throw error("\(field) must be an array") }
        return array
    }

    private static func strings(_ json: JSON?, _ field: String) throws(EngineError) -> [String] {
        var strings: [String] = []
        for element in try array(json, field) {
            guard let string = element.string else { throw error("\(field) must hold strings") }
            strings.append(string)
        }
        return strings
    }

    private static func errno(_ json: JSON?) throws(EngineError) -> UInt32? {
        guard let json, !json.isNull else { return nil }
        guard let number = json.integer.flatMap(UInt32.init(exactly:)) else {
            throw error("defaultErrnoRet must be a number")
        }
        return number
    }

    private static func error(_ reason: String) -> EngineError {
        EngineError(.invalidArgument, cannot: "use the seccomp profile", because: reason)
    }
}
