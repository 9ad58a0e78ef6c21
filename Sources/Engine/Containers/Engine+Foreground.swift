import ImageStore
import Linux
import Metadata
import OCI
import RuntimeClient

// What a command needs that stays with a container.
extension Engine {
    /// Sends a signal to the container's first process.
    public func signal(_ id: String, _ number: CInt) throws(EngineError) {
        guard let monitor = try connection(to: container(id)) else {
            throw EngineError(.conflict, "container \(id) is not running")
        }
        try calling("signal container \(id.prefix(12))") { () throws(RuntimeClientError) in try monitor.signal(number) }
    }

    /// Whether a container keeps its stdin open and has a terminal.
    public func streams(of name: String) throws(EngineError) -> (openStdin: Bool, tty: Bool) {
        let config = try storedSpec(of: container(name)).config
        return (config.openStdin, config.tty)
    }

    /// Removes a container made with `--rm` whose end was seen, while its monitor cleans up. Its files are its monitor's to
    /// remove: that takes longer than anybody should wait for.
    ///
    /// They are left to it before the row goes: a Hako that is killed in between leaves a row that can be removed again.
    public func remove(_ ended: consuming StartedContainer) throws(EngineError) {
        let id = ended.id
        let action = "remove container \(id.prefix(12))"
        let isLeft = try calling(action) { () throws(RuntimeClientError) in try ended.leaveRemoval() }
        guard isLeft else { return try removeLost(id) }
        releaseNetwork(id)
        try deleteRow(id)
        let isReleased = try calling(action) { () throws(RuntimeClientError) in try ended.waitReleased() }
        if !isReleased { try removeLeftovers(id, runtime: ended.runtime) }
    }

    /// The monitor was killed before it heard of the removal.
    private func removeLost(_ id: String) throws(EngineError) {
        let found = try onDatabase("find container \(id.prefix(12))") { database throws(MetadataError) in
            try database.container(id: id)
        }
        // Somebody else was faster.
        if let found { try remove(found) }
    }

    /// `name` without the slash that Docker's API puts before it.
    public static func withoutSlash(_ name: String) -> String { bare(name) }

    public func imageID(of name: String) throws(EngineError) -> ImageID {
        try onImages("find image \(name)") { store throws(StoreError) in try store.resolve(name).image.id }
    }

    public func labels(of image: ImageID) throws(EngineError) -> [String: String] {
        try onImages("read image \(image.short)") { store throws(StoreError) in
            try store.configuration(of: image).config.labels.pairs.reduce(into: [:]) { $0[$1.name] = $1.value }
        }
    }
}
