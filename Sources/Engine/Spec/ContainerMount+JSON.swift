import OCI

// As Docker's inspect shows a mount, and with more as the store keeps it: names are chosen, and other containers' mounts
// looked up, when a container is made.
extension ContainerMount {
    var inspectJSON: JSON { .object(shown) }

    private var shown: JSONObject {
        var object: JSONObject = ["Type": .string(kind.rawValue)]
        if let volume { object["Name"] = .string(volume.name) }
        object["Source"] = .string(source)
        object["Destination"] = .string(destination)
        if volume != nil { object["Driver"] = .string(VolumeNames.driver) }
        object["Mode"] = .string(mode)
        object["RW"] = .bool(!isReadOnly)
        object["Propagation"] = .string(propagation)
        return object
    }

    /// Of a volume: what the event of its mount tells.
    var eventAttributes: JSON {
        [
            "destination": .string(destination), "driver": .string(VolumeNames.driver), "propagation": .string(propagation),
            "read/write": .string(isReadOnly ? "false" : "true"),
        ]
    }

    var storedJSON: JSON {
        var object = shown
        object["Recursive"] = .bool(isRecursive)
        if !tmpfsOptions.isEmpty { object["TmpfsOptions"] = JSON(tmpfsOptions) }
        if kind == .image {
            object["Image"] = .string(image)
            object["Subpath"] = .string(imageSubpath)
        }
        if let volume {
            object["Anonymous"] = .bool(volume.isAnonymous)
            if !volume.options.isEmpty { object["Options"] = JSON(volume.options) }
            if !volume.subpath.isEmpty { object["Subpath"] = .string(volume.subpath) }
        }
        return .object(object)
    }

    /// Nil for what no Hako has written.
    init?(storedJSON json: JSON) {
        guard let kind = json["Type"]?.string.flatMap(MountRequest.Kind.init),
            let destination = json["Destination"]?.string
        else { return nil }
        self.init(
            kind: kind, source: json["Source"]?.string ?? "", destination: destination,
            mode: json["Mode"]?.string ?? "",
            isReadOnly: json["RW"]?.bool == false, propagation: json["Propagation"]?.string ?? "")
        isRecursive = json["Recursive"]?.bool ?? true
        tmpfsOptions = json["TmpfsOptions"]?.strings ?? []
        if kind == .image { (image, imageSubpath) = (json["Image"]?.string ?? "", json["Subpath"]?.string ?? "") }
        guard kind == .volume else { return }
        var volume = VolumePart(name: json["Name"]?.string ?? "")
        volume.isAnonymous = json["Anonymous"]?.bool ?? false
        volume.options = json["Options"]?.stringMembers ?? [:]
        volume.subpath = json["Subpath"]?.string ?? ""
        self.volume = volume
    }
}
