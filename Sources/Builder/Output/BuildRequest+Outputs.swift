import OCI

extension BuildRequest {
    /// Where the result goes: without a wish into the store.
    var wantedOutputs: [BuildOutput] { outputs.isEmpty ? [BuildOutput(.image)] : outputs }

    /// Whether the image is to be in the store afterwards, under its names.
    var storesImage: Bool {
        wantedOutputs.contains { output in
            switch output.kind {
            case .image: output.attributes["store"] != "false"
            case .docker: output.destination == nil
            case .oci, .local, .tar, .cacheonly: false
            }
        }
    }

    /// Whether an output needs an image at all: files alone need its layers.
    var needsImage: Bool { wantedOutputs.contains { [.image, .docker, .oci].contains($0.kind) } }

    /// Whether an output needs the layers of what is built.
    var needsFiles: Bool { wantedOutputs.contains { $0.kind != .cacheonly } }

    /// Whether the image is to carry its own cache: `--cache-to type=inline`, or how older clients of BuildKit ask for it.
    var cachesInline: Bool {
        cacheDestinations.contains { $0.place == nil } || ["1", "true"].contains(arguments["BUILDKIT_INLINE_CACHE"] ?? "")
    }

    /// The names that the image gets in the store: of the command line, and of outputs that lead there.
    func imageNames() throws(BuildError) -> [Reference] {
        var names = tags
        for output in wantedOutputs where output.kind == .image || (output.kind == .docker && output.destination == nil) {
            for name in try ownNames(of: output) where !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// The names that an output has: its own ones, else those of the command line.
    func names(of output: BuildOutput) throws(BuildError) -> [Reference] {
        let own = try ownNames(of: output)
        return own.isEmpty ? tags : own
    }

    private func ownNames(of output: BuildOutput) throws(BuildError) -> [Reference] {
        var names: [Reference] = []
        for text in (output.attributes["name"] ?? "").split(separator: ",").map(String.init) {
            do throws(ReferenceError) { names.append(try Reference(text).withDefaultTag) } catch {
                throw BuildError("invalid output name \"\(text)\": \(error)")
            }
        }
        return names
    }

    /// What `--annotation`, and outputs by `annotation.KEY`, say of a part of the result.
    func annotations(_ place: BuildAnnotation.Place, for platform: Platform?) -> StringMap {
        var map = StringMap()
        for output in wantedOutputs {
            for (name, value) in output.attributes.sorted(by: { $0.key < $1.key }) {
                guard let key = place.key(ofAttribute: name, for: platform) else { continue }
                map[key] = value
            }
        }
        for annotation in annotations where annotation.place == place {
            guard annotation.platform.map({ $0 == platform?.name }) ?? true else { continue }
            map[annotation.key] = annotation.value
        }
        return map
    }
}

extension BuildAnnotation.Place {
    /// The key that an output's attribute has for this place: of `annotation.KEY`, `annotation-index.KEY`,
    /// `annotation-manifest[linux/arm64].KEY`. Nil for other attributes, and those of another platform.
    fileprivate func key(ofAttribute name: String, for platform: Platform?) -> String? {
        let (kind, key) = name.split(atFirst: ".")
        guard let key, !key.isEmpty else { return nil }
        let (place, rest) = kind.split(atFirst: "[")
        guard place == "annotation-\(rawValue)" || (place == "annotation" && self == .manifest) else { return nil }
        guard let rest else { return key }
        guard rest.hasSuffix("]"), let own = try? Platform(String(rest.dropLast())) else { return nil }
        return own.name == platform?.name ? key : nil
    }
}
