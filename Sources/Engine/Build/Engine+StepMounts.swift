import Glibc
import ImageStore
import Linux
import OCI

/// Where the mounts of one step come to be.
final class StepPlaces {
    let bundle: String
    /// The step's own, on the store's disk; gone with it.
    let directory: String
    let rootID: UInt32
    let volumes = OpenedVolumes()
    fileprivate(set) var listeners: [StepListener] = []
    fileprivate var directoryCount = 0

    init(bundle: String, directory: String, rootID: UInt32) {
        self.bundle = bundle
        self.directory = directory
        self.rootID = rootID
    }

    /// Has the monitor attach a mount; where the runtime finds it.
    func add(_ mount: consuming Mount) throws(SystemCallError) -> String {
        let place = "\(bundle)/\(OpenedVolumes.place(volumes.numbers.count))"
        try volumes.add(mount)
        return place
    }

    /// A new directory on the store's disk.
    func makeDirectory() throws(SystemCallError) -> String {
        directoryCount += 1
        let path = "\(directory)/mount-\(directoryCount)"
        try Directory.create(path)
        return path
    }
}

extension Engine {
    /// Makes and opens what a step is to find, parents before what lies below them.
    func open(
        _ requests: [StepMount], _ places: StepPlaces, _ namespaces: borrowing ContainerNamespaces
    ) throws(EngineError) -> [ContainerMount] {
        var mounts: [ContainerMount] = []
        var memory = StepMemory()
        let ordered = requests.enumerated().sorted { ($0.element.depth, $0.offset) < ($1.element.depth, $1.offset) }.map(\.element)
        for request in ordered {
            do {
                mounts.append(try open(request, places, namespaces, &memory))
            } catch {
                if let error = error as? EngineError { throw error }
                throw EngineError(.system, cannot: "mount \(request.target)", because: "\(error)", cause: error)
            }
        }
        guard let files = memory.take() else { return mounts }
        // One file system for all of them, attached once.
        let place: String
        do throws(SystemCallError) { place = try places.add(files) } catch {
            throw EngineError(.system, cannot: "keep files in memory", because: "\(error)", cause: error)
        }
        for index in mounts.indices where mounts[index].source.hasPrefix(StepMemory.mark) {
            mounts[index].source = place + mounts[index].source.dropFirst(StepMemory.mark.count)
        }
        return mounts
    }

    private func open(
        _ request: StepMount, _ places: StepPlaces, _ namespaces: borrowing ContainerNamespaces, _ memory: inout StepMemory
    ) throws -> ContainerMount {
        var mount = ContainerMount(
            kind: .bind, source: "", destination: request.target, mode: "", isReadOnly: request.isReadOnly, propagation: "rprivate",
            isRecursive: false)
        switch request.source {
        case .host(let path): mount.source = path
        case .filled(let fill):
            let directory = try places.makeDirectory()
            mount.source = try fill(directory).map { "\(directory)/\($0)" } ?? directory
        case .layers(let layers, let path):
            let tree = try self.tree(of: layers, isReadOnly: request.isReadOnly, places, namespaces)
            mount.source = try places.add(try part(path, of: tree))
            mount.idMapping = .none
        case .memory(let size):
            mount.kind = .tmpfs
            mount.propagation = ""
            mount.tmpfsOptions = ["mode=1777", "exec"] + (size.map { ["size=\($0)"] } ?? [])
        case .file(let bytes, let access):
            mount.source = try memory.addFile(bytes, access, rootID: places.rootID)
            mount.idMapping = .none
        case .socket(let access):
            let (path, listener) = try memory.addSocket(access, rootID: places.rootID)
            places.listeners.append(listener)
            mount.source = path
            mount.idMapping = .none
        }
        return mount
    }

    /// Layers as one tree with the step's ids; what is written goes into a directory of the step's.
    private func tree(
        of layers: [DiffID], isReadOnly: Bool, _ places: StepPlaces, _ namespaces: borrowing ContainerNamespaces
    ) throws -> Mount {
        var lowers = try onImages("find the layers of a mount") { store throws(StoreError) in try store.lowerDirectories(of: layers) }
        // A read-only overlay has two layers at least.
        if lowers.count < 2 {
            try Directory.create(paths.emptyLayer, mode: 0o755)
            lowers.append(paths.emptyLayer)
        }
        if lowers.count < 2 { lowers.append(try stepLayer()) }
        guard !isReadOnly else { return try ImageTree.mount(lowers, userNamespace: namespaces.user) }
        let directory = try places.makeDirectory()
        try makeWritableLayer(in: directory, rootID: places.rootID, lowers: lowers)
        let overlay = OverlayMount(
            lowers: lowers, upper: "\(directory)/upper", work: "\(directory)/work", isVolatile: true)
        return try MountNamespaceVisit.apart { () throws(SystemCallError) in try overlay.mount(userNamespace: namespaces.user) }
    }

    /// Symlinks of the tree lead nowhere but into it.
    private func part(_ path: String, of tree: consuming Mount) throws(EngineError) -> Mount {
        guard !path.split(separator: "/").allSatisfy({ $0 == "." }) else { return tree }
        do throws(SystemCallError) {
            return try Mount.copy(of: FileDescriptor.open(path, in: tree.root, flags: FileDescriptor.pathOnly))
        } catch {
            guard error.errno == .noSuchFile else { throw EngineError(.system, cannot: "mount \(path)", because: "\(error)", cause: error) }
            throw EngineError(.notFound, "\"\(path)\": not found")
        }
    }
}

extension StepMount {
    fileprivate var depth: Int { target.utf8.count { $0 == UInt8(ascii: "/") } }
}

/// The files of one step that must never lie on a disk: secrets. They are in a file system that is attached nowhere but in the
/// mount namespace of the step's monitor, and gone with it.
private struct StepMemory: ~Copyable {
    /// Stands for the place of the file system until there is one.
    static let mark = "memory:"

    private var files: Mount?
    private var count = 0

    mutating func take() -> Mount? { files.take() }

    mutating func addFile(_ bytes: [UInt8], _ access: StepFileAccess, rootID: UInt32) throws(SystemCallError) -> String {
        let name = try nextName()
        switch files {
        case .some(let files):
            let file = try files.root.openChild(name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try file.writeAll(bytes)
            try file.changeOwner(userID: rootID + access.userID, groupID: rootID + access.groupID)
            try file.changeMode(access.mode)
        case .none: break
        }
        return "\(Self.mark)/\(name)"
    }

    mutating func addSocket(
        _ access: StepFileAccess, rootID: UInt32
    ) throws(SystemCallError) -> (path: String, listener: StepListener) {
        let name = try nextName()
        guard let files = files.take() else { throw SystemCallError("fsmount", on: "tmpfs", .noSuchFile) }
        let socket = try UnixSocket.listen(.stream, at: name, in: files.root)
        try files.root.changeOwner(of: name, userID: rootID + access.userID, groupID: rootID + access.groupID)
        try files.root.changeMode(of: name, to: access.mode)
        self.files = consume files
        return ("\(Self.mark)/\(name)", StepListener(socket))
    }

    private mutating func nextName() throws(SystemCallError) -> String {
        if count == 0 {
            let context = try FileSystemContext("tmpfs")
            try context.set("mode", "0711")
            // Linux 6.4; before, what is seldom used may be swapped out.
            try? context.set("noswap")
            files = try context.mount([.noDevices, .noSetUserID])
        }
        count += 1
        return String(count)
    }
}
