import Dockerfile
import Engine
import OCI

/// Builds images of Dockerfiles.
public enum Builder {
    /// Builds the target for each platform, gives the image its names, and brings it where it is to go.
    ///
    /// What is needed is pulled. Nothing of a build that fails stays but pulled images and the layers of finished steps.
    /// - Parameter reporter: Is told what happens, while it happens, on this thread.
    public static func build(
        _ request: BuildRequest, engine: Engine, reporter: some BuildReporter
    ) throws(BuildError) -> BuildResult {
        do {
            try refuseUnsupported(request)
            let session = try BuildSession(request, engine: engine, reporter: reporter)
            defer { session.finish() }
            let dockerfile = try session.step(.preparation, "[internal] load build definition from \(request.fileName)") { _ in
                try Dockerfile(parsing: request.file)
            }
            let platforms = request.platforms.isEmpty ? [Platform.host] : try request.platforms.map(platform)
            let built = try platforms.map { platform in
                session.platform = platforms.count > 1 ? platform : nil
                let state = try PlatformBuild(dockerfile, for: platform, session).run()
                return BuiltPlatform(platform: platform, state: state)
            }
            session.platform = nil
            return try BuildExport(session: session, built: built).run()
        } catch { throw BuildError(error) }
    }

    /// What is asked for and isn't there must not look as if it were done.
    private static func refuseUnsupported(_ request: BuildRequest) throws(BuildError) {
        guard request.cacheSources.isEmpty, request.cacheDestinations.isEmpty else {
            throw BuildError("caches outside of the store are not supported yet")
        }
    }

    private static func platform(_ name: Dockerfile.PlatformName) throws -> Platform {
        let text = "\(name.os)/\(name.architecture)" + (name.variant.isEmpty ? "" : "/\(name.variant)")
        do throws(PlatformError) { return try Platform(text) } catch { throw BuildError("invalid platform \(error)") }
    }
}
