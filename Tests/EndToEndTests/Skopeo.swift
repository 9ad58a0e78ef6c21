import Testing
import TestSupport

/// Carries images about, as `skopeo copy` does.
enum Skopeo {
    static let isInstalled = Program.isInstalled("skopeo")

    /// The image that tests carry about: an OCI layout by umoci.
    static var source: String {
        get throws {
            _ = try TestImages.archive("busybox")
            return "oci:\(TestImages.directory)/busybox:latest"
        }
    }

    /// - Parameter words: Options, source, destination.
    static func copy(_ words: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let run = try ProgramRun.of("/usr/bin/skopeo", ["copy", "-q", "--insecure-policy"] + words)
        #expect(run.status == 0, "skopeo copy \(words): \(run)", sourceLocation: sourceLocation)
    }
}
