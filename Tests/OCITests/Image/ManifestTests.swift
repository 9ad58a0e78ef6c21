import OCI
import Testing

@Suite("Manifests and indexes")
struct ManifestTests {
    static let hex = String(repeating: "0f", count: 32)
    static let blob = #"{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:\#(hex)","size":7,"x":[1]}"#
    static let manifest =
        #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":\#(blob),"layers":[\#(blob)],"annotations":{"b":"1","a":"2"},"new":{"k":null}}"#
    static let index =
        #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:\#(hex)","size":1,"platform":{"architecture":"arm64","os":"linux","variant":"v8","z":1}}]}"#

    private func document(_ text: String, declaredAs mediaType: MediaType? = nil) throws -> ManifestDocument {
        try ManifestDocument(json: JSON(parsing: text), declaredAs: mediaType)
    }

    @Test("keep what they don't know, where it stood", arguments: [manifest, index])
    func roundTrip(text: String) throws { #expect(try document(text).json.text() == text) }

    @Test("give what they hold")
    func fields() throws {
        let manifest = try ImageManifest(json: JSON(parsing: Self.manifest))
        #expect(manifest.layers.count == 1 && manifest.layers[0].size == 7)
        #expect(manifest.layers[0].mediaType.layerCompression == .gzip)
        #expect(manifest.annotations["a"] == "2")
        var changed = manifest
        changed.layers = []
        changed.annotations["c"] = "3"
        #expect(changed.json["annotations"]?.object?.members.map(\.name) == ["b", "a", "c"])
        #expect(changed.json["layers"] == [])
    }

    @Test(
        "with two meanings are refused",
        arguments: [
            #"{"schemaVersion":2,"config":\#(blob),"layers":[],"manifests":[]}"#, #"{"schemaVersion":2,"layers":[],"manifests":null}"#,
            #"{"schemaVersion":2,"config":null,"manifests":[]}"#,
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":\#(blob),"layers":[]}"#,
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
            #"{"schemaVersion":2,"mediaType":"text/html","manifests":[]}"#, #"{"schemaVersion":1,"fsLayers":[]}"#,
            #"{"schemaVersion":2,"fsLayers":[],"config":\#(blob),"layers":[]}"#, #"{"schemaVersion":2}"#, "{}", "[]", "null",
        ])
    func twoMeanings(text: String) { #expect(throws: FormatError.self) { try document(text) } }

    @Test("must be what their descriptor says")
    func declared() throws {
        _ = try document(Self.manifest, declaredAs: .imageManifest)
        _ = try document(Self.index, declaredAs: .imageIndex)
        for other in [MediaType.imageIndex, .dockerManifest, "application/json"] {
            #expect(throws: FormatError.self) { try document(Self.manifest, declaredAs: other) }
        }
        #expect(throws: FormatError.self) { try document(Self.index, declaredAs: .imageManifest) }
    }

    @Test(
        "say which field is wrong",
        arguments: [
            (#""size":7"#, #""size":-1"#, "config.size must not be negative"), (#""size":7"#, #""size":1e3"#, "config.size must be a whole number of 64 bits"),
            (#""size":7"#, #""size":9223372036854775808"#, "config.size must be a whole number of 64 bits"),
            (#""size":7,"#, "", "config.size is missing"), ("sha256:" + hex, "sha256:../../etc", "config.digest is no digest: invalid checksum digest format"),
            (#""b":"1""#, #""b":1"#, "annotations.b must be a string"), (#""layers":["#, #""layers":[7,"#, "layers[0] must be an object"),
        ])
    func wrongField(old: String, new: String, message: String) throws {
        let text = Self.manifest.replacing(old, with: new)
        let error = #expect(throws: FormatError.self) { try document(text) }
        #expect(error?.description == message)
    }

    @Test("offer what a platform runs, the best first, and never attestations")
    func candidates() throws {
        func entry(_ number: Int, _ platform: Platform?) throws -> Descriptor {
            Descriptor(mediaType: .imageManifest, digest: try Digest("sha256:" + Self.hex), size: Int64(number), platform: platform)
        }
        let index = ImageIndex(manifests: [
            try entry(0, Platform(os: "unknown", architecture: "unknown")), try entry(1, nil), try entry(2, Platform(os: "linux", architecture: "386")),
            try entry(3, Platform(os: "linux", architecture: "amd64")), try entry(4, Platform(os: "linux", architecture: "arm64", variant: "v8")),
            try entry(5, Platform(os: "linux", architecture: "x86_64")),
        ])
        #expect(index.candidates(for: try Platform("linux/amd64")).map(\.size) == [3, 5, 2, 1])
        #expect(index.candidates(for: try Platform("linux/arm64")).map(\.size) == [4, 1])
    }

    @Test("a layout names its blobs and judges its marker")
    func layout() throws {
        #expect(OCILayout.blobPath(try Digest("sha256:" + Self.hex)) == "blobs/sha256/" + Self.hex)
        try OCILayout.check(marker: OCILayout.marker)
        #expect(throws: FormatError.self) { try OCILayout.check(marker: ["imageLayoutVersion": "2.0.0"]) }
    }
}
