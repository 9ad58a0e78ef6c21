import ImageStore
import OCI

extension Engine {
    /// What Docker's inspect says of an image (Docker Engine API 1.51, ImageInspect).
    ///
    /// - Parameter platform: That the image must be for.
    public func inspectImage(_ name: String, platform: String? = nil) throws(EngineError) -> JSON {
        let (image, config) = try onImages("inspect image \(name)") { store throws(StoreError) in
            let record = try store.resolve(name).image
            return (try store.storedImage(record), try store.configuration(of: record.id))
        }
        try Self.require(platform, of: config, named: name)
        let lowers = try lowerDirectories(of: image.id)
        var object: JSONObject = [
            "Id": .string(image.id.description), "RepoTags": JSON(image.references.map(\.familiar)),
            "RepoDigests": JSON(image.repoDigests.map(\.familiar)), "Parent": "",
            "Comment": .string(config.history.last?.comment ?? ""), "Created": .string(config.created ?? ""),
            "DockerVersion": "", "Author": .string(config.author ?? ""), "Config": Self.completed(config.config),
            "Architecture": .string(config.platform.architecture),
        ]
        if let variant = config.platform.variant { object["Variant"] = .string(variant) }
        object["Os"] = .string(config.platform.os)
        object["Size"] = .integer(image.record.size)
        object["GraphDriver"] = [
            "Data": [
                "LowerDir": .string(lowers.dropFirst().joined(separator: ":")), "UpperDir": .string(lowers.first ?? ""),
            ], "Name": "overlay",
        ]
        object["RootFS"] = ["Type": "layers", "Layers": JSON(config.diffIDs.map(\.description))]
        object["Metadata"] = ["LastTagTime": .string(Timestamp(nanoseconds: image.record.registered).description)]
        object["Descriptor"] = [
            "mediaType": .string("\(image.record.manifestMediaType)"), "digest": .string("\(image.record.manifest)"),
            "size": .integer(image.record.manifestSize),
        ]
        return .object(object)
    }

    /// The configuration with the members that Docker's inspect always has; scripts ask for them by name.
    private static func completed(_ config: ExecutionConfig) -> JSON {
        var object = config.json.object ?? [:]
        for name in ["Env", "Cmd", "Entrypoint", "Volumes", "OnBuild", "Labels"] where object[name] == nil {
            object[name] = .null
        }
        for name in ["User", "WorkingDir"] where object[name] == nil { object[name] = "" }
        return .object(object)
    }
}
