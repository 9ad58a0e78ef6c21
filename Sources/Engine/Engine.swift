import ConfigurationFiles
import Glibc
import ImageStore
import Linux
import Metadata
import OCI
import RuntimeClient

/// Hako's use cases: what `hako` and an API server do with containers, images and networks.
///
/// One thread uses one engine. What it needs it opens at first use, so that a command pays only for what it does. Any number
/// of engines, in any number of processes, work on one store.
public final class Engine {
    public let paths: StorePaths
    public let programs: Programs
    /// What the machine's owner says about all containers.
    public let configuration: EngineConfiguration
    /// For the user, beside the answer: what is not as it should be and stops nothing.
    public var warnings: [String] = []
    /// A descriptor that is readable once pulls and downloads are to be given up, where signals wait for who reads it; -1 for none.
    public var interruption: CInt = -1
    private(set) var openedImages: ImageStore?
    /// For notes; opened with the first of them.
    var journal: FileDescriptor?
    /// Of the container that is to be started next; see ``prepareStart(of:)``.
    var namespaceDraft: UserNamespace.Draft?
    var monitorDraft: MonitorDraft?
    /// Directories of removed containers; see ``retireFiles(of:)``.
    var retired: [RetiredDirectory] = []
    /// Whether this process left addresses to be freed after the answer; see ``retireNetwork(_:)``.
    var hasRetiredAddresses = false
    /// Slots of build steps that have ended, whose monitors may still be unmounting.
    var endedSteps: [Int64] = []
    /// Whether another process writes the database's log to its file; see ``leaveSynchronizing()``.
    var hasLeftSynchronizing = false
    /// What this process started for containers that were taken over: a command that stays may outlive them.
    var startedMonitors: [StartedMonitor] = []

    /// - Throws: ``EngineError`` where Hako is not root, or its directories can't be made.
    public init(
        paths: StorePaths, configuration: EngineConfiguration = EngineConfiguration()
    ) throws(EngineError) {
        guard geteuid() == 0 else {
            throw EngineError(
                .unavailable, cannot: "open the store \(paths.root)", because: "Hako needs root privileges",
                hint: "Run it with sudo.")
        }
        self.paths = paths
        self.configuration = configuration
        programs = try Programs.find()
        do throws(SystemCallError) {
            // Closed to others whatever the umask: layers hold set-uid programs, logs and environments secrets.
            try Directory.createForStrangers(paths.root)
            for directory in [paths.containers, paths.runRoot, paths.bundles] { try Directory.create(directory) }
        } catch {
            throw EngineError(.system, cannot: "make the store", because: "\(error)", cause: error)
        }
    }

    /// The images, and the database, with all that monitors have reported since it was last open folded into it.
    public func images() throws(EngineError) -> ImageStore {
        if let openedImages { return openedImages }
        let store: ImageStore
        do throws(StoreError) {
            store = try Timings.span("open-store") { () throws(StoreError) in try ImageStore(root: paths.root) }
        } catch { throw EngineError(error, cannot: "open the store \(paths.root)") }
        openedImages = store
        try Timings.span("fold-journal") { () throws(EngineError) in try foldJournal() }
        return store
    }

    func closeImages() { openedImages = nil }

    func database() throws(EngineError) -> Database { try images().database }

    /// Runs a step on the database; its facts become an error in words.
    func onDatabase<Result>(
        _ action: @autoclosure () -> String, _ body: (Database) throws(MetadataError) -> Result
    ) throws(EngineError) -> Result {
        let database = try database()
        do throws(MetadataError) {
            return try body(database)
        } catch { throw EngineError(error, cannot: action()) }
    }

    /// Takes over what has happened since, for a command that stays.
    public func refresh() throws(EngineError) { try foldJournal() }

    /// To be called once the answer is given: what may take longer.
    public func finish() {
        // The answer was given; a checkpoint that fails is tried by the next command.
        if !hasLeftSynchronizing { try? openedImages?.database.checkpointIfLarge() }
        giveBack()
    }
}

extension EngineError {
    /// Facts of the database, for people.
    init(_ error: MetadataError, cannot action: String) {
        switch error {
        case .newerStore:
            self.init(
                .unavailable, cannot: action, because: "\(error)", hint: "Use the Hako that wrote it, or a newer one.",
                cause: error)
        case .noSuchContainer(let name): self.init(.notFound, "No such container: \(name)")
        case .noSuchImage(let name): self.init(.notFound, "No such image: \(name)")
        case .ambiguousPrefix(let prefix):
            self.init(
                .invalidArgument, "multiple IDs found with provided prefix: \(prefix)", hint: "Give more of the id, or the name.")
        case .containerNameInUse(let name, let id):
            self.init(
                .conflict,
                "Conflict. The container name \"/\(name)\" is already in use by container \"\(id)\". You have to remove (or rename) that container to be able to reuse that name."
            )
        case .portInUse(let port, let id):
            self.init(
                .conflict, cannot: "publish port \(port.hostPort)",
                because: "port is already allocated by container \(id.prefix(12))",
                hint: "Choose another port with -p, or stop that container.", cause: error)
        case .noFreeIDRange:
            self.init(
                .unavailable, cannot: action, because: "\(error)",
                hint: "Remove containers that are not needed, or run it with --userns=host.", cause: error)
        case .database(let failure) where failure.kind == .busy:
            self.init(
                .unavailable, cannot: action, because: "\(error)",
                hint: "Another process works on it; one that was stopped (`pgrep -l -r T hako` names it) has to go on or end.",
                cause: error)
        default: self.init(.system, cannot: action, because: "\(error)", cause: error)
        }
    }
}
