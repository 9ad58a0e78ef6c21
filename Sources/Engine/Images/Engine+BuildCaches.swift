import ImageClient
import OCI

// Caches of builds that lie outside of the store.
extension Engine {
    /// What a cache says of its steps; nothing of it is believed but that it is well-formed.
    ///
    /// - Parameter platforms: Of an image of several platforms, whose images' caches are wanted.
    public func readBuildCache(_ place: BuildCachePlace, platforms: [Platform]) throws(EngineError) -> BuildCacheDocument {
        do throws(ImageClientError) { return try imageClient.readBuildCache(place, platforms: platforms) } catch {
            throw EngineError(error)
        }
    }

    /// Brings layers of a cache into the store, verified and unpacked; they are garbage there unless somebody keeps them.
    public func fetchBuildCache(
        _ layers: [BuildCacheDocument.Layer], from place: BuildCachePlace, onEvent: (ImageEvent) -> Void
    ) throws(EngineError) {
        _ = try images()
        do throws(ImageClientError) { try imageClient.fetchBuildCache(layers, from: place, onEvent: onEvent) } catch {
            throw EngineError(error)
        }
    }

    /// Writes a cache, with the layers of it that the store has.
    ///
    /// - Parameter format: What layers become that are plain, for good: `none`, `gzip`, `zstd`.
    public func writeBuildCache(
        _ document: BuildCacheDocument, to place: BuildCachePlace, as format: String, onEvent: (ImageEvent) -> Void
    ) throws(EngineError) {
        _ = try images()
        do throws(ImageClientError) { try imageClient.writeBuildCache(document, to: place, as: format, onEvent: onEvent) } catch {
            throw EngineError(error)
        }
        // Layers that it has compressed, also behind a build that has made nothing.
        leaveSynchronizing()
    }
}
