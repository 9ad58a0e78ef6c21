import CommandLineTables
import Engine
import Glibc
import Linux

/// `-e` and `--env-file`.
enum EnvironmentOption {
    /// Files first, then options; a bare name takes the value that Hako's caller has, as Docker's client does.
    static func list(_ arguments: ParsedArguments) throws -> [String] {
        let values = arguments.values("env")
        for entry in values where entry.isEmpty || entry.hasPrefix("=") {
            throw arguments.invalid(entry, for: "env", because: "invalid environment variable: \(entry)")
        }
        return try arguments.values("env-file").flatMap { try lines(of: $0, "env") }.map(expanded) + values.map(expanded)
    }

    private static func expanded(_ entry: String) -> String {
        guard !entry.contains("="), let value = getenv(entry) else { return entry }
        return "\(entry)=\(String(cString: value))"
    }

    /// The lines of a file but comments and empty ones.
    ///
    /// - Parameter kind: What errors call the file: `env`, `label`.
    static func lines(of path: String, _ kind: String) throws -> [String] {
        let bytes: [UInt8]
        do {
            bytes = try FileDescriptor.contents(of: path, limit: 16 << 20)
        } catch {
            throw EngineError(.invalidArgument, "open \(path): \(error.errno)")
        }
        var result: [String] = []
        let invalid = { (reason: String) in EngineError(.invalidArgument, "invalid \(kind) file (\(path)): \(reason)") }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            // Bytes that are no text would become other ones.
            guard let line = String(validating: line, as: UTF8.self) else {
                throw invalid("invalid utf8 bytes at line \(index + 1): [\(line.map(String.init).joined(separator: " "))]")
            }
            let text = String(line.drop { $0 == " " || $0 == "\t" || $0 == "\u{FEFF}" && index == 0 })
            let trimmed = text.hasSuffix("\r") ? String(text.unicodeScalars.dropLast().map(Character.init)) : text
            if trimmed.isEmpty || trimmed.hasPrefix("#") { continue }
            let name = trimmed.unicodeScalars.prefix { $0 != "=" }
            guard !name.isEmpty else { throw invalid("no variable name on line '\(trimmed)'") }
            guard !name.contains(where: { $0 == " " || $0 == "\t" }) else {
                throw invalid("variable '\(String(name))' contains whitespaces")
            }
            result.append(trimmed)
        }
        return result
    }
}

/// `-l` and `--label-file`.
enum LabelOption {
    static func labels(files: [String], values: [String]) throws -> [String: String] {
        var labels: [String: String] = [:]
        // As Docker's: a name without a value counts on the command line, and not in a file.
        var lines: [String] = []
        for file in files { lines += try EnvironmentOption.lines(of: file, "label").filter { $0.utf8.contains(UInt8(ascii: "=")) } }
        for entry in lines + values {
            // As scalars: with a combining mark behind it, the sign would be another character.
            let parts = entry.unicodeScalars.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { String($0) }
            guard !parts[0].isEmpty else { throw EngineError(.invalidArgument, "invalid label '\(entry)': empty name") }
            labels[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return labels
    }
}

/// `-v` and `--mount`.
enum MountOption {
    /// A relative source is taken from the working directory, as in Docker.
    static func bind(_ text: String) -> String {
        guard text.hasPrefix("./") || text.hasPrefix("../") || text == "." || text.hasPrefix(".:") else { return text }
        guard let buffer = getcwd(nil, 0) else { return text }
        defer { free(buffer) }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        let source = absolute(parts[0], from: String(cString: buffer))
        return ([source] + parts.dropFirst()).joined(separator: ":")
    }

    private static func absolute(_ path: String, from directory: String) -> String {
        var components = directory.split(separator: "/")
        for part in path.split(separator: "/") {
            if part == ".." { _ = components.popLast() } else if part != "." { components.append(part) }
        }
        return "/" + components.joined(separator: "/")
    }

    /// `type=bind,source=/a,target=/b,readonly`
    static func mount(_ text: String, _ arguments: ParsedArguments) throws -> MountRequest {
        var request = MountRequest(.volume, target: "")
        guard let fields = CommaSeparated.fields(text) else {
            throw arguments.invalid(text, for: "mount", because: "its quotes don't match up")
        }
        for field in fields {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            try set(parts[0].lowercased(), parts.count > 1 ? parts[1] : nil, &request, text, arguments)
        }
        for (kind, isMixed) in request.foreignOptions where isMixed {
            throw arguments.invalid(text, for: "mount", because: "cannot mix '\(kind)-*' options with mount type '\(request.kind)'")
        }
        guard !request.target.isEmpty else {
            throw arguments.invalid(text, for: "mount", because: "target is required")
        }
        if request.kind == .tmpfs, !request.source.isEmpty {
            throw arguments.invalid(text, for: "mount", because: "a tmpfs has no source")
        }
        if request.kind == .bind, request.source.isEmpty {
            throw arguments.invalid(text, for: "mount", because: "source is required when specifying type=bind")
        }
        return request
    }

    private static func set(
        _ key: String, _ value: String?, _ request: inout MountRequest, _ text: String, _ arguments: ParsedArguments
    ) throws {
        let invalid = { (reason: String) in arguments.invalid(text, for: "mount", because: reason) }
        if let property = flag(key) {
            guard let isOn = value.map(OptionValue.bool) ?? true else {
                throw invalid("invalid value for \(key): \(value ?? "")")
            }
            request[keyPath: property] = isOn
            return
        }
        guard let value else { throw invalid("invalid field '\(key)' must be a key=value pair") }
        switch key {
        case "type":
            guard let kind = MountRequest.Kind(rawValue: value.lowercased()) else { throw invalid("unknown mount type '\(value)'") }
            request.kind = kind
        case "source", "src": request.source = bind(value)
        case "target", "dst", "destination": request.target = value
        case "bind-propagation": request.propagation = value
        case "bind-recursive": try setRecursive(value, &request, text, arguments)
        // Of other systems: a mount is always consistent here.
        case "consistency": break
        case "volume-subpath", "image-subpath":
            request.subpath = value
            request.subpathKind = key == "image-subpath" ? .image : .volume
        case "volume-driver": request.volumeDriver = value
        case "volume-label": add(value, to: &request.volumeLabels)
        case "volume-opt": add(value, to: &request.volumeOptions)
        case "tmpfs-size":
            do throws(OptionValueError) {
                request.tmpfsSize = try OptionValue.bytes(value)
            } catch { throw invalid("invalid value for tmpfs-size: \(value)") }
        case "tmpfs-mode":
            guard let mode = Int64(value, radix: 8), (0...0o7777).contains(mode) else {
                throw invalid("invalid value for tmpfs-mode: \(value)")
            }
            request.tmpfsMode = mode
        default: throw invalid("unexpected key '\(key)' in '\(key)=\(value)'")
        }
    }

    /// What is read-only is so with all that is mounted below it.
    private static func setRecursive(
        _ value: String, _ request: inout MountRequest, _ text: String, _ arguments: ParsedArguments
    ) throws {
        switch value {
        case "enabled", "readonly": break
        case "disabled": request.isRecursive = false
        case "writable":
            throw arguments.invalid(
                text, for: "mount",
                because: "bind-recursive=writable is not supported: with a read-only mount, all that is mounted below it is read-only")
        default:
            throw arguments.invalid(
                text, for: "mount",
                because: "invalid value for bind-recursive: \(value) (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")")
        }
    }

    private static func flag(_ key: String) -> WritableKeyPath<MountRequest, Bool>? {
        switch key {
        case "readonly", "ro": \.isReadOnly
        case "bind-create-src": \.createsSource
        case "bind-nonrecursive": \.isNonRecursive
        case "volume-nocopy": \.noCopy
        default: nil
        }
    }

    /// `name=value`; a name alone has an empty one.
    private static func add(_ text: String, to members: inout [String: String]) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        members[parts[0]] = parts.count > 1 ? parts[1] : ""
    }
}

extension MountRequest {
    /// Kinds of mounts, and whether options of theirs were given for another kind.
    fileprivate var foreignOptions: [(kind: Kind, isMixed: Bool)] {
        [
            (.volume, kind != .volume && hasVolumeOptions),
            (.bind, kind != .bind && (!propagation.isEmpty || createsSource || !isRecursive)),
            (.image, kind != .image && subpathKind == .image),
            (.tmpfs, kind != .tmpfs && (tmpfsSize > 0 || tmpfsMode != nil)),
        ]
    }

    private var hasVolumeOptions: Bool {
        noCopy || subpathKind == .volume || !volumeDriver.isEmpty || !volumeLabels.isEmpty || !volumeOptions.isEmpty
    }
}

/// `--device /dev/a[:/dev/b][:rwm]`
enum DeviceOption {
    /// Whether it is the whole name of a device that a specification describes: `vendor.com/class=name`.
    static func isQualified(_ text: String) -> Bool {
        guard !text.hasPrefix("/"), let equals = text.firstIndex(of: "=") else { return false }
        return text[..<equals].split(separator: "/", omittingEmptySubsequences: false).count(where: { !$0.isEmpty }) == 2
    }

    static func parse(_ text: String, _ arguments: ParsedArguments) throws -> DeviceRequest {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let isMode = { (mode: String) in !mode.isEmpty && mode.allSatisfy { "rwm".contains($0) } }
        var request = DeviceRequest(pathOnHost: parts[0], pathInContainer: parts[0], permissions: "rwm")
        switch parts.count {
        case 1: break
        case 2 where isMode(parts[1]): request.permissions = parts[1]
        case 2: request.pathInContainer = parts[1]
        case 3 where isMode(parts[2]): (request.pathInContainer, request.permissions) = (parts[1], parts[2])
        case 3: throw arguments.invalid(text, for: "device", because: "bad mode specified: \(parts[2])")
        default: throw arguments.invalid(text, for: "device", because: "bad format for path: \(text)")
        }
        guard request.pathOnHost.hasPrefix("/"), request.pathInContainer.hasPrefix("/dev/") else {
            throw arguments.invalid(
                text, for: "device", because: "a device is an absolute path, and stands below /dev in the container")
        }
        return request
    }
}

/// `--ulimit nofile=1024:2048`
enum UlimitOption {
    static func parse(_ text: String, _ arguments: ParsedArguments) throws -> Ulimit {
        let invalid = { (reason: String) in arguments.invalid(text, for: "ulimit", because: reason) }
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw invalid("invalid ulimit argument: \(text)") }
        let limits = parts[1].split(separator: ":", omittingEmptySubsequences: false).map {
            $0 == "unlimited" ? -1 : Int64($0)
        }
        guard limits.count <= 2, let soft = limits[0], let hard = limits[limits.count - 1], soft >= -1, hard >= -1 else {
            throw invalid("expected TYPE=SOFT[:HARD], each a number, -1 or unlimited")
        }
        return Ulimit(name: parts[0], soft: soft, hard: hard)
    }
}

/// `--security-opt seccomp=FILE`: the file is read by the client, as in Docker, so that the container keeps what it said.
enum SecurityOption {
    static func inlined(_ text: String) throws -> String {
        guard text.hasPrefix("seccomp=") || text.hasPrefix("seccomp:") else { return text }
        let path = String(text.dropFirst("seccomp=".count))
        guard path != "unconfined", path != "builtin", !path.hasPrefix("{") else { return "seccomp=" + path }
        do {
            let bytes = try FileDescriptor.contents(of: path, limit: 4 << 20)
            return "seccomp=" + String(decoding: bytes, as: UTF8.self)
        } catch {
            throw EngineError(.invalidArgument, "opening seccomp profile (\(path)) failed: open \(path): \(error.errno)")
        }
    }
}
