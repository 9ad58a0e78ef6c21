import Linux
import OCI

// Caches of builds that lie outside of the store.
extension ImageClient {
    /// What a cache says of its steps.
    ///
    /// - Parameter platforms: Of an image of several platforms, whose images' caches are wanted.
    public func readBuildCache(
        _ place: BuildCachePlace, platforms: [Platform]
    ) throws(ImageClientError) -> BuildCacheDocument {
        let words = ["read-cache"] + storeArguments + ["--platform", platforms.map(\.description).joined(separator: ",")]
        guard let document = try run(words + place.options, place.operands, { _ in }).compactMap(\.buildCache).last else {
            throw ImageClientError(.system, "hako-image ended without a result")
        }
        return document
    }

    /// Brings layers of a cache into the store; they are garbage there unless somebody keeps them.
    public func fetchBuildCache(
        _ layers: [BuildCacheDocument.Layer], from place: BuildCachePlace, onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) {
        try run("fetch-cache", [], BuildCacheDocument(layers: layers), place, onEvent)
    }

    /// Writes a cache, with the layers of it that the store has.
    ///
    /// - Parameter format: What layers become that are plain: `none`, `gzip`, `zstd`.
    public func writeBuildCache(
        _ document: BuildCacheDocument, to place: BuildCachePlace, as format: String, onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) {
        try run("write-cache", ["--format", format], document, place, onEvent)
    }

    private func run(
        _ action: String, _ options: [String], _ document: BuildCacheDocument, _ place: BuildCachePlace, _ onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) {
        let input = try Self.inMemory(document.json, named: "cache")
        defer { withExtendedLifetime(input) {} }
        _ = try run([action] + storeArguments + options + place.options, place.operands, input: input.number, onEvent)
    }
}

extension BuildCachePlace {
    fileprivate var options: [String] { if case .layout(let directory, _) = self { ["--layout", directory] } else { [] } }

    fileprivate var operands: [String] {
        switch self {
        case .registry(let reference): [reference.description]
        case .layout(_, let name): [name]
        }
    }
}
