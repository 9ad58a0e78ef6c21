import Glibc
import Linux
import Metadata
import MonitorProtocol

extension Engine {
    /// Why the container's program would not be executed; nothing where it would, or its files can't be looked at.
    func programFindings(_ record: ContainerRecord, _ spec: StoredSpec) -> [Diagnosis.Finding] {
        let words = (spec.config.entrypoint ?? []) + (spec.config.command ?? [])
        guard let program = words.first, let tree = try? containerTree(record) else { return [] }
        let mounts = (try? spec.mounts()) ?? []
        let path = spec.config.environment.last { $0.hasPrefix("PATH=") } ?? SpecDefaults.path
        let check = ProgramCheck(
            searchPath: String(path.dropFirst("PATH=".count)),
            workingDirectory: spec.config.workingDirectory.isEmpty ? "/" : spec.config.workingDirectory,
            look: { self.look($0, tree, mounts) })
        return check.findings(for: program)
    }

    /// The image's files below what the container has written.
    private func containerTree(_ record: ContainerRecord) throws -> ImageTree {
        let upper = "\(runtimePaths.directory(record.id))/\(ContainerDirectory.upper)"
        let written = access(upper, F_OK) == 0 ? [upper] : []
        return try ImageTree(lowers: written + lowerDirectories(of: record.image) + [initLayer()])
    }

    /// What is mounted on the way covers what the image has there.
    private func look(_ path: String, _ tree: ImageTree, _ mounts: [ContainerMount]) -> ProgramFile? {
        let clean = ContainerMount.cleaned(path)
        let covering = mounts.last { clean == $0.destination || clean.hasPrefix($0.destination + "/") }
        guard let mount = covering, mount.kind != .tmpfs else { return covering == nil ? tree.programFile(clean) : nil }
        let rest = String(clean.dropFirst(mount.destination.count))
        // What isn't there, or can't be read, is nothing.
        if rest.isEmpty { return try? ProgramFile(FileDescriptor.open(mount.source, flags: FileDescriptor.pathOnly)) }
        return try? ProgramFile(
            FileDescriptor.open(rest, in: FileDescriptor.directory(mount.source), flags: FileDescriptor.pathOnly))
    }
}

extension ProgramFile {
    private static let length = 16 << 10

    /// - Parameter file: Opened by O_PATH: what isn't a file of bytes (a FIFO, a device) is not to be opened.
    init(_ file: borrowing FileDescriptor) throws(SystemCallError) {
        let status = try file.status()
        self.init(
            isDirectory: status.kind == .directory, permissions: status.permissions,
            beginning: status.kind == .regular ? try FileDescriptor.open(file.procPath).read(upTo: Self.length) : [])
    }
}
