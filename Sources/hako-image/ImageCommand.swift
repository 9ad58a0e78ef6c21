import Dispatch
import Glibc
import ImageStore
import Linux
import OCI
import Registry
import Transfer

/// One run of the program.
struct ImageCommand {
    private let arguments: ImageArguments
    private let interruption = Interruption()

    init(_ arguments: ImageArguments) { self.arguments = arguments }

    /// Returns the exit status: 0 exactly if the last line of progress is a result.
    func run() -> Int32 {
        let number = arguments.progressNumber
        SignalAction.ignore([SIGPIPE])
        let progress = Progress(FileDescriptor(adopting: number)) { [interruption] in interruption.interrupt() }
        do throws(TransferError) {
            try watch(progress: number)
            guard arguments.action.needsStore else {
                try ask(progress)
                return 0
            }
            try transfer(progress)
            return 0
        } catch {
            progress.error(error)
            return error.kind == .interrupted ? 130 : 1
        }
    }

    private func transfer(_ progress: Progress) throws(TransferError) {
        let store: ImageStore
        do throws(StoreError) {
            store = try Timings.span("open-store") { () throws(StoreError) in try ImageStore(root: arguments.root) }
        } catch {
            throw TransferError(
                error.isNoSpace ? .noSpace : .system, "cannot open the store at \(arguments.root): \(error)")
        }
        switch arguments.action {
        case .pull(let reference, let platform):
            let client = try client()
            defer { close(client) }
            try Puller(store: store, client: client, progress: progress, interruption: interruption)
                .pull(reference, platform: platform)
        case .push(let reference, let platform):
            let client = try client()
            defer { close(client) }
            try Pusher(store: store, client: client, progress: progress, interruption: interruption)
                .push(reference, platform: platform)
        case .load(let input, let platform):
            let source = try self.input(input)
            try Loader(store: store, progress: progress, interruption: interruption, platform: platform).load(from: source)
        case .save(let names, let platform):
            let output = FileSink(FileDescriptor(adopting: StandardDescriptor.output))
            try Saver(store: store, progress: progress, interruption: interruption)
                .save(names, platform: platform, to: output)
        case .import(let input, let settings):
            let importer = Importer(store: store, progress: progress, interruption: interruption)
            guard let input, input.hasPrefix("http://") || input.hasPrefix("https://") else {
                return try importer.importTree(from: try self.input(input), settings)
            }
            guard let url = HTTPURL(input) else { throw TransferError(.invalid, "\(input) is no http or https address") }
            let client = try client()
            defer { close(client) }
            progress.status("Downloading from \(input)")
            try importer.importTree(from: DownloadSource(url, client: client, interruption: interruption), settings)
        case .compress(let names, let format):
            try LayerCompressor(store: store, progress: progress, interruption: interruption).compress(names, as: format)
        case .fetchCache(let place):
            let layers = try cacheDocument().layers
            let client = try client()
            defer { close(client) }
            try BuildCacheReader(client: client, progress: progress, interruption: interruption).fetch(layers, from: place, into: store)
        case .writeCache(let place, let format):
            let document = try cacheDocument()
            let client = try client()
            defer { close(client) }
            try BuildCacheWriter(store: store, client: client, progress: progress, interruption: interruption)
                .write(document, to: place, as: format)
        case .manifest, .tags, .pushIndex, .login, .logout, .download, .readCache: break
        }
    }

    /// What needs no store.
    private func ask(_ progress: Progress) throws(TransferError) {
        let authentication = Authentication(
            environment: Environment.current, progress: progress, interruption: interruption)
        switch arguments.action {
        case .login(let server, let isStored):
            let login = isStored ? try authentication.storedLogin(for: server) : try givenLogin(to: server)
            let client = try client(login)
            defer { close(client) }
            try authentication.logIn(login, with: client)
        case .logout(let server): try authentication.logOut(of: server)
        case .manifest(let reference, let isWhole):
            let client = try client(insecure: arguments.isInsecure ? reference.domain : nil)
            defer { close(client) }
            try ManifestReader(client: client, progress: progress, interruption: interruption)
                .read(reference, isWhole: isWhole)
        case .tags(let repository):
            let client = try client()
            defer { close(client) }
            try ManifestReader(client: client, progress: progress, interruption: interruption).tags(of: repository)
        case .pushIndex(let registry):
            let index = try document("index") { AssembledIndex($0) }
            let client = try client(insecure: arguments.isInsecure ? registry : nil)
            defer { close(client) }
            try IndexPusher(client: client, progress: progress, interruption: interruption).push(index)
        case .readCache(let place, let platforms):
            let client = try client()
            defer { close(client) }
            try BuildCacheReader(client: client, progress: progress, interruption: interruption).read(place, platforms: platforms)
        case .download(let url, let tag):
            let client = try client()
            defer { close(client) }
            try Downloader(client: client, progress: progress, interruption: interruption)
                .download(url, unlessTagged: tag, to: FileDescriptor(adopting: StandardDescriptor.output))
        default: break
        }
    }

    /// From standard input.
    private func document<Document>(_ name: String, _ make: (JSON) throws -> Document?) throws(TransferError) -> Document {
        do {
            let bytes = try FileDescriptor(adopting: StandardDescriptor.input).readAll(limit: 4 * ImageConfig.maximumSize)
            if let document = try make(JSON(parsing: bytes)) { return document }
        } catch { throw TransferError(.invalid, "standard input holds no \(name): \(error)") }
        throw TransferError(.invalid, "standard input holds no \(name)")
    }

    private func cacheDocument() throws(TransferError) -> BuildCacheDocument {
        try document("cache") { try BuildCacheDocument(json: $0) }
    }

    private func givenLogin(to server: String?) throws(TransferError) -> Login {
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try FileDescriptor(adopting: StandardDescriptor.input).readAll(limit: 1 << 20) } catch {
            throw TransferError(.system, "the login can't be read: \(error.errno)")
        }
        guard let json = try? JSON(parsing: bytes), let username = json["username"]?.string,
            let password = json["password"]?.string
        else { throw TransferError(.invalid, "standard input holds no login") }
        return Login(server: server, username: username, password: password)
    }

    private func client(_ login: Login? = nil, insecure registry: String? = nil) throws(TransferError) -> RegistryClient {
        let environment = Environment.current
        do throws(RegistryError) {
            let path = arguments.configuration ?? environment["HAKO_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
            var configuration = try RegistryConfiguration(path: path)
            if let registry { configuration.addInsecure(registry: registry) }
            return try RegistryClient(
                configuration: configuration, environment: environment, login: login, userAgent: "hako/0.1 (linux)")
        } catch {
            var reason = "\(error.reason)"
            if case .invalidConfiguration(let text) = error.reason { reason = text }
            throw TransferError(.system, "\(error.operand): \(reason)")
        }
    }

    /// Connections are let go of in good order, which takes no time, or by the process's end.
    private func close(_ client: RegistryClient) {
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            await client.shutdown()
            done.signal()
        }
        done.wait()
    }

    private func input(_ path: String?) throws(TransferError) -> FileSource {
        guard let path else { return FileSource(FileDescriptor(adopting: StandardDescriptor.input)) }
        do throws(SystemCallError) {
            let file = try FileDescriptor.open(path)
            guard try file.status().kind != .directory else { throw SystemCallError("open", on: path, .isDirectory) }
            return FileSource(file)
        } catch {
            throw TransferError(error.errno == .noSuchFile ? .notFound : .system, "open \(path): \(error.errno)")
        }
    }

    // MARK: Its end

    /// How long the transfer may take to clean up once it is told to end; the next one cleans up the rest.
    private static let patience = DispatchTimeInterval.milliseconds(600)

    /// Ends the transfer on SIGINT and SIGTERM, and when nobody reads its progress any more.
    private func watch(progress number: CInt) throws(TransferError) {
        let descriptor: CInt
        // Before any other thread is there: each inherits what its maker has blocked (pthread_sigmask(3)).
        do throws(SystemCallError) { descriptor = try Self.signals([SIGINT, SIGTERM]) } catch {
            throw TransferError(.system, "cannot wait for signals: \(error)")
        }
        DispatchQueue(label: "end").async { [interruption] in
            // Asked for nothing, a pipe's writing end still tells that its reader is gone: POLLERR (poll(2)).
            var entries = [PollEntry(descriptor, .readable), PollEntry(number, [])]
            _ = try? PollEntry.wait(&entries)
            interruption.interrupt()
            DispatchQueue(label: "patience").asyncAfter(deadline: .now() + Self.patience) { _exit(130) }
        }
    }

    /// A descriptor that becomes readable with a signal, and stays open until the process ends.
    private static func signals(_ numbers: [CInt]) throws(SystemCallError) -> CInt {
        try SignalDescriptor(numbers).descriptor.duplicate().relinquish()
    }
}
