import ConfigurationFiles
import ImageClient
import ImageStore
import Linux
import Metadata
import OCI

/// An image that a container is made of.
struct ImageForContainer {
    var id: ImageID
    var config: ExecutionConfig
    var architecture: String
    var warnings: [String]
}

extension Engine {
    /// Runs a step on the images; its facts become an error in words.
    func onImages<Result>(
        _ action: @autoclosure () -> String, _ body: (ImageStore) throws(StoreError) -> Result
    ) throws(EngineError) -> Result {
        let store = try images()
        do throws(StoreError) {
            return try body(store)
        } catch { throw EngineError(error, cannot: action()) }
    }

    // MARK: For containers

    /// What an image says of itself.
    private func configuration(of name: String) throws(EngineError) -> ImageConfig {
        try onImages("find image \(name)") { store throws(StoreError) in try store.configuration(of: store.resolve(name).image.id) }
    }

    func resolveImage(_ name: String, platform: String?) throws(EngineError) -> ImageForContainer {
        let (record, config) = try onImages("find image \(name)") { store throws(StoreError) in
            let record = try store.resolve(name).image
            return (record, try store.configuration(of: record.id))
        }
        try Self.require(platform, of: config, named: name)
        var warnings: [String] = []
        if !Platform.host.runs(config.platform) {
            warnings.append(
                "The requested image's platform (\(config.platform)) does not match the detected host platform (\(Platform.host))")
        }
        return ImageForContainer(
            id: record.id, config: config.config, architecture: config.platform.architecture, warnings: warnings)
    }

    /// An image is for one platform: who wants it for another one is told.
    static func require(_ platform: String?, of config: ImageConfig, named name: String) throws(EngineError) {
        guard let platform else { return }
        let wanted = try Self.platform(platform)
        guard !wanted.runs(config.platform) else { return }
        throw EngineError(
            .notFound,
            "image with reference \(name) was found but its platform (\(config.platform)) does not match the specified platform (\(wanted))")
    }

    static func platform(_ text: String?) throws(EngineError) -> Platform {
        guard let text else { return .host }
        do throws(PlatformError) {
            return try Platform(text)
        } catch { throw EngineError(.invalidArgument, "invalid platform \(error)") }
    }

    /// Directories for an overlay, the topmost first.
    func lowerDirectories(of image: ImageID) throws(EngineError) -> [String] {
        try onImages("find the layers of image \(image.short)") { store throws(StoreError) in
            try store.lowerDirectories(of: image)
        }
    }

    // MARK: Pull and load

    /// The whole name that a pull would ask for, of an image that the store doesn't have; nil where it is there.
    public func wholeName(ofMissing name: String) throws(EngineError) -> String? {
        let store = try images()
        do throws(StoreError) {
            _ = try store.resolve(name)
            return nil
        } catch {
            if case .noSuchImage = error { return try Self.reference(name).familiar }
            throw EngineError(error, cannot: "find image \(name)")
        }
    }

    /// A name with the tag that it leaves out.
    public static func reference(_ name: String) throws(EngineError) -> Reference {
        do throws(ReferenceError) { return try Reference(name).withDefaultTag } catch {
            throw EngineError(.invalidArgument, "\(error)")
        }
    }

    /// Pulls an image; progress goes to `onEvent` as it comes.
    public func pull(
        _ name: String, platform: String? = nil, onEvent: (ImageEvent) -> Void
    ) throws(EngineError) -> ImageResult {
        let reference = try Self.reference(name)
        let wanted = try platform.map { text throws(EngineError) in try Self.platform(text) }
        _ = try images()
        do throws(ImageClientError) {
            let result = try imageClient.pull(reference, platform: wanted, onEvent: onEvent)
            leaveSynchronizing()
            noteImage("pull", of: reference.familiar, name: reference.familiarName, labels: labels(ofThere: result.imageID))
            return result
        } catch { throw EngineError(error) }
    }

    /// Pushes an image by its name, or every tag of a repository; progress and results go to `onEvent` as they come.
    public func push(
        _ name: String, allTags: Bool = false, platform: String? = nil, onEvent: (ImageEvent) -> Void
    ) throws(EngineError) -> [PushResult] {
        let reference: Reference
        do throws(ReferenceError) { reference = try Reference(name) } catch {
            throw EngineError(.invalidArgument, "\(error)")
        }
        guard !allTags || (reference.tag == nil && reference.digest == nil) else {
            throw EngineError(.invalidArgument, "tag can't be used with --all-tags/-a")
        }
        let wanted = try platform.map { text throws(EngineError) in try Self.platform(text) }
        _ = try images()
        do throws(ImageClientError) {
            let results = try imageClient.push(
                allTags ? reference : reference.withDefaultTag, platform: wanted, onEvent: onEvent)
            // Layers that it has compressed.
            leaveSynchronizing()
            for result in results {
                noteImage(
                    "push", of: result.reference.familiar, name: result.reference.familiarName,
                    labels: labels(ofThere: result.imageID))
            }
            return results
        } catch { throw EngineError(error) }
    }

    /// All tags of a repository, as its registry has them.
    ///
    /// - Parameter name: Without a tag.
    public func tags(ofRepository name: String) throws(EngineError) -> [Reference] {
        let repository: Reference
        do throws(ReferenceError) { repository = try Reference(name) } catch {
            throw EngineError(.invalidArgument, "\(error)")
        }
        guard repository.tag == nil, repository.digest == nil else {
            throw EngineError(.invalidArgument, "tag can't be used with --all-tags/-a")
        }
        do throws(ImageClientError) {
            return try imageClient.tags(of: repository).compactMap { try? repository.tagged($0) }
        } catch { throw EngineError(error) }
    }

    /// Loads the images of an archive, from a file or, where `path` is nil, standard input.
    ///
    /// - Parameter platform: That each must be for; nil for this machine's where there is a choice.
    public func load(
        _ path: String?, platform: String? = nil, onEvent: (ImageEvent) -> Void
    ) throws(EngineError) -> [ImageResult] {
        let wanted = try platform.map { text throws(EngineError) in try Self.platform(text) }
        _ = try images()
        do throws(ImageClientError) {
            let results = try imageClient.load(path.map { .file($0) } ?? .standardInput, platform: wanted, onEvent: onEvent)
            leaveSynchronizing()
            for result in results {
                let id = result.imageID.description
                noteImage("load", of: id, name: id, labels: labels(ofThere: result.imageID))
            }
            return results
        } catch { throw EngineError(error) }
    }

    var imageClient: ImageClient {
        ImageClient(
            program: programs.image, root: paths.root,
            configuration: configuration.path == EngineConfiguration.defaultPath ? nil : configuration.path, interruption: interruption)
    }

    // MARK: Names

    public func listImages() throws(EngineError) -> [StoredImage] {
        try onImages("list the images") { store throws(StoreError) in try store.images() }
    }

    /// Gives an image another name.
    public func tag(_ name: String, as newName: String) throws(EngineError) {
        let reference: Reference
        do throws(ReferenceError) {
            reference = try Reference(newName)
        } catch {
            throw EngineError(
                .invalidArgument, "Error parsing reference: \"\(newName)\" is not a valid repository/tag: \(error)")
        }
        guard reference.digest == nil else {
            throw EngineError(.invalidArgument, "refusing to create a tag with a digest reference")
        }
        let (id, moved) = try onImages("tag \(name)") { store throws(StoreError) in
            let image = try store.resolve(name).image.id
            return (image, try store.tag(image, as: reference, at: RealTime.now))
        }
        noteImage("tag", of: id.description, name: reference.withDefaultTag.familiar, labels: labels(ofThere: id))
        if let moved { warnings.append("\(reference.familiar) named image \(moved.short) before") }
    }

    /// Takes a name away, and the image with its last one.
    ///
    /// - Parameter platform: That the image must be for.
    public func removeImage(_ name: String, force: Bool, platform: String? = nil) throws(EngineError) -> [RemovedItem] {
        if platform != nil { try Self.require(platform, of: configuration(of: name), named: name) }
        let id = try? imageID(of: name)
        let labels = id.map(labels(ofThere:)) ?? [:]
        if let id { try requireUnmounted(id) }
        let removed = try onImages("remove image \(name)") { store throws(StoreError) in
            try store.removeImage(name, force: force)
        }
        for item in removed {
            switch item {
            // As Docker's: the image's id is its name, too.
            case .untagged: noteImage("untag", of: id?.description ?? "", name: id?.description ?? "", labels: labels)
            case .deletedImage(let image): noteImage("delete", of: "\(image)", name: "\(image)", labels: labels)
            case .deletedLayer: continue
            }
        }
        return removed
    }

    /// Images that containers mount, by id, and the container that does.
    func mountedImages() throws(EngineError) -> [String: ContainerRecord] {
        var mounted: [String: ContainerRecord] = [:]
        for record in try containers() {
            for mount in try storedSpec(of: record).mountPoints ?? [] where mount.kind == .image {
                mounted[mount.image] = record
            }
        }
        return mounted
    }

    /// Even if it is forced: its layers would be gone below who reads them.
    private func requireUnmounted(_ image: ImageID) throws(EngineError) {
        guard let user = try mountedImages()[image.description] else { return }
        throw EngineError(
            .conflict,
            "conflict: unable to delete \(image.short) (cannot be forced) - image is mounted by container \(user.id.prefix(12))",
            hint: "Remove the container first.")
    }

    /// Notes that an image that a build has made has got a name.
    public func noteTagged(_ image: ImageID, as name: Reference) {
        noteImage("tag", of: image.description, name: name.withDefaultTag.familiar, labels: labels(ofThere: image))
    }

    func noteImage(_ action: String, of actor: String, name: String, labels: [String: String]) {
        note(action, of: actor, type: "image", labels.merging(["name": name]) { $1 })
    }

    /// Empty for an image that can't be read: it is only for an event.
    func labels(ofThere image: ImageID) -> [String: String] { (try? labels(of: image)) ?? [:] }

    public func pruneImages(
        all: Bool, where isWanted: PruneCondition = { _, _ in true }
    ) throws(EngineError) -> PruneReport {
        let mounted = try mountedImages()
        let report = try onImages("prune the images") { store throws(StoreError) in
            try store.prune(all ? .unused : .dangling) {
                isWanted($0.created, labels(ofThere: $0.id)) && mounted[$0.id.description] == nil
            }
        }
        for item in report.removed {
            switch item {
            case .untagged: continue
            case .deletedImage(let image): noteImage("delete", of: "\(image)", name: "\(image)", labels: [:])
            case .deletedLayer: continue
            }
        }
        notePrune("image", report.reclaimed)
        return report
    }
}

extension EngineError {
    init(_ error: StoreError, cannot action: String) {
        switch error {
        case .noSuchImage(let name):
            let missing = StoreError.missingImage(name)
            self.init(missing.mayExist ? .notFound : .invalidArgument, missing.text)
        case .invalidReference(_, let cause):
            self.init(.invalidArgument, "\(cause)")
        case .ambiguousID(let prefix):
            self.init(.invalidArgument, "multiple IDs found with provided prefix: \(prefix)", hint: "Give more of the id, or a name.")
        case .conflict(let conflict): self.init(.conflict, "\(conflict)")
        case .metadata(let cause): self.init(cause, cannot: action)
        case .incomplete(let image, let missing):
            self.init(
                .system, cannot: action, because: "image \(image.short) is not whole: \(missing) is missing",
                hint: "Pull it again.", cause: error)
        default:
            self.init(
                .system, cannot: action, because: "\(error)",
                hint: error.isNoSpace ? "Make room with `hako system prune`." : nil, cause: error)
        }
    }

    public init(_ error: ImageClientError) {
        let kind: Kind =
            switch error.kind {
            case .notFound: .notFound
            case .invalid: .invalidArgument
            case .unauthorized, .unavailable: .unavailable
            case .noSpace, .system, .interrupted: .system
            }
        self.init(kind, error.message, hint: error.hint)
    }
}
