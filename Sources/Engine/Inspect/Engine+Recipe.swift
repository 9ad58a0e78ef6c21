import ImageStore
import Metadata
import OCI

extension Engine {
    /// The request that makes the same container again: what it was asked to be, less what its image says and what is chosen for
    /// each container anew.
    ///
    /// What can't be asked for twice is left out: the file that an id is written to.
    public func recipe(of name: String) throws(EngineError) -> ContainerSpec {
        let record = try container(name)
        let stored = try storedSpec(of: record)
        let image = try onImages("read the image of container \(record.name)") { store throws(StoreError) in
            try store.configuration(of: record.image)
        }
        var request = ContainerSpec()
        request.name = record.name
        if stored.imageArchitecture != Platform.host.architecture { request.platform = "linux/\(stored.imageArchitecture)" }
        request.config = stored.config.without(image.config)
        if request.config.hostname == record.id.prefix(12) { request.config.hostname = "" }
        // Its name may be another image's by now.
        if (try? imageID(of: stored.config.image)) != record.image { request.config.image = record.image.description }
        request.host = stored.host
        request.host.containerIDFile = ""
        request.publish = stored.host.portBindings.map(\.text)
        request.host.portBindings = []
        let published = Set(stored.host.portBindings.map(\.containerPort))
        request.expose = request.config.exposedPorts.filter { !published.contains($0) }
        return request
    }
}

extension ContainerConfig {
    /// The request that ``fill(from:)`` makes this of.
    func without(_ image: ExecutionConfig) -> ContainerConfig {
        var own = self
        if user == image.user { own.user = "" }
        if workingDirectory == image.workingDirectory { own.workingDirectory = "" }
        own.environment = environment.filter { !image.environment.contains($0) } + removedVariables(image)
        for (name, value) in image.labels.pairs where labels[name] == value { own.labels[name] = nil }
        if stopSignal == image.stopSignal { own.stopSignal = nil }
        if healthcheck == image.healthcheck?.json { own.healthcheck = nil }
        own.volumes = volumes.filter { !image.volumes.contains($0) }
        let exposed = Set(image.exposedPorts.map(\.description))
        own.exposedPorts = exposedPorts.filter { !exposed.contains($0) }
        own.shell = nil
        let imageEntrypoint = image.entrypoint == [""] || image.entrypoint == [] ? nil : image.entrypoint
        // An entrypoint that is asked for drops the image's command.
        if entrypoint == imageEntrypoint, command != nil || image.command == nil {
            own.entrypoint = nil
            if command == image.command { own.command = nil }
        } else if entrypoint == nil {
            own.entrypoint = [""]
        }
        return own
    }

    /// A name alone takes the image's variable away.
    private func removedVariables(_ image: ExecutionConfig) -> [String] {
        let names = { (list: [String]) in list.map { String($0.prefix { $0 != "=" }) } }
        let kept = Set(names(environment))
        return names(image.environment).filter { !kept.contains($0) }
    }
}

extension PortBindingRequest {
    /// As `-p` takes it: `127.0.0.1:8080:80`, `53:53/udp`.
    var text: String {
        let port = hostPort == "0" ? "" : hostPort
        let address = hostIP.contains(":") ? "[\(hostIP)]" : hostIP
        let container = containerPort.hasSuffix("/tcp") ? String(containerPort.dropLast("/tcp".count)) : containerPort
        if !address.isEmpty { return "\(address):\(port):\(container)" }
        return port.isEmpty ? container : "\(port):\(container)"
    }
}
