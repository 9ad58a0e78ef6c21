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
            let session = try BuildSession(request, engine: engine, reporter: reporter)
            defer { session.finish() }
            let dockerfile = try session.step(.preparation, "[internal] load build definition from \(request.fileName)") { _ in
                try Dockerfile(parsing: request.file)
            }
            try session.settleEpoch(of: dockerfile)
            let platforms = request.platforms.isEmpty ? [Platform.host] : try request.platforms.map(platform)
            let built = try platforms.map { platform in
                session.platform = platforms.count > 1 ? platform : nil
                return BuiltPlatform(platform: platform, state: try state(of: dockerfile, for: platform, session))
            }
            session.platform = nil
            let result = try BuildExport(session: session, built: built).run()
            try CacheExport(session: session, built: built).run()
            return result
        } catch { throw BuildError(error) }
    }

    /// The target. Where a cache from elsewhere has not kept what it promised, it is built anew without that: what was done meanwhile is
    /// in the store's own cache.
    private static func state(of dockerfile: Dockerfile, for platform: Platform, _ session: BuildSession) throws -> StageState {
        while true {
            do { return try PlatformBuild(dockerfile, for: platform, session).run() } catch {
                guard session.foreignCaches.takeFailure() else { throw error }
            }
        }
    }

    static func platform(_ name: Dockerfile.PlatformName) throws -> Platform {
        let text = "\(name.os)/\(name.architecture)" + (name.variant.isEmpty ? "" : "/\(name.variant)")
        do throws(PlatformError) { return try Platform(text) } catch { throw BuildError("invalid platform \(error)") }
    }
}
