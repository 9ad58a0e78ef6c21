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
    let storeArguments: [String]
    private let interruption: CInt
    /// The number under which the program finds its progress descriptor.
    private static let progressNumber: CInt = 3
    /// Longer than any line that is one: a manifest has up to 4 MiB, and may be escaped.
    private static let lineLimit = 32 << 20

    /// - Parameters:
    ///   - program: The absolute path of `hako-image`.
    ///   - root: The store, an absolute path.
    ///   - configuration: Instead of `/etc/hako/config.json`.
    ///   - interruption: A descriptor that is readable once a call is to be given up, for a caller that has signals wait; -1 for none.
    public init(program: String, root: String, configuration: String? = nil, interruption: CInt = -1) {
        self.program = program
        self.interruption = interruption
        storeArguments = ["--root", root] + (configuration.map { ["--config", $0] } ?? [])
    }

    /// Pulls an image; `onEvent` gets layers and status lines as they come, in this thread.
    ///
    /// - Parameter platform: Nil for this machine's.
    public func pull(
        _ reference: Reference, platform: Platform? = nil, onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) -> ImageResult {
        let chosen = platform.map { ["--platform", $0.description] } ?? []
        let results = try run(["pull"] + storeArguments + chosen, [reference.description], onEvent).compactMap(\.image)
        guard let result = results.last else { throw ImageClientError(.system, "hako-image ended without a result") }
        return result
    }

    /// Pushes an image: by its name with a tag, or every tag of a repository.
    ///
    /// - Parameter platform: That the image must be for, and then alone is pushed; nil for whatever it is.
    public func push(
        _ reference: Reference, platform: Platform? = nil, onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) -> [PushResult] {
        let chosen = platform.map { ["--platform", $0.description] } ?? []
        return try run(["push"] + storeArguments + chosen, [reference.description], onEvent).compactMap(\.pushed)
    }

    /// Loads all images of an archive, in its order.
    ///
    /// - Parameter platform: That each must be for; nil for this machine's where there is a choice.
    public func load(
        _ archive: Archive, platform: Platform? = nil, onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) -> [ImageResult] {
        let words = ["load"] + storeArguments + (platform.map { ["--platform", $0.description] } ?? [])
        let results =
            switch archive {
            case .standardInput: try run(words, [], input: StandardDescriptor.input, onEvent)
            case .file(let path): try run(words + ["--input", path], [], onEvent)
            }
        return results.compactMap(\.image)
    }

    /// Writes images as an archive to a descriptor of the caller's; each of them once.
    ///
    /// - Parameters:
    ///   - names: Names or ids.
    ///   - output: Its number.
    public func save(
        _ names: [String], platform: Platform? = nil, to output: CInt
    ) throws(ImageClientError) -> [ImageResult] {
        let chosen = platform.map { ["--platform", $0.description] } ?? []
        return try run(["save"] + storeArguments + chosen, names, output: output) { _ in }.compactMap(\.image)
    }

    /// Makes an image of an archive of files.
    ///
    /// - Parameters:
    ///   - source: The path of a file, an http or https address; nil is standard input.
    ///   - settings: `config`, `message` and `created` of the image.
    public func importTree(
        from source: String?, as reference: Reference?, platform: Platform?, settings: JSON,
        onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) -> ImageResult {
        let options = (platform.map { ["--platform", $0.description] } ?? []) + ["--settings", settings.text()]
            + (source.map { ["--input", $0] } ?? [])
        let results = try run(
            ["import"] + storeArguments + options, reference.map { [$0.description] } ?? [],
            input: source == nil ? StandardDescriptor.input : nil, onEvent)
        guard let result = results.compactMap(\.image).last else {
            throw ImageClientError(.system, "hako-image ended without a result")
        }
        return result
    }

    /// The manifest or index of a name, as its registry has it; if `isWhole`, with what an index leads to, or the platform that an
    /// image is for.
    public func manifests(
        of reference: Reference, isWhole: Bool, isInsecure: Bool = false
    ) throws(ImageClientError) -> [RegistryManifest] {
        let words = ["manifest"] + storeArguments + (isWhole ? ["--whole", "true"] : []) + Self.insecure(isInsecure)
        return try run(words, [reference.description]) { _ in }.compactMap(\.manifest)
    }

    /// All tags of a repository, in its registry's order.
    public func tags(of repository: Reference) throws(ImageClientError) -> [String] {
        try run(["tags"] + storeArguments, [repository.name]) { _ in }.compactMap(\.tags).last ?? []
    }

    /// Pushes an index to the registry that has what it leads to; `onEvent` gets status lines.
    public func push(
        _ assembled: AssembledIndex, isInsecure: Bool, onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) {
        let input = try Self.inMemory(assembled.json, named: "index")
        defer { withExtendedLifetime(input) {} }
        let words = ["push-index"] + storeArguments + Self.insecure(isInsecure)
        _ = try run(words, [assembled.index.reference.description], input: input.number, onEvent)
    }

    private static func insecure(_ isInsecure: Bool) -> [String] { isInsecure ? ["--insecure", "true"] : [] }

    /// Fetches a file from an http or https address and writes it to a descriptor of the caller's.
    ///
    /// - Parameters:
    ///   - output: Its number.
    ///   - tag: Nothing is written if the content is still that of this tag.
    public func download(
        _ url: String, to output: CInt, unlessTagged tag: String? = nil
    ) throws(ImageClientError) -> DownloadResult {
        // It is no matter of a store; the configuration says which hosts are trusted.
        let words = ["download"] + storeArguments + (tag.map { ["--tag", $0] } ?? [])
        guard let result = try run(words, [url], output: output, { _ in }).compactMap(\.downloaded).last else {
            throw ImageClientError(.system, "hako-image ended without a result")
        }
        return result
    }

    /// Compresses the layers of images that are kept as plain tar, for good.
    ///
    /// - Parameter format: `gzip` or `zstd`.
    public func compress(_ names: [String], as format: String) throws(ImageClientError) {
        _ = try run(["compress"] + storeArguments + ["--format", format], names) { _ in }
    }

    func run(
        _ options: [String], _ operands: [String], input: CInt? = nil, output: CInt? = nil,
        _ onEvent: (ImageEvent) -> Void
    ) throws(ImageClientError) -> [ImageEvent] {
        var outcome = Outcome()
        let status: ExitStatus
        do throws(SystemCallError) {
            status = try converse(options, operands, input, output) { outcome.take($0, onEvent) }
        } catch { throw ImageClientError(.system, "cannot run \(program): \(error.errno)") }
        return try outcome.results(status: status).get()
    }

    /// Runs the program to its end and hands on each line that it writes.
    private func converse(
        _ options: [String], _ operands: [String], _ input: CInt?, _ output: CInt?, _ onLine: ([UInt8]) -> Void
    ) throws(SystemCallError) -> ExitStatus {
        let pipe = try Pipe()
        // A name that looks like an option is none.
        let progress = ["--progress-fd", "\(Self.progressNumber)"] + (operands.isEmpty ? [] : ["--"])
        var spawn = Spawn(program, ["hako-image"] + options + progress + operands)
        spawn.pass(pipe.writing, as: Self.progressNumber)
        spawn.pass(number: StandardDescriptor.error)
        if let input { spawn.pass(number: input, as: StandardDescriptor.input) }
        if let output { spawn.pass(number: output, as: StandardDescriptor.output) }
        if Timings.descriptor > Self.progressNumber { spawn.pass(number: Timings.descriptor) }
        let child = try spawn.start()
        let reading = pipe.keepingReading()
        do throws(SystemCallError) {
            var lines = LineReader(limit: Self.lineLimit)
            var isInterrupted = interruption < 0
            while let line = try lines.next(
                from: reading,
                waiting: { () throws(SystemCallError) in
                    if !isInterrupted { isInterrupted = try waits(for: reading, child) }
                })
            { onLine(line) }
        } catch {
            // A child that nobody listens to must not go on.
            try child.send(signal: SIGTERM)
            _ = try child.wait()
            throw error
        }
        return try child.wait()
    }
}

extension ImageClient {
    /// Waits for what the program says, which is its end once it has been told to stop.
    ///
    /// - Returns: Whether it has been told so.
    private func waits(
        for reading: borrowing FileDescriptor, _ child: borrowing ChildProcess
    ) throws(SystemCallError) -> Bool {
        var entries = [PollEntry(reading.number, .readable), PollEntry(interruption, .readable)]
        try PollEntry.wait(&entries)
        guard !entries[1].ready.isEmpty else { return false }
        try child.send(signal: SIGTERM)
        return true
    }
}

/// What the lines and the exit status come to.
private struct Outcome {
    private var results: [ImageEvent] = []
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
        case .image, .pushed, .loggedIn, .manifest, .tags, .downloaded, .buildCache, .done:
            results.append(event)
            lastIsResult = true
        case .error(let error): failure = error
        case .layer, .status: break
        }
        onEvent(event)
    }

    func results(status: ExitStatus) -> Result<[ImageEvent], ImageClientError> {
        if let failure { return .failure(failure) }
        switch status {
        case .exited(code: 0) where lastIsResult: return .success(results)
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
    ///
    /// - Parameter waiting: Is called before something is read, which may take its time.
    mutating func next(
        from descriptor: borrowing FileDescriptor, waiting: () throws(SystemCallError) -> Void
    ) throws(SystemCallError) -> [UInt8]? {
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
            try waiting()
            let count = try descriptor.read(into: &chunk)
            if count == 0 {
                // A last line without an end was cut off by a death: it counts for nothing.
                return nil
            }
            buffer += chunk[..<count]
        }
    }
}
