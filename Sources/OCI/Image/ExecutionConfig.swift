/// What a container of an image starts with, where its user says nothing else: the `config` of an image's config.
///
/// The image is a stranger's. A text that reaches a system call holds no NUL; what needs a closer look is judged where it
/// is used: ``volumePaths()``, ``ports()``, ``Healthcheck/check()``.
public struct ExecutionConfig: Hashable, Sendable {
    /// The shell of RUN, CMD, ENTRYPOINT and HEALTHCHECK where ``shell`` names none.
    public static let defaultShell = ["/bin/sh", "-c"]

    public var hostname: String?
    public var domainname: String?
    /// `user`, `uid`, `user:group`, `uid:gid` and the mixed forms; empty for root.
    public var user: String
    /// `NAME=value` only. Docker's rule for an entry without `=`, to take the value of whoever runs the container, would
    /// hand secrets of the host to an image (CVE-2022-23648 and its kin): such entries are left out.
    public var environment: [String]
    /// Nil where none is set: an empty one says that there is to be none.
    public var entrypoint: [String]?
    public var command: [String]?
    public var workingDirectory: String
    /// As written: `80/tcp`, `8000-8010/udp`, `80`.
    public var exposedPorts: [String]
    /// As written.
    public var volumes: [String]
    public var labels: StringMap
    public var stopSignal: String?
    /// In seconds.
    public var stopTimeout: Int64?
    public var healthcheck: Healthcheck?
    public var shell: [String]?
    public var onBuild: [String]
    private var source: JSONObject

    public init() {
        user = ""
        environment = []
        workingDirectory = ""
        exposedPorts = []
        volumes = []
        labels = [:]
        onBuild = []
        source = [:]
    }

    public init(json: JSON) throws(FormatError) { try self.init(JSONFields(json, at: "config")) }

    init(_ fields: JSONFields) throws(FormatError) {
        hostname = try fields.text("Hostname")
        domainname = try fields.text("Domainname")
        user = try fields.text("User") ?? ""
        environment = try (fields.texts("Env") ?? []).filter(Self.isAssignment)
        entrypoint = try fields.texts("Entrypoint")
        command = try fields.texts("Cmd")
        workingDirectory = try fields.text("WorkingDir") ?? ""
        exposedPorts = try fields.names("ExposedPorts") ?? []
        volumes = try fields.names("Volumes") ?? []
        labels = try fields.map("Labels") ?? [:]
        stopSignal = try fields.text("StopSignal")
        stopTimeout = try fields.integer("StopTimeout")
        healthcheck = try fields.fields("Healthcheck").map { fields throws(FormatError) in try Healthcheck(fields) }
        shell = try fields.texts("Shell")
        onBuild = try fields.texts("OnBuild") ?? []
        source = fields.object
    }

    private static func isAssignment(_ entry: String) -> Bool {
        guard let equals = entry.utf8.firstIndex(of: UInt8(ascii: "=")) else { return false }
        return equals > entry.utf8.startIndex
    }

    public var json: JSON {
        var object = source
        object.put("Hostname", hostname)
        object.put("Domainname", domainname)
        object.putText("User", user)
        object.put("ExposedPorts", names: exposedPorts)
        object.put("Env", environment.map(JSON.string))
        object.put("Cmd", command.map { JSON($0) })
        object.put("Volumes", names: volumes)
        object.putText("WorkingDir", workingDirectory)
        object.put("Entrypoint", entrypoint.map { JSON($0) })
        object.put("OnBuild", onBuild.map(JSON.string))
        object.put("Labels", labels, over: source)
        object.put("StopSignal", stopSignal)
        object.put("StopTimeout", stopTimeout.map(JSON.integer))
        object.put("Healthcheck", healthcheck?.json)
        object.put("Shell", shell.map { JSON($0) })
        return .object(object)
    }
}

extension JSONObject {
    /// Writes a text whose absence means empty.
    fileprivate mutating func putText(_ name: String, _ text: String) {
        if text.isEmpty, self[name] == nil { return }
        put(name, text)
    }

    /// Writes the names of a set; one that hasn't changed keeps what stood at each.
    fileprivate mutating func put(_ name: String, names: [String]) {
        let old = self[name]?.object?.members.map(\.name) ?? []
        if old.count == names.count, zip(old, names).allSatisfy({ $0.utf8.elementsEqual($1.utf8) }) { return }
        put(name, .object(JSONObject(names.map { ($0, [:]) })))
    }
}

/// How a container's health is found out.
public struct Healthcheck: Hashable, Sendable {
    /// `["CMD", …]`, `["CMD-SHELL", "…"]`, `["NONE"]`; empty to inherit.
    public var test: [String]
    /// Nanoseconds; 0 for Docker's default.
    public var interval: Int64
    public var timeout: Int64
    public var startPeriod: Int64
    public var startInterval: Int64
    public var retries: Int64
    private var source: JSONObject

    public init(
        test: [String], interval: Int64 = 0, timeout: Int64 = 0, startPeriod: Int64 = 0, startInterval: Int64 = 0,
        retries: Int64 = 0
    ) {
        self.test = test
        self.interval = interval
        self.timeout = timeout
        self.startPeriod = startPeriod
        self.startInterval = startInterval
        self.retries = retries
        source = [:]
    }

    public init(_ fields: JSONFields) throws(FormatError) {
        test = try fields.texts("Test") ?? []
        interval = try fields.integer("Interval") ?? 0
        timeout = try fields.integer("Timeout") ?? 0
        startPeriod = try fields.integer("StartPeriod") ?? 0
        startInterval = try fields.integer("StartInterval") ?? 0
        retries = try fields.integer("Retries") ?? 0
        source = fields.object
    }

    public var json: JSON {
        var object = source
        object.put("Test", test.map(JSON.string))
        for (name, value) in numbers where value != 0 || source[name] != nil { object.put(name, .integer(value)) }
        return .object(object)
    }

    private var numbers: [(String, Int64)] {
        [
            ("Interval", interval), ("Timeout", timeout), ("StartPeriod", startPeriod),
            ("StartInterval", startInterval), ("Retries", retries),
        ]
    }

    /// Judges the numbers as Docker does: a time is 0 or at least a millisecond, so that an image can't ask for a
    /// probe in every nanosecond.
    public func check() throws(FormatError) {
        for (name, value) in numbers where name != "Retries" && value != 0 && value < 1_000_000 {
            throw FormatError("\(name) in Healthcheck", "cannot be less than 1ms")
        }
        guard retries >= 0 else { throw FormatError("Retries in Healthcheck", "cannot be negative") }
    }
}
