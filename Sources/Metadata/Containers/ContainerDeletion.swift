/// How a container's row goes, with all that belongs to it.
public struct ContainerDeletion: Hashable, Sendable {
    public var id: String
    /// Of its event, in nanoseconds since 1970.
    public var time: Int64
    /// Whether its anonymous volumes' rows go, too, that no other container uses; those of a container made with `--rm` do in any
    /// case.
    public var withVolumes: Bool
    /// Whether addresses that it still has stay out of use until ``Database/free(_:)``.
    public var retiresAddresses: Bool

    public init(id: String, time: Int64, withVolumes: Bool = false, retiresAddresses: Bool = false) {
        self.id = id
        self.time = time
        self.withVolumes = withVolumes
        self.retiresAddresses = retiresAddresses
    }
}
