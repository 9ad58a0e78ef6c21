import ImageStore
import Linux
import Metadata
import MonitorProtocol
import OCI

extension Engine {
    /// What Docker's inspect says of a container, member by member (Docker Engine API 1.51, ContainerInspect).
    ///
    /// - Parameter withSize: Whether to add up what it wrote, which walks its files.
    public func inspectContainer(_ name: String, withSize: Bool = false) throws(EngineError) -> JSON {
        let record = try container(name)
        let spec = try storedSpec(of: record)
        let command = (spec.config.entrypoint ?? []) + (spec.config.command ?? [])
        let mounts = try spec.mounts()
        let directory = runtimePaths.directory(record.id)
        let execs = execs(of: record)
        var object: JSONObject = [
            "Id": .string(record.id), "Created": .string(Timestamp(nanoseconds: record.created).description),
            "Path": .string(command.first ?? ""), "Args": JSON(Array(command.dropFirst())),
            "State": .object(state(record)), "Image": .string(record.image.description),
            "ResolvConfPath": .string(directory + "/resolv.conf"), "HostnamePath": .string(directory + "/hostname"),
            "HostsPath": .string(directory + "/hosts"),
            "LogPath": .string(spec.host.logConfig.type == "json-file" ? runtimePaths.log(record.id) : ""),
            "Name": .string("/" + record.name), "RestartCount": .integer(record.restarts), "Driver": "overlay", "Platform": "linux",
            "MountLabel": "", "ProcessLabel": "", "AppArmorProfile": "", "ExecIDs": execs.isEmpty ? nil : JSON(execs),
            "HostConfig": spec.host.inspectJSON, "GraphDriver": try graphDriver(record),
            "Mounts": .array(mounts.filter { spec.host.tmpfs[$0.destination] == nil }.map(\.inspectJSON)),
            "Config": spec.config.json,
            "NetworkSettings": .object(try networkSettings(record, spec)),
        ]
        if withSize {
            let sizes = try sizes(of: record)
            object["SizeRw"] = .integer(sizes.written)
            object["SizeRootFs"] = .integer(sizes.total)
        }
        object["Hako"] = .object(hakoMembers(record, spec))
        return .object(object)
    }

    private func state(_ record: ContainerRecord) -> JSONObject {
        var object = Self.state(record.state)
        if !record.health.isEmpty { object["Health"] = health(record) }
        return object
    }

    /// What its monitor has written down of its probes, with the status that the database has: after its end it is unhealthy.
    func health(_ record: ContainerRecord) -> JSON {
        var found: JSON?
        for directory in [runtimePaths.bundle(record.id), runtimePaths.directory(record.id)] where found == nil {
            // While one of the two is replaced by the other, nothing is known but the status.
            found = (try? FileDescriptor.contents(of: "\(directory)/\(HealthReport.file)", limit: 1 << 20)).flatMap { try? JSON(parsing: $0) }
        }
        var object = (found ?? HealthReport().json).object ?? [:]
        object["Status"] = .string(record.health)
        return .object(object)
    }

    private static func state(_ state: Metadata.ContainerState) -> JSONObject {
        let time = { (nanoseconds: Int64?) -> JSON in
            .string(nanoseconds.map { Timestamp(nanoseconds: $0).description } ?? "0001-01-01T00:00:00Z")
        }
        let isRunning = state.isUp
        return [
            "Status": .string(state.status.rawValue), "Running": .bool(isRunning),
            "Paused": .bool(state.status == .paused), "Restarting": .bool(state.status == .restarting),
            "OOMKilled": .bool(state.oomKilled), "Dead": .bool(state.status == .dead),
            "Pid": .integer(isRunning ? state.pid : 0), "ExitCode": .integer(state.exitCode),
            "Error": .string(state.error), "StartedAt": time(state.started),
            "FinishedAt": time(isRunning ? nil : state.finished),
        ]
    }

    /// What Docker has no word for.
    private func hakoMembers(_ record: ContainerRecord, _ spec: StoredSpec) -> JSONObject {
        var members: JSONObject = [
            "UserNamespace": record.idSlot.map { slot in
                [
                    "HostID": .integer(Int64(StorePaths.hostID(ofSlot: slot))),
                    "Size": .integer(Int64(StorePaths.idsPerContainer)),
                ]
            } ?? .null
        ]
        if !spec.config.volumes.isEmpty, spec.mountPoints == nil {
            members["Volumes"] = "the image's volumes are plain directories of the container"
        }
        return members
    }

    private func graphDriver(_ record: ContainerRecord) throws(EngineError) -> JSON {
        let directory = runtimePaths.directory(record.id)
        let lowers = try lowerDirectories(of: record.image)
        return [
            "Data": [
                "LowerDir": .string(lowers.joined(separator: ":")), "MergedDir": .string(runtimePaths.bundle(record.id) + "/rootfs"),
                "UpperDir": .string("\(directory)/\(ContainerDirectory.upper)"),
                "WorkDir": .string("\(directory)/\(ContainerDirectory.work)"),
            ], "Name": "overlay",
        ]
    }

    /// What `ps` shows of its mounts: the names of volumes, the sources of binds, and nothing for a tmpfs of `--mount`.
    public func mountNames(of record: ContainerRecord) throws(EngineError) -> [String] {
        try mounts(of: record).map(\.shownName)
    }

    /// All but those of `--tmpfs`.
    public func mounts(of record: ContainerRecord) throws(EngineError) -> [ContainerMount] {
        let spec = try storedSpec(of: record)
        return try spec.mounts().filter { spec.host.tmpfs[$0.destination] == nil }
    }

    /// What the container wrote, and that with its image's layers; in bytes.
    public func sizes(of record: ContainerRecord) throws(EngineError) -> (written: Int64, total: Int64) {
        let image = try onImages("find image \(record.image.short)") { store throws(StoreError) in
            try store.image(record.image)?.size ?? 0
        }
        let upper = "\(runtimePaths.directory(record.id))/\(ContainerDirectory.upper)"
        let written: Int64
        do throws(SystemCallError) {
            written = try FileDescriptor.directory(upper).treeSize()
        } catch {
            guard error.errno == .noSuchFile else {
                throw EngineError(.system, cannot: "add up \(upper)", because: "\(error)", cause: error)
            }
            written = 0
        }
        return (written, image + written)
    }
}

extension HostConfig {
    /// As the request, with what was left open as Docker shows it.
    var inspectJSON: JSON {
        var filled = self
        if runtime.isEmpty { filled.runtime = "hako-runtime" }
        if maskedPaths == nil { filled.maskedPaths = privileged ? nil : SpecDefaults.maskedPaths }
        if readonlyPaths == nil { filled.readonlyPaths = privileged ? nil : SpecDefaults.readonlyPaths }
        if resources.memory > 0, resources.memorySwap == 0 {
            filled.resources.memorySwap = resources.memory.multipliedReportingOverflow(by: 2).partialValue
        }
        return filled.json
    }
}
