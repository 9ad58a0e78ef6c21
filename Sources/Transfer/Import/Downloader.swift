import Hashing
import Linux
import OCI
import Registry
import Synchronization

/// Fetches a file from an http or https address.
public final class Downloader: Sendable {
    /// In bytes: an answer without an end must not fill the disk.
    public static let limit: Int64 = 64 << 30

    private let client: RegistryClient
    private let progress: Progress
    private let interruption: Interruption
    private let limit: Int64

    public init(client: RegistryClient, progress: Progress, interruption: Interruption, limit: Int64 = Downloader.limit) {
        (self.client, self.progress, self.interruption, self.limit) = (client, progress, interruption, limit)
    }

    /// Writes the content to a file, and tells what it is. Blocks this thread.
    ///
    /// - Parameters:
    ///   - url: As the user wrote it.
    ///   - tag: The content is only wanted if it has another one by now.
    public func download(_ url: String, unlessTagged tag: String?, to output: consuming FileDescriptor) throws(TransferError) {
        guard let address = HTTPURL(url) else { throw TransferError(.invalid, "\(url) is no http or https address") }
        let file = ReceivedFile(output, limit: limit)
        do {
            let answer = try interruption.wait { [client] in
                try await client.download(address, unlessTagged: tag) { file.take($0) }
            }
            progress.download(answer, sha256: hexadecimal(file.hash.digest()), size: file.count)
        } catch let error as RegistryError {
            if let failure = file.failure { throw TransferError(failure, while: "download \(url)") }
            // In the words of BuildKit.
            if case .status(let code, _) = error.reason {
                throw TransferError(code == 404 ? .notFound : .unavailable, "failed to load \(url): invalid response status \(code)")
            }
            throw TransferError(error, while: "download \(url)")
        } catch { throw TransferError(error, while: "download \(url)") }
    }
}

/// A file that is written as its content comes.
private final class ReceivedFile: Sendable {
    private let file: FileDescriptor
    private let limit: Int64
    private let state = Mutex(State())

    private struct State {
        var hash = SHA256()
        var count: Int64 = 0
        var failure: (any Error)?
    }

    init(_ file: consuming FileDescriptor, limit: Int64) {
        self.file = file
        self.limit = limit
    }

    /// False where it can't be written.
    func take(_ part: [UInt8]) -> Bool {
        state.withLock { state in
            state.count += Int64(part.count)
            do {
                guard state.count <= limit else {
                    throw TransferError(.invalid, "it has more than \(limit) bytes, and is downloaded no further")
                }
                state.hash.update(part.span)
                try file.writeAll(part)
                return true
            } catch {
                state.failure = error
                return false
            }
        }
    }

    var hash: SHA256 { state.withLock { $0.hash } }
    var count: Int64 { state.withLock { $0.count } }
    var failure: (any Error)? { state.withLock { $0.failure } }
}
