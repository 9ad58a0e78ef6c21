import ImageClient
import ImageStore
import Linux
import Metadata
import OCI

/// What an imported image is to be, beside its files.
public struct ImportRequest: Sendable {
    /// A file, an http or https address; nil is standard input.
    public var source: String?
    public var name: String?
    public var message: String
    public var platform: String?
    /// Instructions of a Dockerfile, for what the image starts with.
    public var changes: [String]

    public init(source: String?, name: String?, message: String = "", platform: String? = nil, changes: [String] = []) {
        self.source = source
        self.name = name
        self.message = message
        self.platform = platform
        self.changes = changes
    }
}

// What `save` and `import` do, and builds have done.
extension Engine {
    /// Fetches a file from an http or https address and writes it to a descriptor of the caller's.
    ///
    /// - Parameter tag: Nothing is written if the content is still that of this tag.
    public func download(_ url: String, to output: CInt, unlessTagged tag: String?) throws(EngineError) -> DownloadResult {
        do throws(ImageClientError) { return try imageClient.download(url, to: output, unlessTagged: tag) } catch {
            throw EngineError(error)
        }
    }

    /// Compresses the layers of images that are kept as plain tar, for good.
    ///
    /// - Parameter format: `gzip` or `zstd`.
    public func compressLayers(of names: [String], as format: String) throws(EngineError) {
        _ = try images()
        do throws(ImageClientError) { try imageClient.compress(names, as: format) } catch { throw EngineError(error) }
        leaveSynchronizing()
    }

    /// Saves images as an archive, which is written to a descriptor of the caller's.
    ///
    /// - Parameters:
    ///   - names: Names or ids; a name without a tag stands for each of its repository.
    ///   - output: Its number.
    public func save(_ names: [String], platform: String? = nil, to output: CInt) throws(EngineError) {
        let wanted = try platform.map { text throws(EngineError) in try Self.platform(text) }
        _ = try images()
        let saved: [ImageResult]
        do throws(ImageClientError) { saved = try imageClient.save(names, platform: wanted, to: output) } catch {
            throw EngineError(error)
        }
        for image in saved {
            let id = image.imageID.description
            noteImage("save", of: id, name: id, labels: labels(ofThere: image.imageID))
        }
    }

    /// Makes an image of an archive of files.
    public func importImage(
        _ request: ImportRequest, onEvent: (ImageEvent) -> Void = { _ in }
    ) throws(EngineError) -> ImageResult {
        let reference = try request.name.map { name throws(EngineError) in try Self.reference(name) }
        guard reference?.digest == nil else {
            throw EngineError(.invalidArgument, "cannot import digest reference", hint: "Name a tag instead.")
        }
        let wanted = try request.platform.map { text throws(EngineError) in try Self.platform(text) }
        var config = ExecutionConfig()
        try config.apply(request.changes)
        let isURL = request.source.map { $0.hasPrefix("http://") || $0.hasPrefix("https://") } ?? false
        let settings: JSON = [
            "config": config.json, "created": .string(Timestamp(nanoseconds: RealTime.now).description),
            "message": .string(
                request.message.isEmpty ? "Imported from \(isURL ? request.source ?? "-" : "-")" : request.message),
        ]
        _ = try images()
        let result: ImageResult
        do throws(ImageClientError) {
            result = try imageClient.importTree(
                from: request.source, as: reference, platform: wanted, settings: settings, onEvent: onEvent)
        } catch { throw EngineError(error) }
        leaveSynchronizing()
        let id = result.imageID.description
        noteImage("import", of: id, name: reference?.familiar ?? id, labels: labels(ofThere: result.imageID))
        return result
    }

    /// The manifest or index of a name, as its registry has it.
    ///
    /// - Parameters:
    ///   - isWhole: Whether what an index leads to, or the platform of an image, comes along.
    ///   - isInsecure: Whether the registry may speak plain HTTP, or show a certificate that nobody vouches for.
    public static func registryManifests(
        of name: String, isWhole: Bool, isInsecure: Bool, with client: ImageClient
    ) throws(EngineError) -> [RegistryManifest] {
        let reference = try reference(name)
        do throws(ImageClientError) {
            return try client.manifests(of: reference, isWhole: isWhole, isInsecure: isInsecure)
        } catch { throw EngineError(error) }
    }
}
