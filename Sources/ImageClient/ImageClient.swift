import Glibc
import Linux
import OCI

/// Has `hako-image` move image bytes into a store, and tells how it goes.
///
/// The program runs as a child for the time of one call. It ends when its caller does, however that ended: its progress
/// then has no reader any more.
public struct ImageClient: Sendable {
    /// Where `load` finds its archive.
    public enum Archive: Hashable, Sendable {
        case standardInput
        case file(String)
    }

    private let program: String
    private let storeArguments: [String]
    /// The number under which the program finds its progress descriptor.
    private static let progressNumber: CInt = 3
    /// Longer than any line that is one: a message holds no more than a registry's error.
    private static let lineLimit = 1 << 20

    /// - Parameters:
    ///   - program: The absolute path of `hako-image`.
    ///   - root: The store, an absolute path.
    ///   - configuration: Instead of `/etc/hako/config.json`.
    public init(program: String, root: String, configuration: String? = nil) {
        self.program = program
        storeArguments = ["--root", root] + (configuration.map { ["--config", $0] } ?? [])
    }

    /// Pulls an image; `onEvent` gets layers and status lines as they come, in this thread.
    ///
    /// - Parameter platform: Nil for this machine's.
    public func pull(
        _ reference: Reference, platform: Platform? = nil, onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) -> ImageResult {
        let chosen = platform.map { ["--platform", $0.description] } ?? []
        let results = try run(["pull"] + storeArguments + chosen, [reference.description], input: nil, onEvent)
        guard let result = results.last else { throw ImageClientError(.system, "hako-image ended without a result") }
        return result
    }

    /// Loads all images of an archive, in its order.
    public func load(_ archive: Archive, onEvent: (ImageEvent) -> Void) throws(ImageClientError) -> [ImageResult] {
        switch archive {
        case .standardInput: try run(["load"] + storeArguments, [], input: StandardDescriptor.input, onEvent)
        case .file(let path): try run(["load"] + storeArguments + ["--input", path], [], input: nil, onEvent)
        }
    }

    private func run(
        _ options: [String], _ operands: [String], input: CInt?, _ onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) -> [ImageResult] {
        var outcome = Outcome()
        let status: ExitStatus
        do throws(SystemCallError) {
            status = try converse(options, operands, input: input) { outcome.take($0, onEvent) }
        } catch { throw ImageClientError(.system, "cannot run \(program): \(error.errno)") }
        return try outcome.results(status: status).get()
    }

    /// Runs the program to its end and hands on each line that it writes.
    private func converse(
        _ options: [String], _ operands: [String], input: CInt?, _ onLine: ([UInt8]) -> Void
    ) throws(SystemCallError) -> ExitStatus {
        let pipe = try Pipe()
        // A name that looks like an option is none.
        let progress = ["--progress-fd", "\(Self.progressNumber)"] + (operands.isEmpty ? [] : ["--"])
        var spawn = Spawn(program, ["hako-image"] + options + progress + operands)
        spawn.pass(pipe.writing, as: Self.progressNumber)
        spawn.pass(number: StandardDescriptor.error)
        if let input { spawn.pass(number: input) }
        if Timings.descriptor > Self.progressNumber { spawn.pass(number: Timings.descriptor) }
        let child = try spawn.start()
        let reading = pipe.keepingReading()
        do throws(SystemCallError) {
            var lines = LineReader(limit: Self.lineLimit)
            while let line = try lines.next(from: reading) { onLine(line) }
        } catch {
            // A child that nobody listens to must not go on.
            try child.send(signal: SIGTERM)
            _ = try child.wait()
            throw error
        }
        return try child.wait()
    }
}

/// What the lines and the exit status come to.
private struct Outcome {
    private var images: [ImageResult] = []
    private var failure: ImageClientError?
    private var lastIsResult = false

    mutating func take(_ line: [UInt8], _ onEvent: (ImageEvent) -> Void) {
        let event: ImageEvent?
        do throws(JSONError) { event = try ImageEvent(line: line) } catch {
            failure = failure ?? ImageClientError(.system, "hako-image told of its progress in no known form: \(error)")
            return
        }
        guard let event else { return }
        lastIsResult = false
        switch event {
        case .image(let result):
            images.append(result)
            lastIsResult = true
        case .error(let error): failure = error
        case .layer, .status: break
        }
        onEvent(event)
    }

    func results(status: ExitStatus) -> Result<[ImageResult], ImageClientError> {
        if let failure { return .failure(failure) }
        switch status {
        case .exited(code: 0) where lastIsResult: return .success(images)
        case .exited(code: 130), .killed(signal: SIGINT, _), .killed(signal: SIGTERM, _):
            return .failure(ImageClientError(.interrupted, "interrupted"))
        case .exited(let code):
            return .failure(ImageClientError(.system, "hako-image ended with status \(code) without a result"))
        case .killed(let signal, _):
            return .failure(ImageClientError(.system, "hako-image was killed by signal \(signal)"))
        }
    }
}

/// Splits what comes from a descriptor into lines.
struct LineReader {
    private var buffer: [UInt8] = []
    private var position = 0
    private var chunk = [UInt8](repeating: 0, count: 16 << 10)
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The next line without its end; nil after the last. A line above the limit is an error (EFBIG).
    mutating func next(from descriptor: borrowing FileDescriptor) throws(SystemCallError) -> [UInt8]? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return Array(buffer[position..<end])
            }
            guard buffer.count - position <= limit else {
                throw SystemCallError("read", on: "descriptor \(descriptor.number)", Errno(rawValue: EFBIG))
            }
            buffer.removeSubrange(..<position)
            position = 0
            searched = buffer.count
            let count = try descriptor.read(into: &chunk)
            if count == 0 {
                // A last line without an end was cut off by a death: it counts for nothing.
                return nil
            }
            buffer += chunk[..<count]
        }
    }
}
