import Archive
import Glibc
import ImageStore
import Linux
import Metadata
import OCI

/// What a commit is to make of a container.
public struct CommitRequest: Sendable {
    /// The name that leads to the image; nil for none.
    public var reference: String?
    public var author = ""
    public var comment = ""
    /// Dockerfile instructions for the image's configuration, one each.
    public var changes: [String] = []
    /// Whether a running container stands still while what it has written is read.
    public var pauses = true

    public init() {}
}

extension Engine {
    /// Makes an image of a container: its image's layers, what it has written as one more, and its configuration.
    ///
    /// What is mounted in it, volumes among that, is no part of the image.
    public func commit(_ name: String, _ request: CommitRequest) throws(EngineError) -> ImageID {
        let record = try container(name)
        let spec = try storedSpec(of: record)
        let reference = try request.reference.map { text throws(EngineError) in try Self.commitReference(text) }
        let action = "commit container \(record.name)"
        let (parent, base) = try onImages(action) { store throws(StoreError) in
            guard let parent = try store.image(record.image) else { throw .noSuchImage(record.image.description) }
            return (parent, try store.configuration(of: parent.id))
        }
        var config = base
        config.config = try base.config.committed(from: spec.config)
        try config.config.apply(request.changes)
        let lease = try onImages(action) { store throws(StoreError) in try store.lease() }
        let layer = try writtenLayer(of: record, spec, lease, pauses: request.pauses)
        config.note(createdBy: (spec.config.command ?? []).joined(separator: " "), request, isEmptyLayer: layer == nil)
        let made = config
        let image = try onImages(action) { store throws(StoreError) in
            try store.register(childOf: parent, config: made, layer: layer, reference: reference, lease: lease).id
        }
        note(
            "commit", of: record.id,
            ["comment": request.comment, "imageID": image.description, "imageRef": reference?.familiar ?? ""])
        leaveSynchronizing()
        return image
    }

    private static func commitReference(_ text: String) throws(EngineError) -> Reference {
        let reference: Reference
        do throws(ReferenceError) { reference = try Reference(text) } catch {
            throw EngineError(.invalidArgument, "\(error)")
        }
        guard reference.digest == nil else {
            throw EngineError(.invalidArgument, "refusing to create a tag with a digest reference")
        }
        return reference.withDefaultTag
    }

    /// What a container has written, as a blob; nil where that is nothing.
    private func writtenLayer(
        of record: ContainerRecord, _ spec: StoredSpec, _ lease: Lease, pauses: Bool
    ) throws(EngineError) -> Descriptor? {
        guard let path = upper(of: record) else { return nil }
        let rules = PackingRules(.changes, owner: try fileOwner(record, spec))
        let store = try images()
        return try whileStill(record, pauses: pauses) { () throws(EngineError) -> Descriptor? in
            do {
                let upper = try FileDescriptor.directory(path)
                guard try !upper.names().isEmpty else { return nil }
                return try store.writeLayer(lease: lease) { sink in
                    let packer = TreePacker(sink, rules)
                    try packer.packContents(of: upper)
                    warnOfShortened(try packer.finish(), record)
                }
            } catch let error as StoreError {
                throw EngineError(error, cannot: "commit container \(record.name)")
            } catch { throw EngineError(packing: error, cannot: "commit container \(record.name)") }
        }
    }

    /// Does something while a container's processes stand still.
    private func whileStill<Result>(
        _ record: ContainerRecord, pauses: Bool, _ body: () throws(EngineError) -> Result
    ) throws(EngineError) -> Result {
        guard pauses, record.state.status == .running else { return try body() }
        // Who ends this program meanwhile must not leave the container paused.
        return try SignalAction.holding([SIGINT, SIGTERM, SIGHUP]) { () throws(EngineError) -> Result in
            do throws(EngineError) { try pause(record.id) } catch {
                // It has ended meanwhile, or somebody else has paused it.
                guard error.kind == .conflict else { throw error }
                return try body()
            }
            let result: Swift.Result<Result, EngineError>
            do throws(EngineError) { result = .success(try body()) } catch { result = .failure(error) }
            do throws(EngineError) { try unpause(record.id) } catch {
                // It may have been killed while it was paused.
                guard error.kind == .conflict else { throw error }
            }
            return try result.get()
        }
    }

    /// Has what was stored written to the disk by a process that nobody waits for, the database's log too. Without it, the next
    /// command that stores does it, or the next boot verifies: no reason to fail.
    public func leaveSynchronizing() {
        var spawn = Spawn(programs.hako, ["hako", "--root", paths.root, "system", "synchronize"])
        spawn.startsSession = true
        hasLeftSynchronizing = (try? spawn.start()) != nil
    }
}

extension ImageConfig {
    /// Who made the image when, and of what.
    fileprivate mutating func note(createdBy: String, _ request: CommitRequest, isEmptyLayer: Bool) {
        let now = Timestamp(nanoseconds: RealTime.now).description
        created = now
        author = request.author.isEmpty ? nil : request.author
        var entry = HistoryEntry(
            created: now, createdBy: createdBy, comment: request.comment.isEmpty ? nil : request.comment,
            isEmptyLayer: isEmptyLayer)
        entry.author = author
        history.append(entry)
    }
}

extension ExecutionConfig {
    /// The image's configuration with what a container of it was made with, as Docker commits it: the next container of it does
    /// what this one does.
    fileprivate func committed(from container: ContainerConfig) throws(EngineError) -> ExecutionConfig {
        var config = self
        config.user = container.user
        config.environment = container.environment
        config.entrypoint = container.entrypoint
        config.command = container.command
        config.workingDirectory = container.workingDirectory
        config.exposedPorts = container.exposedPorts
        config.volumes = container.volumes
        config.labels = StringMap(container.labels.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) })
        config.stopSignal = container.stopSignal
        config.shell = container.shell
        // Its own have been carried out.
        config.onBuild = []
        do throws(FormatError) {
            config.healthcheck = try container.healthcheck.map { json throws(FormatError) in try Healthcheck(JSONFields(json)) }
        } catch { throw EngineError(.system, cannot: "commit the health check", because: "\(error)", cause: error) }
        return config
    }
}
