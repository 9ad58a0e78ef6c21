import MonitorProtocol
import OCI

extension HostConfig {
    /// In the order and with the nulls of Docker's inspect.
    public var json: JSON {
        var object: JSONObject = [
            "Binds": binds.isEmpty ? .null : JSON(binds), "ContainerIDFile": .string(containerIDFile),
            "LogConfig": ["Type": .string(logConfig.type), "Config": JSON(logConfig.options)],
            "NetworkMode": .string(networkMode), "PortBindings": portBindingsJSON,
            "RestartPolicy": [
                "Name": .string(restartPolicy.condition.rawValue), "MaximumRetryCount": .integer(restartPolicy.maximumRetryCount),
            ],
            "AutoRemove": .bool(autoRemove), "VolumeDriver": .string(volumeDriver),
            "VolumesFrom": volumesFrom.isEmpty ? .null : JSON(volumesFrom), "ConsoleSize": [0, 0],
        ]
        if !annotations.isEmpty { object["Annotations"] = JSON(annotations) }
        if !mounts.isEmpty { object["Mounts"] = .array(mounts.map(\.json)) }
        for (name, value) in isolation.members { object[name] = value }
        for (name, value) in resources.json.members { object[name] = value }
        object["MaskedPaths"] = JSON(maskedPaths)
        object["ReadonlyPaths"] = JSON(readonlyPaths)
        return .object(object)
    }

    private var isolation: JSONObject {
        var object: JSONObject = [
            "CapAdd": capAdd.isEmpty ? .null : JSON(capAdd), "CapDrop": capDrop.isEmpty ? .null : JSON(capDrop),
            "CgroupnsMode": .string(cgroupnsMode), "Dns": JSON(dns), "DnsOptions": JSON(dnsOptions),
            "DnsSearch": JSON(dnsSearch), "ExtraHosts": extraHosts.isEmpty ? .null : JSON(extraHosts),
            "GroupAdd": groupAdd.isEmpty ? .null : JSON(groupAdd), "IpcMode": .string(ipcMode), "Cgroup": "",
            "Links": nil, "OomScoreAdj": .integer(resources.oomScoreAdjust), "PidMode": .string(pidMode),
            "Privileged": .bool(privileged), "PublishAllPorts": .bool(publishAllPorts),
            "ReadonlyRootfs": .bool(readonlyRootfs),
            "SecurityOpt": securityOptions.isEmpty ? .null : JSON(securityOptions), "UTSMode": .string(utsMode),
            "UsernsMode": .string(usernsMode), "ShmSize": .integer(shmSize), "Runtime": .string(runtime),
            "Isolation": "",
        ]
        if !tmpfs.isEmpty { object["Tmpfs"] = JSON(tmpfs) }
        if !sysctls.isEmpty { object["Sysctls"] = JSON(sysctls) }
        if let initProcess { object["Init"] = .bool(initProcess) }
        return object
    }

    private var portBindingsJSON: JSON {
        var object = JSONObject()
        for binding in portBindings {
            let list = object[binding.containerPort]?.array ?? []
            object[binding.containerPort] = .array(
                list + [["HostIp": .string(binding.hostIP), "HostPort": .string(binding.hostPort)]])
        }
        return .object(object)
    }

    public init(json: JSON) {
        binds = json["Binds"]?.strings ?? []
        mounts = json["Mounts"]?.array?.compactMap(MountRequest.init(json:)) ?? []
        tmpfs = json["Tmpfs"]?.stringMembers ?? [:]
        volumesFrom = json["VolumesFrom"]?.strings ?? []
        volumeDriver = json["VolumeDriver"]?.string ?? ""
        containerIDFile = json["ContainerIDFile"]?.string ?? ""
        logConfig.type = json["LogConfig"]?["Type"]?.string ?? "json-file"
        logConfig.options = json["LogConfig"]?["Config"]?.stringMembers ?? [:]
        networkMode = json["NetworkMode"]?.string ?? "bridge"
        portBindings = Self.portBindings(json["PortBindings"])
        publishAllPorts = json["PublishAllPorts"]?.bool ?? false
        autoRemove = json["AutoRemove"]?.bool ?? false
        restartPolicy.condition = (json["RestartPolicy"]?["Name"]?.string).flatMap(RestartPolicy.Condition.init) ?? .never
        restartPolicy.maximumRetryCount = json["RestartPolicy"]?["MaximumRetryCount"]?.integer ?? 0
        annotations = json["Annotations"]?.stringMembers ?? [:]
        decodeIsolation(json)
        resources = Resources(json: json)
        maskedPaths = json["MaskedPaths"]?.strings
        readonlyPaths = json["ReadonlyPaths"]?.strings
    }

    private mutating func decodeIsolation(_ json: JSON) {
        capAdd = json["CapAdd"]?.strings ?? []
        capDrop = json["CapDrop"]?.strings ?? []
        dns = json["Dns"]?.strings ?? []
        dnsOptions = json["DnsOptions"]?.strings ?? []
        dnsSearch = json["DnsSearch"]?.strings ?? []
        extraHosts = json["ExtraHosts"]?.strings ?? []
        groupAdd = json["GroupAdd"]?.strings ?? []
        ipcMode = json["IpcMode"]?.string ?? "private"
        pidMode = json["PidMode"]?.string ?? ""
        utsMode = json["UTSMode"]?.string ?? ""
        usernsMode = json["UsernsMode"]?.string ?? ""
        cgroupnsMode = json["CgroupnsMode"]?.string ?? "private"
        privileged = json["Privileged"]?.bool ?? false
        readonlyRootfs = json["ReadonlyRootfs"]?.bool ?? false
        securityOptions = json["SecurityOpt"]?.strings ?? []
        shmSize = json["ShmSize"]?.integer ?? 64 << 20
        sysctls = json["Sysctls"]?.stringMembers ?? [:]
        runtime = json["Runtime"]?.string ?? ""
        initProcess = json["Init"]?.bool
    }

    private static func portBindings(_ json: JSON?) -> [PortBindingRequest] {
        (json?.object?.members ?? []).flatMap { port, list in
            (list.array ?? []).map {
                PortBindingRequest(
                    containerPort: port, hostIP: $0["HostIp"]?.string ?? "", hostPort: $0["HostPort"]?.string ?? "")
            }
        }
    }
}

extension MountRequest {
    init?(json: JSON) {
        guard let kind = Kind(rawValue: json["Type"]?.string ?? "bind") else { return nil }
        self.init(kind, source: json["Source"]?.string ?? "", target: json["Target"]?.string ?? "")
        isReadOnly = json["ReadOnly"]?.bool ?? false
        propagation = json["BindOptions"]?["Propagation"]?.string ?? ""
        createsSource = json["BindOptions"]?["CreateMountpoint"]?.bool ?? false
        isRecursive = !(json["BindOptions"]?["NonRecursive"]?.bool ?? false)
        decodeVolumeOptions(json["VolumeOptions"] ?? .null)
        if kind == .image { subpath = json["ImageOptions"]?["Subpath"]?.string ?? "" }
        tmpfsSize = json["TmpfsOptions"]?["SizeBytes"]?.integer ?? 0
        tmpfsMode = json["TmpfsOptions"]?["Mode"]?.integer
    }

    var json: JSON {
        var object: JSONObject = [
            "Type": .string(kind.rawValue)
        ]
        if !source.isEmpty { object["Source"] = .string(source) }
        object["Target"] = .string(target)
        if isReadOnly { object["ReadOnly"] = true }
        var bind = JSONObject()
        if !propagation.isEmpty { bind["Propagation"] = .string(propagation) }
        if createsSource { bind["CreateMountpoint"] = true }
        if !isRecursive { bind["NonRecursive"] = true }
        if !bind.isEmpty { object["BindOptions"] = .object(bind) }
        if kind == .image, !subpath.isEmpty { object["ImageOptions"] = ["Subpath": .string(subpath)] }
        let volume = volumeOptionsJSON
        if !volume.isEmpty { object["VolumeOptions"] = .object(volume) }
        var tmpfs = JSONObject()
        if tmpfsSize > 0 { tmpfs["SizeBytes"] = .integer(tmpfsSize) }
        if let tmpfsMode { tmpfs["Mode"] = .integer(tmpfsMode) }
        if !tmpfs.isEmpty { object["TmpfsOptions"] = .object(tmpfs) }
        return .object(object)
    }

    private mutating func decodeVolumeOptions(_ json: JSON) {
        noCopy = json["NoCopy"]?.bool ?? false
        subpath = json["Subpath"]?.string ?? ""
        volumeLabels = json["Labels"]?.stringMembers ?? [:]
        volumeDriver = json["DriverConfig"]?["Name"]?.string ?? ""
        volumeOptions = json["DriverConfig"]?["Options"]?.stringMembers ?? [:]
    }

    private var volumeOptionsJSON: JSONObject {
        var volume = JSONObject()
        if noCopy { volume["NoCopy"] = true }
        if !volumeLabels.isEmpty { volume["Labels"] = JSON(volumeLabels) }
        var driver = JSONObject()
        if !volumeDriver.isEmpty { driver["Name"] = .string(volumeDriver) }
        if !volumeOptions.isEmpty { driver["Options"] = JSON(volumeOptions) }
        if !driver.isEmpty { volume["DriverConfig"] = .object(driver) }
        if kind == .volume, !subpath.isEmpty { volume["Subpath"] = .string(subpath) }
        return volume
    }
}

extension Resources {
    init(json: JSON) {
        memory = json["Memory"]?.integer ?? 0
        memoryReservation = json["MemoryReservation"]?.integer ?? 0
        memorySwap = json["MemorySwap"]?.integer ?? 0
        memorySwappiness = json["MemorySwappiness"]?.integer
        oomKillDisable = json["OomKillDisable"]?.bool
        oomScoreAdjust = json["OomScoreAdj"]?.integer ?? 0
        nanoCPUs = json["NanoCpus"]?.integer ?? 0
        cpuShares = json["CpuShares"]?.integer ?? 0
        cpuPeriod = json["CpuPeriod"]?.integer ?? 0
        cpuQuota = json["CpuQuota"]?.integer ?? 0
        cpuRealtimePeriod = json["CpuRealtimePeriod"]?.integer ?? 0
        cpuRealtimeRuntime = json["CpuRealtimeRuntime"]?.integer ?? 0
        cgroupParent = json["CgroupParent"]?.string ?? ""
        cpusetCPUs = json["CpusetCpus"]?.string ?? ""
        cpusetMems = json["CpusetMems"]?.string ?? ""
        pidsLimit = json["PidsLimit"]?.integer
        blkioWeight = json["BlkioWeight"]?.integer ?? 0
        blkioWeightDevice = (json["BlkioWeightDevice"]?.array ?? []).map {
            DeviceWeight(path: $0["Path"]?.string ?? "", weight: $0["Weight"]?.integer ?? 0)
        }
        readBps = DeviceRate.list(json["BlkioDeviceReadBps"])
        writeBps = DeviceRate.list(json["BlkioDeviceWriteBps"])
        readIOps = DeviceRate.list(json["BlkioDeviceReadIOps"])
        writeIOps = DeviceRate.list(json["BlkioDeviceWriteIOps"])
        devices = (json["Devices"]?.array ?? []).map {
            DeviceRequest(
                pathOnHost: $0["PathOnHost"]?.string ?? "", pathInContainer: $0["PathInContainer"]?.string ?? "",
                permissions: $0["CgroupPermissions"]?.string ?? "rwm")
        }
        deviceSets = (json["DeviceRequests"]?.array ?? []).map(DeviceSetRequest.init(json:))
        deviceCgroupRules = json["DeviceCgroupRules"]?.strings ?? []
        ulimits = (json["Ulimits"]?.array ?? []).map {
            Ulimit(
                name: $0["Name"]?.string ?? "", soft: $0["Soft"]?.integer ?? 0, hard: $0["Hard"]?.integer ?? 0)
        }
    }

    var json: JSONObject {
        [
            "CpuShares": .integer(cpuShares), "Memory": .integer(memory), "NanoCpus": .integer(nanoCPUs),
            "CgroupParent": .string(cgroupParent), "BlkioWeight": .integer(blkioWeight),
            "BlkioWeightDevice": .array(
                blkioWeightDevice.map { ["Path": .string($0.path), "Weight": .integer($0.weight)] }),
            "BlkioDeviceReadBps": DeviceRate.json(readBps), "BlkioDeviceWriteBps": DeviceRate.json(writeBps),
            "BlkioDeviceReadIOps": DeviceRate.json(readIOps), "BlkioDeviceWriteIOps": DeviceRate.json(writeIOps),
            "CpuPeriod": .integer(cpuPeriod), "CpuQuota": .integer(cpuQuota), "CpuRealtimePeriod": .integer(cpuRealtimePeriod),
            "CpuRealtimeRuntime": .integer(cpuRealtimeRuntime), "CpusetCpus": .string(cpusetCPUs), "CpusetMems": .string(cpusetMems),
            "Devices": .array(
                devices.map {
                    [
                        "PathOnHost": .string($0.pathOnHost), "PathInContainer": .string($0.pathInContainer),
                        "CgroupPermissions": .string($0.permissions),
                    ]
                }),
            "DeviceCgroupRules": deviceCgroupRules.isEmpty ? .null : JSON(deviceCgroupRules), "DeviceRequests": deviceSets.isEmpty ? .null : .array(deviceSets.map(\.json)),
            "MemoryReservation": .integer(memoryReservation), "MemorySwap": .integer(memorySwap),
            "MemorySwappiness": memorySwappiness.map(JSON.integer) ?? .null,
            "OomKillDisable": oomKillDisable.map(JSON.bool) ?? .null,
            "PidsLimit": pidsLimit.map(JSON.integer) ?? .null,
            "Ulimits": .array(
                ulimits.map { ["Name": .string($0.name), "Hard": .integer($0.hard), "Soft": .integer($0.soft)] }),
            "CpuCount": 0, "CpuPercent": 0, "IOMaximumIOps": 0, "IOMaximumBandwidth": 0,
        ]
    }
}

extension DeviceRate {
    static func list(_ json: JSON?) -> [DeviceRate] {
        (json?.array ?? []).map { DeviceRate(path: $0["Path"]?.string ?? "", rate: $0["Rate"]?.integer ?? 0) }
    }
    static func json(_ rates: [DeviceRate]) -> JSON {
        .array(rates.map { ["Path": .string($0.path), "Rate": .integer($0.rate)] })
    }
}
