import OCI

/// A step that a build has found or made, as it is handed on to other stores.
struct BuiltStep: Hashable, Sendable {
    /// In hexadecimal digits; the last one is of what the step reads, and not of where that comes from.
    let keys: [String]
    /// As it is written in the Dockerfile: values of variables don't leave the store that way.
    let title: String
    let layer: DiffID
    let blob: Descriptor
    /// Nanoseconds since 1970.
    let created: Int64
}

extension BuildCacheDocument {
    /// Those steps that came to layers of an image, as this carries them itself.
    init(of steps: [BuiltStep], inline layers: [StageLayer]) {
        self.init(layers: layers.map { Layer($0.diffID, blob: $0.blob) })
        add(steps) { step in layers.firstIndex { $0.diffID == step.layer } }
        for index in self.steps.indices {
            // An image is the same whatever layers the stages had that its files come from.
            self.steps[index].keys = self.steps[index].keys.suffix(1)
            self.steps[index].title = ""
        }
    }

    /// All steps, with their layers.
    init(of steps: [BuiltStep]) {
        self.init()
        var places: [DiffID: Int] = [:]
        for step in steps where places[step.layer] == nil && layers.count < ImageManifest.maximumLayers {
            places[step.layer] = layers.count
            layers.append(Layer(step.layer, blob: step.blob))
        }
        add(steps) { places[$0.layer] }
    }

    /// Each once, in an order that doesn't depend on how fast they were: the same build gives the same document.
    private mutating func add(_ built: [BuiltStep], place: (BuiltStep) -> Int?) {
        var known: Set<[String]> = []
        for step in built where steps.count < Self.maximumSteps {
            guard let layer = place(step), known.insert(step.keys).inserted else { continue }
            steps.append(
                Step(
                    keys: step.keys, layer: layer, created: Timestamp(nanoseconds: step.created),
                    title: String(step.title.prefix(200))))
        }
        steps.sort { ($0.layer, $0.keys.first ?? "") < ($1.layer, $1.keys.first ?? "") }
    }
}
