import Dockerfile
import Engine
import ImageClient
import ImageStore
import Metadata
import OCI

/// An image that a stage begins with, or that a COPY reads.
struct BaseImage: Sendable {
    let record: ImageRecord
    let config: ImageConfig
    let manifest: ImageManifest

    var layers: [StageLayer] { zip(config.diffIDs, manifest.layers).map { StageLayer($0, blob: $1) } }
    var isDocker: Bool { manifest.mediaType == .dockerManifest }

    /// What an image made of it inherits: what is set, and neither its name as a container nor what other builders kept in it.
    var inherited: ExecutionConfig {
        let base = config.config
        var own = ExecutionConfig()
        (own.user, own.environment, own.entrypoint, own.command) = (base.user, base.environment, base.entrypoint, base.command)
        (own.workingDirectory, own.exposedPorts, own.volumes) = (base.workingDirectory, base.exposedPorts, base.volumes)
        (own.labels, own.stopSignal, own.healthcheck, own.shell) = (base.labels, base.stopSignal, base.healthcheck, base.shell)
        return own
    }
}

/// Finds images by name, and pulls those that aren't here.
final class BaseImages {
    private struct Key: Hashable {
        let name: String
        let platform: Platform
    }

    private let session: BuildSession
    private var found: [Key: BaseImage] = [:]

    init(_ session: BuildSession) { self.session = session }

    /// - Throws: ``BuildError`` for one that can't be had.
    func image(_ name: String, for platform: Platform) throws -> BaseImage {
        let key = Key(name: name, platform: platform)
        if let image = found[key] { return image }
        let image = try session.step(.preparation, "[internal] load metadata for \(Self.wholeName(name))") { step in
            if !session.request.pullsBases, let record = try local(name), let image = try whole(record, for: platform) {
                return image
            }
            return try pull(name, for: platform, step)
        }
        found[key] = image
        return image
    }

    static func wholeName(_ name: String) -> String {
        (try? Reference(name))?.withDefaultTag.description ?? name
    }

    /// The image of that name, or whose id it is. The beginning of an id may be a name that is still to be pulled.
    private func local(_ name: String) throws(StoreError) -> ImageRecord? {
        do throws(StoreError) {
            let resolved = try session.store.resolve(name)
            let digits = name.hasPrefix("sha256:") ? name.utf8.count - 7 : name.utf8.count
            return resolved.reference != nil || digits >= 12 ? resolved.image : nil
        } catch {
            switch error {
            case .noSuchImage, .ambiguousID: return nil
            default: throw error
            }
        }
    }

    /// Nil for one of another platform, or that isn't whole any more.
    private func whole(_ record: ImageRecord, for platform: Platform) throws -> BaseImage? {
        let image = try load(record)
        guard platform.runs(image.config.platform) else { return nil }
        for layer in image.config.diffIDs where try session.store.size(of: layer) == nil { return nil }
        return image
    }

    private func load(_ record: ImageRecord) throws(StoreError) -> BaseImage {
        BaseImage(
            record: record, config: try session.store.configuration(of: record.id),
            manifest: try session.store.manifest(of: record))
    }

    private func pull(_ name: String, for platform: Platform, _ step: BuildStep) throws -> BaseImage {
        session.note(step, "resolve \(Self.wholeName(name))")
        do {
            let wanted = platform == .host ? nil : platform.description
            let result = try session.engine.pull(name, platform: wanted) { event in
                switch event {
                case .status(let text): session.note(step, text)
                case .layer(let layer) where layer.status == .complete: session.note(step, "\(layer.id) done")
                default: break
                }
            }
            guard let record = try session.store.image(result.imageID) else { throw StoreError.noSuchImage(name) }
            let image = try load(record)
            if !platform.runs(image.config.platform) {
                session.note(step, "the image is for \(image.config.platform), and not for \(platform)")
            }
            return image
        } catch {
            var failure = BuildError(error)
            failure.message = "\(name): failed to resolve source metadata for \(Self.wholeName(name)): \(failure.message)"
            throw failure
        }
    }
}
