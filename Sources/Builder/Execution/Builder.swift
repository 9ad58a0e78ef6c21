import Dockerfile
import Engine
import ImageStore
import OCI

/// Builds images of Dockerfiles.
public enum Builder {
    /// Builds the target for each platform, and gives the image its names.
    ///
    /// What is needed is pulled. Nothing of a build that fails stays but pulled images and the layers of finished steps.
    /// - Parameter reporter: Is told what happens, while it happens, on this thread.
    public static func build(
        _ request: BuildRequest, engine: Engine, reporter: some BuildReporter
    ) throws(BuildError) -> BuildResult {
        do {
            try refuseUnsupported(request)
            let session = try BuildSession(request, engine: engine, reporter: reporter)
            let dockerfile = try session.step(.preparation, "[internal] load build definition from \(request.fileName)") { _ in
                try Dockerfile(parsing: request.file)
            }
            let platforms = request.platforms.isEmpty ? [Platform.host] : try request.platforms.map(platform)
            guard platforms.count == 1 else { throw BuildError("several platforms in one build are not supported yet") }
            let state = try PlatformBuild(dockerfile, for: platforms[0], session).run()
            return try export(state, session)
        } catch { throw BuildError(error) }
    }

    /// What is asked for and isn't there must not look as if it were done.
    private static func refuseUnsupported(_ request: BuildRequest) throws(BuildError) {
        for output in request.outputs {
            let isStore = output.kind == .image || (output.kind == .docker && output.destination == nil)
            guard isStore, !output.isPushed else { throw BuildError("the output \(output.kind.rawValue) is not supported yet") }
        }
        guard request.annotations.isEmpty else { throw BuildError("annotations are not supported yet") }
        guard request.cacheSources.isEmpty, request.cacheDestinations.isEmpty else {
            throw BuildError("caches outside of the store are not supported yet")
        }
    }

    private static func platform(_ name: Dockerfile.PlatformName) throws -> Platform {
        let text = "\(name.os)/\(name.architecture)" + (name.variant.isEmpty ? "" : "/\(name.variant)")
        do throws(PlatformError) { return try Platform(text) } catch { throw BuildError("invalid platform \(error)") }
    }

    private static func export(_ state: StageState, _ session: BuildSession) throws -> BuildResult {
        try session.step(.export, "exporting to image") { step in
            let record = try ImageAssembly(session: session).enter(state, names: session.request.tags)
            session.note(step, "writing image \(record.id) done")
            for name in session.request.tags { session.note(step, "naming to \(name.withDefaultTag) done") }
            return BuildResult(
                images: [record.id],
                target: Descriptor(mediaType: record.manifestMediaType, digest: record.manifest, size: record.manifestSize))
        }
    }
}
