/// A directory that is open as long as somebody has a use for it, on whatever thread.
public final class OpenDirectory: Sendable {
    public let descriptor: FileDescriptor

    public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
