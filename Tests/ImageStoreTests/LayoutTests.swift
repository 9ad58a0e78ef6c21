import Glibc
import ImageStore
import Linux
import OCI
import StoreSamples
import TestSupport
import Testing

@Suite("The store as an OCI layout")
struct LayoutTests: ~Copyable {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        let scratch = try Scratch()
        store = try ImageStore(root: scratch.path("root"))
        self.scratch = scratch
    }

    private func index() throws -> ImageIndex {
        try ImageIndex(json: JSON(parsing: FileDescriptor.contents(of: scratch.path("root/content/index.json"))))
    }

    @Test("lists each name, and no image without one")
    func names() throws {
        #expect(try index().manifests.isEmpty)
        let old = try SampleImage([("a", "1")])
        let new = try SampleImage([("a", "2")])
        try old.pull(into: store, as: "nginx")
        try new.pull(into: store, as: "nginx")
        try store.tag(new.id, as: Reference("localhost:5000/x:y"), at: 1)
        let entries = try index().manifests
        #expect(
            Set(entries.map { "\($0.digest) \($0.annotations[AnnotationName.refName] ?? "-")" })
                == Set(["\(try new.manifestDigest) nginx:latest", "\(try new.manifestDigest) localhost:5000/x:y"]))
        _ = try store.removeImage("localhost:5000/x:y")
        #expect(try index().manifests.count == 1)
    }

    @Test("is read by skopeo and umoci", .enabled(if: Tool.isInstalled("skopeo") && Tool.isInstalled("umoci"),
        "skopeo and umoci are not installed"))
    func otherTools() throws {
        let image = try SampleImage([("a", "1"), ("b", "2")])
        try image.pull(into: store, as: "nginx:1.2")
        let content = scratch.path("root/content")
        #expect(Tool.run("skopeo inspect --raw oci:\(content):nginx:1.2 > \(scratch.path("manifest"))") == 0)
        #expect(try FileDescriptor.contents(of: scratch.path("manifest")) == image.manifest)
        #expect(Tool.run("skopeo copy -q --insecure-policy oci:\(content):nginx:1.2 dir:\(scratch.path("copy"))") == 0)
        #expect(Tool.run("umoci list --layout \(content) | grep -qx nginx:1.2") == 0)
        #expect(Tool.run("umoci stat --image \(content):nginx:1.2 > \(scratch.path("stat"))") == 0)
    }
}

/// A program of another project that reads what the store wrote.
enum Tool {
    static func isInstalled(_ name: String) -> Bool {
        ["/usr/bin", "/usr/local/bin", "/bin"].contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    /// The exit status of a shell command.
    static func run(_ command: String) -> CInt {
        let status = system(command)
        return (status >> 8) & 0xFF
    }
}
