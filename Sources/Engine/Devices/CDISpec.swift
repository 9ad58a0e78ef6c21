import OCI

/// A specification of the Container Device Interface: what containers need to use devices of one kind. CDI SPEC.md, 0.8.
struct CDISpec {
    /// `vendor.com/class`
    let kind: String
    /// For whatever device of it.
    let edits: CDIEdits
    let devices: [(name: String, edits: CDIEdits)]

    init(json: JSON) throws(CDIError) {
        guard let kind = json["kind"]?.string, Self.isKind(kind), json["cdiVersion"]?.string != nil else {
            throw CDIError("it has no cdiVersion, or no kind such as vendor.com/class")
        }
        self.kind = kind
        edits = try CDIEdits(json: json["containerEdits"] ?? .null)
        devices = try (json["devices"]?.array ?? []).map { device throws(CDIError) in
            // YAML's `name: 0` is a number.
            guard let name = device["name"]?.string ?? device["name"]?.integer.map(String.init), !name.isEmpty else {
                throw CDIError("a device has no name")
            }
            return (name, try CDIEdits(json: device["containerEdits"] ?? .null))
        }
    }

    static func isKind(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || [0x2D, 0x2E, 0x5F].contains($0) }
        }
    }
}

/// What is wrong with a specification.
struct CDIError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// `containerEdits`: what comes to a container.
struct CDIEdits {
    struct Node {
        var path: String
        /// Where it is on the host.
        var hostPath: String
        var permissions: String
        var fileMode: UInt32?
        var userID: UInt32?
        var groupID: UInt32?
    }

    var environment: [String] = []
    var nodes: [Node] = []
    var mounts: [RuntimeSpec.Mount] = []
    var hooks: [(point: String, hook: RuntimeSpec.Hook)] = []

    init(json: JSON) throws(CDIError) {
        // What isn't known might be what makes the device work, or safe.
        let known = ["env", "deviceNodes", "mounts", "hooks"]
        for member in json.object?.members ?? [] where !known.contains(member.name) {
            throw CDIError("containerEdits.\(member.name) is not supported")
        }
        environment = json["env"]?.strings ?? []
        nodes = try (json["deviceNodes"]?.array ?? []).map { json throws(CDIError) in try Self.node(json) }
        mounts = try (json["mounts"]?.array ?? []).map { json throws(CDIError) in try Self.mount(json) }
        hooks = try (json["hooks"]?.array ?? []).map { json throws(CDIError) in try Self.hook(json) }
    }

    private static func node(_ json: JSON) throws(CDIError) -> Node {
        guard let path = json["path"]?.string, path.hasPrefix("/dev/") else {
            throw CDIError("a device node has no path below /dev")
        }
        let number = { (name: String) in json[name]?.integer.flatMap { UInt32(exactly: $0) } }
        return Node(
            path: path, hostPath: json["hostPath"]?.string ?? path, permissions: json["permissions"]?.string ?? "rwm",
            fileMode: number("fileMode"), userID: number("uid"), groupID: number("gid"))
    }

    private static func mount(_ json: JSON) throws(CDIError) -> RuntimeSpec.Mount {
        guard let source = json["hostPath"]?.string, let destination = json["containerPath"]?.string,
            source.hasPrefix("/"), destination.hasPrefix("/")
        else { throw CDIError("a mount lacks hostPath or containerPath") }
        let options = json["options"]?.strings ?? []
        return RuntimeSpec.Mount(
            destination: destination, type: json["type"]?.string ?? "bind", source: source,
            options: options.contains("bind") || options.contains("rbind") ? options : options + ["rbind"])
    }

    private static func hook(_ json: JSON) throws(CDIError) -> (point: String, hook: RuntimeSpec.Hook) {
        guard let point = json["hookName"]?.string, let path = json["path"]?.string, path.hasPrefix("/") else {
            throw CDIError("a hook lacks hookName or an absolute path")
        }
        guard ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"].contains(point) else {
            throw CDIError("there is no hook \(point)")
        }
        return (
            point,
            RuntimeSpec.Hook(
                path: path, args: json["args"]?.strings ?? [], env: json["env"]?.strings ?? [],
                timeout: json["timeout"]?.integer.flatMap { Int32(exactly: $0) })
        )
    }
}
