import OCI

extension ContainerConfig {
    /// Takes from the image what the request left open, as Docker does: the image gives environment, user, directory,
    /// command, ports, volumes, signal, labels and health check, and nothing else.
    mutating func fill(from image: ExecutionConfig) throws(EngineError) {
        if user.isEmpty { user = image.user }
        if workingDirectory.isEmpty { workingDirectory = image.workingDirectory }
        // An entrypoint of the request's drops the image's command.
        if entrypoint == nil {
            entrypoint = image.entrypoint
            if command == nil { command = image.command }
        }
        if entrypoint == [""] || entrypoint == [] { entrypoint = nil }
        environment = Environment.inherited(image.environment, below: environment)
        for (name, value) in image.labels.pairs where labels[name] == nil { labels[name] = value }
        if stopSignal == nil { stopSignal = image.stopSignal }
        inheritHealthcheck(image.healthcheck?.json)
        volumes = Set(volumes + image.volumes).sorted()
        exposedPorts = Set(exposedPorts + image.exposedPorts.map(\.description)).sorted()
        shell = image.shell
        onBuild = nil
    }
}
