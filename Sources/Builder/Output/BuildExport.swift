import Archive
import Engine
import Glibc
import ImageClient
import ImageStore
import Linux
import Metadata
import OCI

/// What was built for one platform.
struct BuiltPlatform {
    let platform: Platform
    let state: StageState
}

/// Brings what was built to where it was asked for: into the store, to registries, into files.
struct BuildExport {
    let session: BuildSession
    /// In the order that was asked for.
    let built: [BuiltPlatform]

    private var request: BuildRequest { session.request }
    private var store: ImageStore { session.store }

    func run() throws -> BuildResult {
        guard let main = built.first else { throw BuildError("nothing was built") }
        try check()
        try exportFiles()
        let assembly = ImageAssembly(session: session)
        guard request.needsImage else {
            return BuildResult(images: [], target: try assembly.descriptor(of: main.state))
        }
        let names = request.storesImage ? try request.imageNames() : []
        if isPlain { return try enterPlainly(main, names, assembly) }
        let entry = built.first { Platform.host.runs($0.platform) } ?? main
        let (entered, images) = try session.step(.export, "exporting to image") { step in
            try enter(entry, names, assembly, step)
        }
        defer { removeUnnamed(entered, but: request.storesImage ? images.main.id : nil) }
        try exportArchives(images)
        try push(images)
        return BuildResult(images: images.all.map(\.id), target: (images.index ?? images.main.document).descriptor)
    }

    private func check() throws(BuildError) {
        let isPlural = built.count > 1
        for output in request.wantedOutputs {
            if isPlural, output.kind == .docker, output.destination != nil {
                throw BuildError("docker exporter does not currently support exporting manifest lists")
            }
            if output.attributes["push-by-digest"] == "true" { throw BuildError("push-by-digest is not supported: an image is pushed by its names") }
            if output.isPushed {
                guard try !request.names(of: output).isEmpty else { throw BuildError("tag is needed when pushing to registry") }
            }
        }
    }

    // MARK: Images

    /// One image for the store, and nothing else: that is looked at no longer than it takes.
    private var isPlain: Bool {
        built.count == 1 && compression == nil && request.annotations(.manifest, for: built.first?.platform).isEmpty
            && request.wantedOutputs.allSatisfy { $0.kind == .image || ($0.kind == .docker && $0.destination == nil) } && request.storesImage
    }

    private func enterPlainly(_ main: BuiltPlatform, _ names: [Reference], _ assembly: ImageAssembly) throws -> BuildResult {
        try session.step(.export, "exporting to image") { step in
            let record = try assembly.enter(main.state, names: names)
            session.note(step, "writing image \(record.id) done")
            for name in names { session.note(step, "naming to \(name.withDefaultTag) done") }
            let target = Descriptor(mediaType: record.manifestMediaType, digest: record.manifest, size: record.manifestSize)
            return BuildResult(images: [record.id], target: target)
        }
    }

    /// The images that are now in the store.
    private struct Images {
        /// By platform.
        var all: [OutgoingImage]
        /// The one that its names lead to.
        var main: OutgoingImage
        /// Of several platforms.
        var index: StoredManifest?
    }

    /// Enters the images. Of several platforms each has to be there for the index; which of them wasn't before is returned.
    private func enter(
        _ entry: BuiltPlatform, _ names: [Reference], _ assembly: ImageAssembly, _ step: BuildStep
    ) throws -> (new: [ImageID], images: Images) {
        var new: [ImageID] = []
        var all: [OutgoingImage] = []
        var main: OutgoingImage?
        for each in built {
            let isEntry = each.platform == entry.platform
            let wasThere = try assembly.isThere(each.state)
            let record = try assembly.enter(each.state, names: isEntry ? names : [])
            if !wasThere { new.append(record.id) }
            let image = try finished(try store.outgoingImage(record), for: each.platform)
            session.note(step, "writing image \(image.id) done")
            all.append(image)
            if isEntry { main = image }
        }
        guard let main else { throw BuildError("nothing was built") }
        var images = Images(all: all, main: main, index: nil)
        if built.count > 1 {
            images.index = try PlatformIndex(session: session).enter(all, main: main, names: names)
        }
        for name in names { session.note(step, "naming to \(name.withDefaultTag) done") }
        return (new, images)
    }

    /// With annotations, and compressed where that is asked for or will be needed.
    private func finished(_ image: OutgoingImage, for platform: Platform) throws -> OutgoingImage {
        var image = image
        if let format = compression {
            try session.engine.compressLayers(of: [image.id.description], as: format)
            guard let record = try store.image(image.id) else { throw StoreError.noSuchImage(image.id.description) }
            image = try store.outgoingImage(record)
        }
        let annotations = request.annotations(.manifest, for: platform)
        guard !annotations.isEmpty else { return image }
        return try store.replaceManifest(of: image, lease: try session.lease()) { $0.annotate(annotations) }
    }

    private var compression: String? {
        for output in request.wantedOutputs {
            if let format = output.attributes["compression"], format != "uncompressed" { return format }
        }
        // A push compresses what is plain, and so changes the manifest, of which no index would know then.
        return built.count > 1 || request.wantedOutputs.contains(where: \.isPushed) ? "gzip" : nil
    }

    /// What was only made for an output goes with it; the cache keeps its layers.
    private func removeUnnamed(_ images: [ImageID], but kept: ImageID?) {
        for image in images where image != kept {
            // It is nobody's loss if one stays: `image prune` removes it.
            _ = try? store.removeImage(image.description)
        }
    }

    // MARK: Outputs

    private func exportFiles() throws {
        guard request.wantedOutputs.contains(where: { $0.kind == .local || $0.kind == .tar }) else { return }
        for each in built { try session.keep(each.state.layers) }
        for output in request.wantedOutputs {
            switch output.kind {
            case .local:
                try session.step(.export, "exporting to client directory") { _ in try FileOutput(session: session, built: built).copy(output) }
            case .tar:
                try session.step(.export, "exporting to client tarball") { _ in try FileOutput(session: session, built: built).pack(output) }
            case .image, .docker, .oci, .cacheonly: continue
            }
        }
    }

    private func exportArchives(_ images: Images) throws {
        for output in request.wantedOutputs where output.kind == .oci || output.kind == .docker {
            guard let destination = output.destination else { continue }
            let names = try request.names(of: output)
            var archive = ImageArchive(isDocker: output.kind == .docker)
            if let index = images.index {
                archive.add(index, of: images.all, names: names)
            } else {
                archive.add(images.main, names: names)
            }
            try store.keep(archive.digests, under: try session.lease())
            try session.step(.export, "exporting to \(output.kind == .oci ? "oci" : "docker") image format") { step in
                session.note(step, "exporting manifest \(images.main.document.digest) done")
                session.note(step, "exporting config \(images.main.id) done")
                try write(archive, to: destination, isDirectory: output.attributes["tar"] == "false")
            }
        }
    }

    private func write(_ archive: ImageArchive, to destination: String, isDirectory: Bool) throws {
        guard isDirectory else {
            return try FileOutput.write(destination) { sink in try archive.write(from: store, to: sink) }
        }
        let draft = try store.layerDraft()
        let path = draft.path + "/archive.tar"
        let sink = BufferedSink(FileSink(try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL)))
        try archive.write(from: store, to: sink)
        try sink.flush()
        try FileOutput.unpack(FileSource(try FileDescriptor.open(path)), into: destination)
    }

    private func push(_ images: Images) throws {
        for output in request.wantedOutputs where output.isPushed {
            for name in try request.names(of: output) {
                try session.step(.export, "pushing \(name.withDefaultTag)") { step in
                    try push(name.withDefaultTag, images, step)
                }
            }
        }
    }

    private func push(_ name: Reference, _ images: Images, _ step: BuildStep) throws {
        // Without a place in the store a name is there for the push alone.
        let before = try store.image(named: name)?.id
        let isBorrowed = !request.storesImage
        if isBorrowed { try store.tag(images.main.id, as: name, at: RealTime.now) }
        defer {
            if isBorrowed {
                // The name leads where it led to.
                if let before { _ = try? store.tag(before, as: name, at: RealTime.now) } else { _ = try? store.removeImage(name.description) }
            }
        }
        // Of one platform no index goes along that an earlier build of several has left.
        let platform = images.index == nil ? images.main.config.platform.description : nil
        _ = try session.engine.push(name.description, platform: platform) { event in
            switch event {
            case .layer(let layer) where [.pushed, .existed, .mounted].contains(layer.status): session.note(step, "pushing layer \(layer.id) done")
            case .pushed(let result): session.note(step, "pushing manifest for \(name)@\(result.digest) done")
            default: break
            }
        }
    }
}

extension ImageManifest {
    /// Adds annotations. Docker's manifests have none: such a one becomes OCI's, with the same blobs.
    mutating func annotate(_ annotations: StringMap) {
        if mediaType == .dockerManifest {
            mediaType = .imageManifest
            config.mediaType = .imageConfig
            for index in layers.indices { layers[index].mediaType = layers[index].mediaType.ofOCI }
        }
        for (name, value) in annotations.pairs { self.annotations[name] = value }
    }
}
