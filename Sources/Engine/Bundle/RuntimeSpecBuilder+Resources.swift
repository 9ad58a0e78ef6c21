import Glibc
import Linux
import OCI

extension RuntimeSpecBuilder {
    func resources() throws(EngineError) -> RuntimeSpec.Resources {
        let wanted = host.resources
        var resources = RuntimeSpec.Resources()
        resources.memory = memory(wanted)
        resources.cpu = cpu(wanted)
        if let limit = wanted.pidsLimit, limit > 0 { resources.pids = .init(limit: limit) }
        resources.blockIO = try blockIO(wanted)
        resources.devices =
            host.privileged ? [.init(allow: true, access: "rwm")] : SpecDefaults.deviceRules
        for device in try devices() {
            resources.devices.append(
                .init(
                    allow: true, device.kind == .block ? .block : .character, major: device.major, minor: device.minor,
                    access: wanted.devices.first { Self.covers($0, device) }?.permissions ?? "rwm"))
        }
        resources.devices += wanted.deviceCgroupRules.compactMap { DeviceCgroupRule($0)?.rule }
        return resources
    }

    private static func covers(_ request: DeviceRequest, _ device: RuntimeSpec.Device) -> Bool {
        device.path == request.pathInContainer || device.path.hasPrefix(request.pathInContainer + "/")
    }

    private func memory(_ wanted: Resources) -> RuntimeSpec.Memory? {
        var memory = RuntimeSpec.Memory()
        if wanted.memory > 0 {
            memory.limit = wanted.memory
            memory.swap = wanted.memorySwap == 0 ? Self.doubled(wanted.memory) : wanted.memorySwap
        }
        if wanted.memoryReservation > 0 { memory.reservation = wanted.memoryReservation }
        if let swappiness = wanted.memorySwappiness, swappiness >= 0 { memory.swappiness = UInt64(swappiness) }
        memory.disableOOMKiller = wanted.oomKillDisable ?? false
        return memory == RuntimeSpec.Memory() ? nil : memory
    }

    private static func doubled(_ bytes: Int64) -> Int64 {
        let (double, overflow) = bytes.multipliedReportingOverflow(by: 2)
        return overflow ? -1 : double
    }

    private func cpu(_ wanted: Resources) -> RuntimeSpec.CPU? {
        var cpu = RuntimeSpec.CPU()
        if wanted.cpuShares > 0 { cpu.shares = UInt64(wanted.cpuShares) }
        if wanted.nanoCPUs > 0 {
            cpu.period = 100_000
            cpu.quota = wanted.nanoCPUs / 10_000
        }
        if wanted.cpuPeriod > 0 { cpu.period = UInt64(wanted.cpuPeriod) }
        if wanted.cpuQuota != 0 { cpu.quota = wanted.cpuQuota }
        if wanted.cpuRealtimePeriod > 0 { cpu.realtimePeriod = UInt64(wanted.cpuRealtimePeriod) }
        if wanted.cpuRealtimeRuntime > 0 { cpu.realtimeRuntime = wanted.cpuRealtimeRuntime }
        if !wanted.cpusetCPUs.isEmpty { cpu.cpus = wanted.cpusetCPUs }
        if !wanted.cpusetMems.isEmpty { cpu.mems = wanted.cpusetMems }
        return cpu == RuntimeSpec.CPU() ? nil : cpu
    }

    private func blockIO(_ wanted: Resources) throws(EngineError) -> RuntimeSpec.BlockIO? {
        var blockIO = RuntimeSpec.BlockIO()
        if wanted.blkioWeight > 0 { blockIO.weight = UInt16(wanted.blkioWeight) }
        for device in wanted.blkioWeightDevice where device.weight > 0 {
            let (major, minor) = try DeviceRate.numbers(of: device.path, action: "weigh \(device.path)")
            blockIO.weightDevice.append(.init(major: major, minor: minor, weight: UInt16(device.weight)))
        }
        blockIO.throttleReadBpsDevice = try Self.throttles(wanted.readBps)
        blockIO.throttleWriteBpsDevice = try Self.throttles(wanted.writeBps)
        blockIO.throttleReadIOPSDevice = try Self.throttles(wanted.readIOps)
        blockIO.throttleWriteIOPSDevice = try Self.throttles(wanted.writeIOps)
        return blockIO == RuntimeSpec.BlockIO() ? nil : blockIO
    }

    private static func throttles(_ rates: [DeviceRate]) throws(EngineError) -> [RuntimeSpec.ThrottleDevice] {
        var throttles: [RuntimeSpec.ThrottleDevice] = []
        for rate in rates {
            let (major, minor) = try rate.device()
            throttles.append(.init(major: major, minor: minor, rate: UInt64(rate.rate)))
        }
        return throttles
    }

    // MARK: Devices

    /// Nodes for `/dev`: those of `--device`, a directory giving all below it; with `--privileged` all of the host's.
    func devices() throws(EngineError) -> [RuntimeSpec.Device] {
        var devices: [RuntimeSpec.Device] = []
        if host.privileged { collect("/dev", as: "/dev", into: &devices, depth: 0) }
        for request in host.resources.devices {
            let status: FileStatus
            do throws(SystemCallError) {
                status = try FileDescriptor.status(of: request.pathOnHost)
            } catch {
                throw EngineError(
                    .invalidArgument, cannot: "give the container \(request.pathOnHost)",
                    because: error.errno.description, hint: "Name a device of the host.", cause: error)
            }
            let count = devices.count
            if status.kind == .directory {
                collect(request.pathOnHost, as: request.pathInContainer, into: &devices, depth: 0)
            } else if let device = device(status, at: request.pathInContainer) {
                devices.append(device)
            }
            guard devices.count > count else {
                throw EngineError(
                    .invalidArgument, cannot: "give the container \(request.pathOnHost)", because: "it is not a device")
            }
        }
        return devices
    }

    private func device(_ status: FileStatus, at path: String) -> RuntimeSpec.Device? {
        guard status.kind == .blockDevice || status.kind == .characterDevice else { return nil }
        var device = RuntimeSpec.Device(
            status.kind == .blockDevice ? .block : .character, path, major: status.deviceMajor,
            minor: status.deviceMinor, fileMode: status.permissions)
        // Owned by the container's root: the host's owner is nobody inside.
        (device.uid, device.gid) = (0, 0)
        return device
    }

    private func collect(
        _ directory: String, as path: String, into devices: inout [RuntimeSpec.Device], depth: Int
    ) {
        // What can't be listed (gone in between) has no devices. The runtime makes these itself.
        let own = ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd", "/dev/console"]
        guard depth < 8, let names = try? FileDescriptor.directory(directory).names() else { return }
        for name in names.map(\.description) where !own.contains("\(path)/\(name)") {
            guard let status = try? FileDescriptor.status(of: "\(directory)/\(name)", followingSymlinks: false) else {
                continue
            }
            if status.kind == .directory {
                collect("\(directory)/\(name)", as: "\(path)/\(name)", into: &devices, depth: depth + 1)
            } else if let device = device(status, at: "\(path)/\(name)") {
                devices.append(device)
            }
        }
    }
}
