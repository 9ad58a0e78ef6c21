import OCI

/// One `--gpus`, or the `--device vendor.com/class=name` of a command line: devices that a maker's specification describes.
/// Docker's "DeviceRequest".
public struct DeviceSetRequest: Hashable, Sendable {
    /// `cdi` for names of devices; empty or a maker's name for what ``capabilities`` ask for.
    public var driver: String
    /// How many; -1 is all. Nothing where ``ids`` name them.
    public var count: Int64
    /// With driver `cdi` whole names: `vendor.com/class=name`.
    public var ids: [String]?
    /// All of one of the lists: `[["gpu"]]`.
    public var capabilities: [[String]]
    public var options: [String: String]

    public init(
        driver: String = "", count: Int64 = 0, ids: [String]? = nil, capabilities: [[String]] = [],
        options: [String: String] = [:]
    ) {
        self.driver = driver
        self.count = count
        self.ids = ids
        self.capabilities = capabilities
        self.options = options
    }

    init(json: JSON) {
        self.init(
            driver: json["Driver"]?.string ?? "", count: json["Count"]?.integer ?? 0, ids: json["DeviceIDs"]?.strings,
            capabilities: (json["Capabilities"]?.array ?? []).map { $0.strings ?? [] },
            options: json["Options"]?.stringMembers ?? [:])
    }

    var json: JSON {
        [
            "Driver": .string(driver), "Count": .integer(count), "DeviceIDs": JSON(ids),
            "Capabilities": capabilities.isEmpty ? .null : .array(capabilities.map { JSON($0) }),
            "Options": driver == "cdi" ? .null : JSON(options),
        ]
    }

    /// In Docker's words: neither a driver nor a specification has what is asked for.
    var refusal: EngineError {
        let lists = capabilities.map { "[" + $0.joined(separator: " ") + "]" }.joined(separator: " ")
        return EngineError(
            .unavailable, "could not select device driver \"\(driver)\" with capabilities: [\(lists)]",
            hint: "No CDI specification in \(CDIRegistry.directories.joined(separator: " or ")) describes a GPU; its maker's tools write one.")
    }
}
