import Dockerfile
import OCI
import Testing

@testable import Builder

@Suite("What is asked of a build's result")
struct OutputRequestTests {
    private func request(_ outputs: BuildOutput..., tags: String...) throws -> BuildRequest {
        var request = BuildRequest(file: [])
        request.outputs = outputs
        request.tags = try tags.map { try Reference($0) }
        return request
    }

    @Test("is the store, unless outputs say otherwise")
    func places() throws {
        #expect(try request().storesImage && request().needsImage)
        #expect(try !request(BuildOutput(.local, to: "x")).storesImage)
        #expect(try !request(BuildOutput(.tar, to: "-")).needsImage)
        #expect(try !request(BuildOutput(.oci, to: "x")).storesImage && request(BuildOutput(.oci, to: "x")).needsImage)
        #expect(try request(BuildOutput(.docker)).storesImage && !request(BuildOutput(.docker, to: "x")).storesImage)
        #expect(try request(BuildOutput(.cacheonly), BuildOutput(.image)).storesImage)
        #expect(try !request(BuildOutput(.image, attributes: ["store": "false", "push": "true"])).storesImage)
    }

    @Test("gives it the names of the command line, and an output's own beside them")
    func names() throws {
        let request = try request(BuildOutput(.image, attributes: ["name": "a,b:2"]), BuildOutput(.oci, to: "x"), tags: "c:1")
        #expect(try request.imageNames().map(\.familiar) == ["c:1", "a:latest", "b:2"])
        #expect(try request.names(of: request.outputs[0]).map(\.familiar) == ["a:latest", "b:2"])
        #expect(try request.names(of: request.outputs[1]).map(\.familiar) == ["c:1"])
        let wrong = try self.request(BuildOutput(.image, attributes: ["name": "A B"]))
        #expect(throws: BuildError.self) { try wrong.imageNames() }
    }

    @Test("annotates the part that is meant, of the platform that is meant")
    func annotations() throws {
        var request = try request(
            BuildOutput(.image, attributes: ["annotation.a": "1", "annotation-index.b": "2", "annotation-manifest[linux/arm64].c": "3", "name": "x"]))
        request.annotations = [
            BuildAnnotation(key: "d", value: "4"), BuildAnnotation(.index, key: "e", value: "5"),
            BuildAnnotation(.manifest, platform: Dockerfile.PlatformName(os: "linux", architecture: "arm64"), key: "f", value: "6"),
        ]
        func keys(_ place: BuildAnnotation.Place, _ platform: String) throws -> [String] {
            request.annotations(place, for: try Platform(platform)).pairs.map { "\($0.name)=\($0.value)" }.sorted()
        }
        #expect(try keys(.manifest, "linux/amd64") == ["a=1", "d=4"])
        #expect(try keys(.manifest, "linux/arm64") == ["a=1", "c=3", "d=4", "f=6"])
        #expect(try keys(.index, "linux/amd64") == ["b=2", "e=5"])
        #expect(try keys(.manifestDescriptor, "linux/amd64") == [])
    }

    @Test("is told of in the words of Docker's client")
    func metadata() throws {
        let digest = try Digest("sha256:" + String(repeating: "1", count: 64))
        let image = ImageID(try Digest("sha256:" + String(repeating: "2", count: 64)))
        let result = BuildResult(images: [image], target: Descriptor(mediaType: .imageManifest, digest: digest, size: 5))
        let document = try BuildMetadata.document(of: result, for: request(tags: "a", "b:1"))
        #expect(document["containerimage.digest"]?.string == digest.description)
        #expect(document["containerimage.config.digest"]?.string == image.description)
        #expect(document["containerimage.descriptor"]?["size"]?.integer == 5)
        #expect(document["image.name"]?.string == "docker.io/library/a:latest,docker.io/library/b:1")
        #expect(document["buildx.build.ref"]?.string?.hasPrefix("default/default/") == true)
        #expect(BuildMetadata.id(of: result) == image.description)
        let files = try BuildMetadata.document(of: result, for: request(BuildOutput(.local, to: "x"), tags: "a"))
        #expect(files["containerimage.digest"] == nil && files["image.name"] == nil)
        let several = BuildResult(images: [image, image], target: result.target)
        #expect(BuildMetadata.id(of: several) == digest.description)
        #expect(try BuildMetadata.document(of: several, for: request())["containerimage.config.digest"] == nil)
    }
}
