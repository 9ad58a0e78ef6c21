import BuildContext
import Dockerfile
import Engine
import ImageStore
import Linux
import OCI

/// What can be said of a Dockerfile without building anything: `--check`, `--call outline`, `--call targets`.
public struct BuildCheck {
    public let dockerfile: Dockerfile
    let request: BuildRequest
    let arguments: Dockerfile.BuildArguments
    let graph: Dockerfile.StageGraph

    /// - Parameter needsAllStages: Without a target, all stages are looked at, and not only those that the last one needs.
    /// - Throws: What can't be read, and stages that can't be.
    public init(_ request: BuildRequest, needsAllStages: Bool) throws(DockerfileError) {
        self.request = request
        dockerfile = try Dockerfile(parsing: request.file)
        arguments = try request.arguments(of: dockerfile, for: request.platforms.first ?? Platform.host.name)
        graph = try Dockerfile.StageGraph(
            dockerfile, arguments: arguments, target: request.target, contexts: Set(request.namedContexts.keys),
            needsAllStages: needsAllStages && request.target == nil)
    }

    /// What BuildKit advises against. Nothing is pulled: rules that have to know a base are left out where it isn't in the store.
    ///
    /// - Parameter baseImage: Of a named context or an image; nil for one that isn't known.
    public func report(
        baseImage: (Dockerfile.StageGraph.Origin) -> Dockerfile.BaseImage? = { _ in nil }
    ) -> Dockerfile.LintReport {
        let target = request.platforms.first ?? Platform.host.name
        return dockerfile.lint(
            graph, arguments: arguments, options: request.lintOptions,
            // One that its FROM names is judged by another rule.
            expectedPlatform: { $0.platform == nil ? target : nil }, baseImage: baseImage, isIgnored: request.isIgnored)
    }

    /// The same, with the images that the store has.
    public func report(_ engine: Engine) -> Dockerfile.LintReport {
        report { origin in
            // What can't be looked at isn't known: a check goes on with the rest.
            guard case .image(let name) = origin, let store = try? engine.images(), let found = try? store.resolve(name),
                let image = try? store.configuration(of: found.image.id)
            else { return nil }
            return Dockerfile.BaseImage(
                environment: image.config.environment, hasShell: image.config.shell != nil,
                platform: image.platform.name)
        }
    }

    /// Whether a stage begins with an image, which the store may know.
    public var needsImages: Bool {
        graph.nodes.values.contains { node in
            if case .image = node.base { true } else { false }
        }
    }
}

extension BuildRequest {
    /// In place of those of the file; nil where the command line has none.
    var lintOptions: Dockerfile.LintOptions? {
        arguments["BUILDKIT_DOCKERFILE_CHECK"].flatMap { Dockerfile.LintOptions($0) }
    }

    /// Whether .dockerignore hides a path; nil where that is no question, or where a `!` makes it one that can't be told.
    var isIgnored: ((String) -> Bool)? {
        guard let context, !context.ignored.isEmpty, !context.ignored.hasExceptions else { return nil }
        return { path in PathBytes(path.utf8).map(context.isIgnored) ?? false }
    }
}
