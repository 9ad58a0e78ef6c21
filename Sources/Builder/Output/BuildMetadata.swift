import Linux
import OCI

/// What `--metadata-file` and `--iidfile` say.
public enum BuildMetadata {
    /// The document of `--metadata-file`, as Docker's client writes it.
    public static func document(of result: BuildResult, for request: BuildRequest) throws(BuildError) -> JSON {
        // Docker's client finds a build in its history by it; here it only tells one build from another.
        var document: JSONObject = ["buildx.build.ref": .string("default/default/\(RandomID.make().prefix(25))")]
        guard request.needsImage else { return .object(document) }
        if let image = result.images.first, result.images.count == 1 {
            document["containerimage.config.digest"] = .string(image.description)
        }
        document["containerimage.descriptor"] = result.target.json
        document["containerimage.digest"] = .string(result.target.digest.description)
        var names: [Reference] = []
        for output in request.wantedOutputs where [.image, .docker, .oci].contains(output.kind) {
            for name in try request.names(of: output) where !names.contains(name) { names.append(name) }
        }
        if !names.isEmpty {
            document["image.name"] = .string(names.map(\.withDefaultTag.description).joined(separator: ","))
        }
        return .object(document)
    }

    /// What names the result: the image's id; of several platforms the digest of their index.
    public static func id(of result: BuildResult) -> String {
        result.images.count == 1 ? result.images[0].description : result.target.digest.description
    }
}
