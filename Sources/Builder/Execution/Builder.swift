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
            while true {
                do { return try build(dockerfile, session) } catch {
                    guard session.isToBeginAnew else { throw error }
                    session.isToBeginAnew = false
                }
            }
        } catch { throw BuildError(error) }
    }

    /// What is found is kept only once something is made of it, and what a cache from elsewhere has is only promised. Where it is gone
    /// when it is needed, this fails and is to be called again: what was done until then is in the store's own cache.
    private static func build(_ dockerfile: Dockerfile, _ session: BuildSession) throws -> BuildResult {
        let request = session.request
        let platforms = request.platforms.isEmpty ? [Platform.host] : try request.platforms.map(platform)
        let built = try platforms.map { platform in
            session.platform = platforms.count > 1 ? platform : nil
            return BuiltPlatform(platform: platform, state: try PlatformBuild(dockerfile, for: platform, session).run())
        }
        session.platform = nil
        let result = try BuildExport(session: session, built: built).run()
        try CacheExport(session: session, built: built).run()
        return result
    }

    static func platform(_ name: Dockerfile.PlatformName) throws -> Platform {
        let text = "\(name.os)/\(name.architecture)" + (name.variant.isEmpty ? "" : "/\(name.variant)")
        do throws(PlatformError) { return try Platform(text) } catch { throw BuildError("invalid platform \(error)") }
    }
}
