import ImageStore
import Linux
import Metadata
import OCI
import RuntimeClient

// What a command needs that stays with a container.
extension Engine {
    /// Sends a signal to the container's first process.
    public func signal(_ id: String, _ number: CInt) throws(EngineError) {
        // Its start stands in the journal: who stays with a container looks at its row no more.
        try foldJournal()
        let record = try container(id)
        guard record.state.isUp else { throw EngineError(.conflict, "container \(id) is not running") }
        guard let monitor = try connection(to: record) else { throw EngineError(.conflict, "container \(id) is not running") }
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
    /// Whatever is killed meanwhile, nothing stays: a monitor that hears of no removal sees to it by its exit command.
    public func remove(_ ended: consuming StartedContainer) throws(EngineError) {
        let (id, volumes) = (ended.id, ended.volumes)
        withdrawNetwork(id)
        try foldJournal(deleting: ContainerDeletion(id: id, time: RealTime.now))
        try discardVolumes(volumes)
        let isGone = try calling("remove container \(id.prefix(12))") { () throws(RuntimeClientError) in
            try ended.leaveRemoval()
        }
        if !isGone { try removeLeftovers(id, runtime: ended.runtime) }
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
