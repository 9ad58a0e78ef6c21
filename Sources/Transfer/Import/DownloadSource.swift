import Linux
import Registry

/// A download as a stream. It begins at once, and ends with this value.
public final class DownloadSource: ByteSource {
    private let queue: PartQueue
    private let task: Task<Void, Never>
    private let interruption: Interruption
    private let number: Int?

    public init(_ url: HTTPURL, client: RegistryClient, interruption: Interruption) {
        let queue = PartQueue()
        task = Task.detached {
            do {
                try await client.download(url, receive: queue.send)
                queue.finish(.success(()))
            } catch { queue.finish(.failure(error)) }
        }
        number = interruption.onInterrupt { queue.abandon() }
        self.queue = queue
        self.interruption = interruption
    }

    deinit {
        interruption.remove(number)
        queue.abandon()
        task.cancel()
    }

    public func read(into buffer: inout [UInt8]) throws -> Int { try queue.read(into: &buffer) }
}
