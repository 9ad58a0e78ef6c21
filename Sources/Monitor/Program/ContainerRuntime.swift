import Linux
import MonitorProtocol
import Runtime

/// What makes, starts and deletes this one container.
///
/// Each step is done to its end, also when the engine goes away meanwhile: half a container is in no state's file, and so
/// nobody's to clean up, while a whole one is deleted in milliseconds.
protocol ContainerRuntime {
    /// Makes the container's first process, which waits to be started.
    ///
    /// - Parameters:
    ///   - earlyCgroup: A cgroup that was made for it; nil for none. See ``EarlyCgroup``.
    ///   - streams: What it has as 0, 1 and 2; nil with a terminal.
    ///   - console: Where the terminal's master is to be sent; nil without one.
    /// - Returns: The process's id. It is a child of this process.
    func create(
        _ config: BundleConfig, namespaces: HeldNamespaces, earlyCgroup: String?,
        streams: borrowing StandardStreams.ContainerEnds?, console: String?
    ) throws(StartFailure) -> Int32
    /// Lets it execute its program; returns when it does.
    func start() throws(StartFailure)
    /// Deletes what is kept of the container: its state, its cgroup, processes that are left in it.
    func delete() throws(StartFailure)
    /// Whether there is something to delete.
    var hasLeftovers: Bool { get }
    /// Whether its processes are frozen, as far as that can be told.
    var isPaused: Bool { get }
}

/// The numbers of the namespaces that the monitor holds; -1 for one that the container doesn't join.
struct HeldNamespaces {
    var user: CInt
    var network: CInt
}

/// The program itself is a runtime: its work is done in this process. What that takes of memory is given back when the monitor
/// waits (``Memory/shrink()``); a copy of the process, which would take it along, costs a tenth of a start in page faults.
struct OwnRuntime: ContainerRuntime {
    private let runtime: Runtime
    private let id: String
    private let bundle: String
    private let filterFile: String?

    /// Nil if the settings name another program.
    init?(_ settings: MonitorSettings, bundle: String) {
        guard let own = try? FileDescriptor.status(of: "/proc/self/exe"),
            let asked = try? FileDescriptor.status(of: settings.runtime),
            own.device == asked.device, own.inode == asked.inode
        else { return nil }
        runtime = Runtime(root: settings.runtimeRoot)
        id = settings.id
        filterFile = settings.filter
        self.bundle = bundle
    }

    var hasLeftovers: Bool { (try? FileDescriptor.status(of: "\(runtime.root)/\(id)")) != nil }
    var isPaused: Bool { (try? runtime.isPaused(id)) ?? false }

    func create(
        _ config: BundleConfig, namespaces: HeldNamespaces, earlyCgroup: String?,
        streams: borrowing StandardStreams.ContainerEnds?, console: String?
    ) throws(StartFailure) -> Int32 {
        var options = CreateOptions()
        options.startsLater = true
        options.filterFile = filterFile
        options.earlyCgroup = earlyCgroup
        options.consoleSocket = console
        switch streams {
        case .some(let ends): options.standardDescriptors = ends.numbers
        case .none: break
        }
        let joined = JoinedNamespaces(
            user: namespaces.user >= 0 ? namespaces.user : nil, network: namespaces.network >= 0 ? namespaces.network : nil)
        let spec = try Timings.span("read-spec") { () throws(StartFailure) in try config.spec() }
        return try explaining { () throws(RuntimeError) in
            try runtime.create(Bundle(path: bundle, spec: spec), id: id, options: options, joining: joined).child.pid
        }
    }

    func start() throws(StartFailure) {
        try explaining { () throws(RuntimeError) in try runtime.start(id) }
    }

    func delete() throws(StartFailure) {
        try explaining { () throws(RuntimeError) in try runtime.delete(id, force: true) }
    }
}

/// Tells a runtime's failure with the kind that the engine knows.
private func explaining<Result>(_ body: () throws(RuntimeError) -> Result) throws(StartFailure) -> Result {
    do throws(RuntimeError) { return try body() } catch {
        let kind: StartFailure.Kind =
            switch error.kind {
            case .programNotFound: .notFound
            case .programNotExecutable: .notExecutable
            case .noSuchContainer, .exists, .wrongState, .invalid: .invalid
            case .system: .system
            }
        throw StartFailure(kind, error.description)
    }
}
