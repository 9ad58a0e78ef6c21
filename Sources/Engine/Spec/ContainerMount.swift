import Glibc
import Linux

/// A mount that a container was asked to have, with all that was left open filled in.
public struct ContainerMount: Hashable, Sendable {
    public var kind: MountRequest.Kind
    /// Of a bind: absolute, on the host. Of a volume: where its files are, once that is known.
    public var source: String
    public var destination: String
    /// As inspect shows it: the options of `-v`.
    public var mode: String
    public var isReadOnly: Bool
    /// `rprivate`, `rshared`, …; empty for a tmpfs.
    public var propagation: String
    /// Of a volume.
    public var volume: VolumePart?
    /// Of an image: its id, once it is found, and a path in it that is mounted instead of the whole.
    public var image = ""
    public var imageSubpath = ""
    /// Of a bind: with the mounts below the source.
    public var isRecursive = true
    /// Of a bind by `-v`: a missing source is made.
    public var createsSource = false
    /// Of a bind: how much of it shows its owners as the container's ids. Found out when the container is started.
    public var idMapping = IDMapping.whole
    /// Of a tmpfs: mount options as tmpfs(5) has them.
    public var tmpfsOptions: [String] = []

    /// Not every file system can be shown with other ids: proc, sysfs, devtmpfs, many of a network's or of FUSE can't.
    public enum IDMapping: Hashable, Sendable {
        case whole
        /// What is mounted below the source keeps the host's owners.
        case withoutSubmounts
        case none
    }
}

extension ContainerMount {
    static let propagations = ["rprivate", "private", "rshared", "shared", "rslave", "slave"]

    /// All mounts of a request, each destination once, parents before what lies below them. What is asked for covers what is
    /// inherited, and that what the image declares.
    ///
    /// - Parameters:
    ///   - inherited: Those of other containers, by `--volumes-from`; of two the later one holds.
    ///   - declared: Paths that get a volume of their own if nothing else is mounted there.
    static func list(
        _ host: HostConfig, inherited: [ContainerMount] = [], declared: [String] = []
    ) throws(EngineError) -> [ContainerMount] {
        var mounts: [ContainerMount] = []
        for bind in host.binds { mounts.append(try ContainerMount(bind: bind, driver: host.volumeDriver)) }
        for request in host.mounts { mounts.append(try ContainerMount(request)) }
        for (path, options) in host.tmpfs.sorted(by: { $0.key < $1.key }) {
            mounts.append(try ContainerMount(tmpfs: path, options: options))
        }
        var seen: Set<String> = []
        for mount in mounts where !seen.insert(mount.destination).inserted {
            throw EngineError(.invalidArgument, "Duplicate mount point: \(mount.destination)")
        }
        for mount in inherited.reversed() where seen.insert(mount.destination).inserted { mounts.append(mount) }
        for path in declared {
            let mount = ContainerMount(volume: VolumePart(driver: host.volumeDriver), at: try Self.destination(path))
            if seen.insert(mount.destination).inserted { mounts.append(mount) }
        }
        return mounts.enumerated().sorted {
            ($0.element.depth, $0.offset) < ($1.element.depth, $1.offset)
        }.map(\.element)
    }

    private var depth: Int { destination.utf8.count { $0 == UInt8(ascii: "/") } }

    /// `source:destination[:options]`
    private init(bind: String, driver: String) throws(EngineError) {
        let parts = bind.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let invalid = { (reason: String) in
            EngineError(.invalidArgument, "invalid volume specification: '\(bind)': \(reason)")
        }
        if parts.count == 1 {
            self.init(volume: VolumePart(driver: driver), at: try Self.destination(parts[0]))
            return
        }
        guard parts.count == 2 || parts.count == 3, !parts[0].isEmpty else {
            throw invalid("expected source:destination[:options]")
        }
        let destination = try Self.destination(parts[1])
        if parts[0].hasPrefix("/") {
            self.init(
                kind: .bind, source: parts[0], destination: destination, mode: "", isReadOnly: false, propagation: "rprivate",
                createsSource: true)
        } else {
            self.init(volume: VolumePart(name: parts[0], driver: driver), at: destination)
        }
        guard parts.count == 3 else { return }
        mode = parts[2]
        let options = parts[2].split(separator: ",").map(String.init)
        guard options.count(where: ["ro", "rw", "readonly"].contains) <= 1,
            options.count(where: Self.propagations.contains) <= 1
        else { throw invalid("invalid mode: \(parts[2])") }
        for option in options {
            switch option {
            case "ro", "readonly": isReadOnly = true
            case "rw": isReadOnly = false
            // Labels of SELinux: without it there is nothing to do, as in Docker.
            case "z", "Z": break
            case "nocopy" where kind == .volume: volume?.copiesUp = false
            case _ where Self.propagations.contains(option) && kind == .bind: propagation = option
            default: throw invalid("invalid mode: \(parts[2])")
            }
        }
    }

    private init(_ request: MountRequest) throws(EngineError) {
        let destination = try Self.destination(request.target)
        switch request.kind {
        case .volume:
            self.init(volume: try VolumePart(request), at: destination)
            isReadOnly = request.isReadOnly
        case .bind:
            guard request.source.hasPrefix("/") else {
                throw EngineError(
                    .invalidArgument,
                    "invalid mount config for type \"bind\": invalid mount path: '\(request.source)' mount path must be absolute")
            }
            guard request.propagation.isEmpty || Self.propagations.contains(request.propagation) else {
                throw EngineError(.invalidArgument, "invalid propagation: \(request.propagation)")
            }
            self.init(
                kind: .bind, source: request.source, destination: destination, mode: "",
                isReadOnly: request.isReadOnly,
                propagation: request.propagation.isEmpty ? "rprivate" : request.propagation,
                isRecursive: request.isRecursive, createsSource: request.createsSource)
        case .image:
            guard !request.source.isEmpty else {
                throw EngineError(
                    .invalidArgument, "invalid mount config for type \"image\": field Source must not be empty")
            }
            let path = request.subpath
            guard !path.hasPrefix("/"), !path.split(separator: "/").contains(".."), !path.utf8.contains(0) else {
                throw EngineError(
                    .invalidArgument,
                    "invalid mount config for type \"image\": subpath must be a relative path within the image")
            }
            self.init(
                kind: .image, source: request.source, destination: destination, mode: "", isReadOnly: true,
                propagation: "")
            imageSubpath = path
        case .tmpfs:
            self.init(
                kind: .tmpfs, source: "", destination: destination, mode: "", isReadOnly: request.isReadOnly,
                propagation: "")
            if request.tmpfsSize > 0 { tmpfsOptions.append("size=\(request.tmpfsSize)") }
            if let mode = request.tmpfsMode { tmpfsOptions.append("mode=\(String(mode, radix: 8))") }
        }
    }

    private init(tmpfs path: String, options: String) throws(EngineError) {
        self.init(
            kind: .tmpfs, source: "", destination: try Self.destination(path), mode: options, isReadOnly: false,
            propagation: "")
        let known = ["rw", "ro", "nosuid", "suid", "nodev", "noexec", "exec", "noatime", "sync", "size", "mode", "uid", "gid", "nr_inodes"]
        for option in options.split(separator: ",").map(String.init) {
            let name = option.split(separator: "=").first.map(String.init) ?? option
            // `dev` would give the container device nodes of its own making.
            guard known.contains(name), Self.isSound(option) else {
                throw EngineError(.invalidArgument, "invalid tmpfs option \"\(option)\"")
            }
            if option == "ro" { isReadOnly = true }
            tmpfsOptions.append(option)
        }
    }

    /// Whether an option's number is one. The kernel takes a size that overflows for another one, without a word.
    private static func isSound(_ option: String) -> Bool {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return !["size", "mode", "uid", "gid", "nr_inodes"].contains(option) }
        switch parts[0] {
        case "size", "nr_inodes": return isSize(parts[1])
        case "mode": return (UInt32(parts[1], radix: 8) ?? .max) <= 0o7777
        case "uid", "gid": return UInt32(parts[1]) != nil
        default: return false
        }
    }

    /// Digits with one of the kernel's suffixes, or a percentage of memory. tmpfs(5)
    private static func isSize(_ text: Substring) -> Bool {
        let units: [UInt8: Int64] = [
            UInt8(ascii: "k"): 1 << 10, UInt8(ascii: "m"): 1 << 20, UInt8(ascii: "g"): 1 << 30, UInt8(ascii: "t"): 1 << 40,
            UInt8(ascii: "%"): 1,
        ]
        let unit = text.utf8.last.flatMap { units[$0 | 0x20] }
        guard let number = Int64(unit == nil ? text : text.dropLast()), number >= 0 else { return false }
        return !number.multipliedReportingOverflow(by: unit ?? 1).overflow
    }

    /// An absolute path without `.`, `..` and doubled slashes; not `/`.
    private static func destination(_ path: String) throws(EngineError) -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw EngineError(
                .invalidArgument, "invalid mount path: '\(path)' mount path must be absolute")
        }
        let clean = cleaned(path)
        guard clean != "/" else {
            throw EngineError(.invalidArgument, "invalid specification: destination can't be '/'")
        }
        return clean
    }

    /// Go's `path.Clean` for an absolute path.
    static func cleaned(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Sees to it that a bind's source is there: makes what `-v` names, refuses what `--mount` names.
    ///
    /// - Returns: A line for the user where something was made.
    func prepareSource() throws(EngineError) -> String? {
        guard kind == .bind else { return nil }
        let note = try makeSource()
        try checkPropagation()
        return note
    }

    /// What is private can't be shared by a copy of it: nothing would come through. Docker's words.
    private func checkPropagation() throws(EngineError) {
        let isShared = propagation.hasSuffix("shared")
        guard isShared || propagation.hasSuffix("slave") else { return }
        let peers: MountPeers
        do throws(SystemCallError) { peers = try MountPeers(of: source) } catch {
            throw EngineError(.system, cannot: "mount \(source)", because: "\(error)", cause: error)
        }
        guard !peers.isShared, isShared || !peers.isSlave else { return }
        throw EngineError(
            .invalidArgument,
            "path \(source) is mounted on \(peers.mountPoint) but it is not a shared\(isShared ? "" : " or slave") mount",
            hint: "Make it one: mount --make-shared \(peers.mountPoint)")
    }

    private func makeSource() throws(EngineError) -> String? {
        do throws(SystemCallError) {
            _ = try FileDescriptor.status(of: source)
            return nil
        } catch {
            guard error.errno == .noSuchFile else {
                throw EngineError(.invalidArgument, cannot: "mount \(source)", because: "\(error)", cause: error)
            }
        }
        guard createsSource else {
            throw EngineError(
                .invalidArgument,
                "invalid mount config for type \"bind\": bind source path does not exist: \(source)")
        }
        do throws(SystemCallError) {
            // Other users may have a hand in the path: root makes nothing where a symlink of theirs leads (threat: T-V7).
            try Directory.create(source, mode: 0o755, followingSymlinksOf: 0)
        } catch {
            throw EngineError(
                .system, cannot: "make the mount source \(source)", because: "\(error)",
                hint: error.errno == .symlinkLoop
                    ? "That symlink isn't root's and may lead anywhere: make the directory yourself." : nil, cause: error)
        }
        return "made the directory \(source), which was not there"
    }
}
