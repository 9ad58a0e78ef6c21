/// A manifest or index as a registry has it, or is to have it.
public struct RegistryManifest: Hashable, Sendable {
    public var reference: Reference
    /// Of `text`; with the platform of the image, where that is known.
    public var descriptor: Descriptor
    /// To the byte.
    public var text: String

    public init(_ reference: Reference, _ descriptor: Descriptor, text: String) {
        (self.reference, self.descriptor, self.text) = (reference, descriptor, text)
    }

    /// Nil where a field is missing, or is none.
    public init?(_ json: JSON) {
        guard let reference = json["reference"]?.string.flatMap({ try? Reference($0) }),
            let descriptor = json["descriptor"].flatMap({ try? Descriptor(json: $0) }), let text = json["text"]?.string
        else { return nil }
        self.init(reference, descriptor, text: text)
    }

    public var json: JSONObject {
        ["reference": .string(reference.description), "descriptor": descriptor.json, "text": .string(text)]
    }
}

/// An index that was put together of manifests that a registry has, to be pushed to it.
public struct AssembledIndex: Hashable, Sendable {
    public var index: RegistryManifest
    /// What it leads to, in its order, each under the name that it has now.
    public var parts: [RegistryManifest]

    public init(_ index: RegistryManifest, of parts: [RegistryManifest]) { (self.index, self.parts) = (index, parts) }

    /// Nil where a part is missing, or is none.
    public init?(_ json: JSON) {
        guard let index = json["index"].flatMap(RegistryManifest.init), let parts = json["parts"]?.array?.map(RegistryManifest.init)
        else { return nil }
        let whole = parts.compactMap { $0 }
        guard whole.count == parts.count else { return nil }
        self.init(index, of: whole)
    }

    public var json: JSON { ["index": .object(index.json), "parts": .array(parts.map { .object($0.json) })] }
}
