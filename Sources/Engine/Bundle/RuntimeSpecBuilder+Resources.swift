import Glibc
import Linux
import OCI

extension RuntimeSpecBuilder {
    func resources() throws(EngineError) -> RuntimeSpec.Resources {
        let wanted = host.resources
        var resources = try wanted.limits()
        resources.devices =
            host.privileged ? [.init(allow: true, access: "rwm")] : SpecDefaults.deviceRules
        for device in try devices() {
            resources.devices.append(
                .init(
                    allow: true, device.kind == .block ? .block : .character, major: device.major, minor: device.minor,
                    access: wanted.devices.first { Self.covers($0, device) }?.permissions ?? "rwm"))
        }
        return resources
    }

    private static func covers(_ request: DeviceRequest, _ device: RuntimeSpec.Device) -> Bool {
        device.path == request.pathInContainer || device.path.hasPrefix(request.pathInContainer + "/")
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
